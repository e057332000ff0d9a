"""The Python runtime: loads the function, then takes one event after the other. See ../PROTOCOL.md."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from channel import Channel  # noqa: E402
from failures import RuntimeFailure, describe, log_text  # noqa: E402
from handler_loader import load_handler, set_search_path  # noqa: E402
from lambda_context import make_context  # noqa: E402
from lambda_logging import install_logging, write_error  # noqa: E402


def main():
    channel = Channel(int(os.environ.pop("SELFSAME_CHANNEL_FD")))
    set_search_path()
    log = install_logging(channel)
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except BaseException as error:  # noqa: B902: sys.exit in user code ends init like an error
        if isinstance(error, SystemExit):
            raise
        failure = describe(error)
        write_error(channel, log_text(failure), failure)
        channel.init_error(failure["errorType"], json.dumps(failure))
        sys.exit(1)
    channel.ready()
    while True:
        event = channel.next_event()
        if event is None:
            return
        handle(channel, log, handler, *event)


def handle(channel, log, handler, header, payload):
    log.request_id = header["requestId"]
    log.tenant_id = header.get("tenantId")
    if "traceId" in header:
        os.environ["_X_AMZN_TRACE_ID"] = header["traceId"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        response = to_json(handler(parse(payload), make_context(header, channel)))
    except Exception as error:  # what user code raises is its own
        failure = describe(error, header["requestId"])
        sys.stdout.flush()
        write_error(channel, log_text(failure), failure)
        channel.error(failure["errorType"], json.dumps(failure, ensure_ascii=False))
        return
    sys.stdout.flush()
    channel.response(response)


def parse(payload):
    try:
        return json.loads(payload.decode("utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def to_json(result):
    try:
        return json.dumps(result, ensure_ascii=False, default=decimal_or_refuse).encode("utf-8", "surrogatepass")
    except Exception as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def decimal_or_refuse(value):
    """AWS's runtime writes a Decimal as a number."""
    if type(value).__name__ == "Decimal":
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


main()
