"""Lambda's logging: a handler on the root logger with time, request id and level, as text or JSON."""

import json
import logging
import os
import sys
import time
import traceback

from marshalling import to_json

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TEXT_TIME = "%Y-%m-%dT%H:%M:%S"
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"

# What every record has, or what is written under another name; the rest came by `extra` and is written as it is.
KNOWN_FIELDS = frozenset(
    (
        *("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text"),
        *("stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName"),
        *("processName", "process", "aws_request_id", "tenant_id"),
    )
)


class LambdaLogHandler(logging.Handler):
    """Writes records as log events of their own, line ends inside them kept."""

    def __init__(self, channel):
        super().__init__()
        self.channel = channel

    def emit(self, record):
        try:
            # What was printed before comes before.
            flush_output()
            self.channel.log(rounded_level(record), self.format(record))
        except Exception:
            self.handleError(record)


class CurrentEvent(logging.Filter):
    """Gives each record the ids of the event being handled; formatters of the function may use them too."""

    def __init__(self):
        super().__init__()
        self.request_id = ""
        self.tenant_id = None

    def begin(self, header):
        self.request_id = header["requestId"]
        self.tenant_id = header.get("tenantId")

    def filter(self, record):
        record.aws_request_id = self.request_id
        record.tenant_id = self.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    def __init__(self):
        super().__init__(datefmt=JSON_TIME)

    def format(self, record):
        record.levelno = rounded_level(record)
        record.levelname = logging.getLevelName(record.levelno)
        is_object = isinstance(record.msg, dict) and not record.args
        kind, error, trace = record.exc_info or (None, None, None)
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if is_object else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": record.aws_request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
            "tenantId": record.tenant_id,
        }
        for name, value in record.__dict__.items():
            if name not in KNOWN_FIELDS:
                fields.setdefault(name, value)
        fields = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(fields, ensure_ascii=False, default=str)


def rounded_level(record):
    """A level between two of the standard ones counts as the lower."""
    return min(50, max(0, record.levelno)) // 10 * 10


def install_logging(channel):
    """Sets up the root logger; the result is told which event begins."""
    logging.Formatter.converter = time.gmtime
    handler = LambdaLogHandler(channel)
    handler.setFormatter(JsonFormatter() if is_json() else logging.Formatter(TEXT_FORMAT, TEXT_TIME))
    current = CurrentEvent()
    handler.addFilter(current)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level:
        # Python has no TRACE; AWS's runtime takes it for DEBUG.
        root.setLevel("DEBUG" if level == "TRACE" else level)
    # `print` reaches the log line by line, as the lines are written.
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    return current


def flush_output():
    """Whatever the function has put in place of `sys.stdout` must not fail the runtime."""
    try:
        sys.stdout.flush()
    except Exception:
        pass


def is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def write_error(channel, text, failure):
    if not is_json():
        channel.log(logging.ERROR, text)
        return
    timestamp = time.strftime(JSON_TIME, time.gmtime())
    channel.log(logging.ERROR, to_json({"timestamp": timestamp, "level": "ERROR", **failure}).decode("utf-8"))
