"""The Python runtime: loads the function, then takes one event after the other. See ../PROTOCOL.md.

Messages, error shapes and log lines are those of AWS's own client, awslambdaric 4.2.2.
"""

import json
import os
import sys

RUNTIME_DIRECTORY = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, RUNTIME_DIRECTORY)

from assignment import take_assignment  # noqa: E402
from channel import Channel  # noqa: E402
from failures import RuntimeFailure, describe, log_text  # noqa: E402
from handler_loader import load_handler, set_search_path  # noqa: E402
from lambda_context import make_context  # noqa: E402
from lambda_logging import flush_output, install_logging, write_error  # noqa: E402
from marshalling import to_json  # noqa: E402


def main():
    channel = open_channel()
    if "SELFSAME_POOLED" in os.environ and not take_assignment(channel):
        return
    compiling = begin_compiling(channel) if "SELFSAME_COMPILED" in os.environ else None
    snapshot = prepare_snapshot() if "SELFSAME_SNAPSHOT_FD" in os.environ else None
    hide_own_modules()
    set_search_path()
    log = install_logging(channel)
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except Exception as error:
        # AWS writes a warning about updates of its runtimes before this; here nothing updates itself.
        failure = describe(error)
        write_error(channel, log_text(failure), failure)
        channel.init_error(failure["errorType"], to_json(failure))
        sys.exit(1)
    if snapshot is not None:
        restore_from_snapshot(snapshot, channel)
    channel.ready()
    while True:
        event = channel.next_event()
        if event is None:
            return
        handle(channel, log, handler, *event)
        if compiling is not None:
            compiling.end()
            compiling = None


def open_channel():
    if "SELFSAME_CHANNEL_FD" in os.environ:
        return Channel(int(os.environ.pop("SELFSAME_CHANNEL_FD")))
    from workers import open_worker

    return open_worker(to_json)


def begin_compiling(channel):
    from compiled_code import CompiledCode

    compiling = CompiledCode(channel, os.environ.pop("SELFSAME_COMPILED"))
    compiling.begin()
    return compiling


def prepare_snapshot():
    """The module that makes this process one, loaded before the function's code can have a say in what it is."""
    import snapshot

    snapshot.own_sandbox.put_capability_aside()
    return snapshot


def restore_from_snapshot(snapshot, channel):
    """Takes it; returns in each environment that is restored from it."""
    failing, exit_code = "Runtime.BeforeSnapshotError", snapshot.EXIT_BEFORE_SNAPSHOT
    try:
        snapshot.run_before_snapshot()
        snapshot.refuse_what_runs()
        channel.ready()
        snapshot.wait_to_be_restored()
        if not snapshot.take_variables(channel):
            sys.exit(0)
        failing, exit_code = "Runtime.AfterRestoreError", snapshot.EXIT_AFTER_RESTORE
        channel.restored()
        snapshot.run_after_restore()
    except Exception as error:
        failure = describe(error)
        flush_output()
        write_error(channel, log_text(failure), failure)
        channel.init_error(failing, to_json(failure))
        sys.exit(exit_code)


def hide_own_modules():
    """A function's own `channel.py` must be found when it is imported, not ours that is loaded already."""
    for name, module in list(sys.modules.items()):
        if name != "__main__" and os.path.dirname(getattr(module, "__file__", None) or "") == RUNTIME_DIRECTORY:
            del sys.modules[name]


def handle(channel, log, handler, header, payload):
    log.begin(header)
    if "traceId" in header:
        os.environ["_X_AMZN_TRACE_ID"] = header["traceId"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        response = to_json(handler(parse(payload), make_context(header, channel)))
    except Exception as error:  # what user code raises is its own
        failure = describe(error, header["requestId"])
        flush_output()
        write_error(channel, log_text(failure), failure)
        channel.error(failure["errorType"], to_json(failure))
        return
    flush_output()
    channel.response(response)


def parse(payload):
    try:
        return json.loads(payload)
    except Exception as error:
        raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


main()
