"""Lambda's logging: a handler on the root logger with time, request id and level, as text or JSON."""

import json
import logging
import os
import sys
import time
import traceback

LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50}

# Attributes that every record has; what is beyond them came by `extra`.
STANDARD_FIELDS = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


class LambdaLogHandler(logging.Handler):
    """Writes records as log events of their own, line ends inside them kept."""

    def __init__(self, channel, is_json):
        super().__init__()
        self.channel = channel
        self.is_json = is_json
        self.request_id = None
        self.tenant_id = None

    def emit(self, record):
        try:
            sys.stdout.flush()
            text = self._json(record) if self.is_json else self._text(record)
            self.channel.log(record.levelname, text)
        except Exception:
            self.handleError(record)

    def _text(self, record):
        if self.formatter is not None:
            return self.format(record)
        line = f"[{record.levelname}]\t{iso_time(record, 'ms')}\t{self.request_id or ''}\t{record.getMessage()}"
        if record.exc_info:
            line += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        return line + "\n"

    def _json(self, record):
        fields = {
            "timestamp": iso_time(record, "s"),
            "level": {"WARNING": "WARN", "CRITICAL": "FATAL"}.get(record.levelname, record.levelname),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            kind, error, trace = record.exc_info
            fields["stackTrace"] = [line.rstrip("\n") for line in traceback.format_tb(trace)]
            fields["errorType"] = kind.__name__
            fields["errorMessage"] = str(error)
            fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        fields["requestId"] = self.request_id
        if self.tenant_id is not None:
            fields["tenantId"] = self.tenant_id
        for name, value in record.__dict__.items():
            if name not in STANDARD_FIELDS and name not in fields:
                fields[name] = value
        return json.dumps({name: value for name, value in fields.items() if value is not None}, default=str)


def install_logging(channel):
    is_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "Text").upper() == "JSON"
    handler = LambdaLogHandler(channel, is_json)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if level:
        logging.addLevelName(LEVELS["TRACE"], "TRACE")
        root.setLevel(LEVELS.get(level.upper(), logging.INFO))
    # `print` reaches the log line by line, as the lines are written.
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    return handler


def write_error(channel, text, failure):
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "Text").upper() != "JSON":
        channel.log("ERROR", text)
        return
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    channel.log("ERROR", json.dumps({"timestamp": now, "log_level": "ERROR", **failure}))


def iso_time(record, precision):
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z" if precision == "ms" else f"{seconds}Z"
