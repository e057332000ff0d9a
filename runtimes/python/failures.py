"""Errors in the forms AWS gives them: the object a caller gets, and the text in the log."""

import os
import traceback

RUNTIME_DIRECTORY = os.path.dirname(os.path.abspath(__file__))


class RuntimeFailure(Exception):
    """An error of the runtime itself; `error_type` is its name on the wire."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def describe(error, request_id=None):
    """The error object, with frames of the function's code only."""
    if isinstance(error, RuntimeFailure):
        error_type, stack = error.error_type, error.stack_trace
    else:
        error_type, stack = type(error).__name__, user_frames(error)
    failure = {"errorMessage": str(error), "errorType": error_type}
    failure["requestId"] = request_id if request_id is not None else ""
    failure["stackTrace"] = stack
    return failure


def user_frames(error):
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_internal(frame.filename)]
    return traceback.format_list(own)


def is_internal(filename):
    return filename.startswith(RUNTIME_DIRECTORY + os.sep) or filename.startswith("<frozen importlib")


def log_text(failure):
    lines = [f"[ERROR] {failure['errorType']}: {failure['errorMessage']}"]
    if failure["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines += [frame.rstrip("\n") for frame in failure["stackTrace"]]
    return "\n".join(lines)
