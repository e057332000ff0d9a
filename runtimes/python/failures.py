"""Errors in the forms AWS gives them: the object a caller gets, and the text in the log."""

import os
import traceback

RUNTIME_DIRECTORY = os.path.dirname(os.path.abspath(__file__))

# AWS indents stack traces with these, so that log viewers keep the indentation.
NO_BREAK_SPACE = "\u00a0"


class RuntimeFailure(Exception):
    """An error of the runtime itself; `error_type` is its name on the wire."""

    def __init__(self, error_type, message, stack_trace=()):
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = list(stack_trace)


def describe(error, request_id=None):
    """The error object: `errorMessage`, `errorType`, `requestId` and `stackTrace`, in AWS's order."""
    if isinstance(error, RuntimeFailure):
        error_type, stack = error.error_type, error.stack_trace
    else:
        error_type, stack = type(error).__name__, traceback.format_list(frames_below_runtime(error))
    return {
        "errorMessage": str(error),
        "errorType": error_type,
        "requestId": request_id or "",
        "stackTrace": stack,
    }


def frames_below_runtime(error):
    """Without the bootstrap's own frames at the top; those of `importlib` stay, as on AWS."""
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if not frame.filename.startswith(RUNTIME_DIRECTORY + os.sep):
            return frames[index:]
    return frames


def log_text(failure):
    lines = [f"[ERROR] {failure['errorType']}" + (f": {failure['errorMessage']}" if failure["errorMessage"] else "")]
    lines.append("Traceback (most recent call last):")
    for frame in failure["stackTrace"]:
        lines += [hard_indented(line) for line in frame.splitlines()]
    return "\n".join(lines)


def hard_indented(line):
    text = line.lstrip(" ")
    return NO_BREAK_SPACE * (len(line) - len(text)) + text
