"""An echo for AWS's own runtime client for Python, and the ways in which a function fails."""

import os
import time


def handler(event, context):
    action = event.get("action")
    if action == "error":
        raise ValueError("as asked")
    if action == "exit":
        os._exit(3)
    if action == "sleep":
        time.sleep(60)
    if action == "context":
        return describe(context)
    print("echo", context.aws_request_id)
    return event


def describe(context):
    client = context.client_context
    return {
        "requestId": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "deadlineMs": int(time.time() * 1000) + context.get_remaining_time_in_millis(),
        "traceId": os.environ.get("_X_AMZN_TRACE_ID"),
        "custom": client and client.custom,
        "functionName": context.function_name,
        "memoryMb": int(context.memory_limit_in_mb),
    }
