"""The `context` object that handlers get."""

import json
import os
import time


class ClientContext:
    def __init__(self, data):
        self.custom = data.get("custom")
        self.env = data.get("env")
        self.client = Client(data["client"]) if "client" in data else None


class Client:
    def __init__(self, data):
        self.installation_id = data.get("installation_id")
        self.app_title = data.get("app_title")
        self.app_version_name = data.get("app_version_name")
        self.app_version_code = data.get("app_version_code")
        self.app_package_name = data.get("app_package_name")


class CognitoIdentity:
    def __init__(self, data):
        self.cognito_identity_id = data.get("cognitoIdentityId")
        self.cognito_identity_pool_id = data.get("cognitoIdentityPoolId")


class LambdaContext:
    def __init__(self, header, channel):
        env = os.environ
        self.aws_request_id = header["requestId"]
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = header["invokedFunctionArn"]
        self.tenant_id = header.get("tenantId")
        context = header.get("clientContext")
        self.client_context = ClientContext(json.loads(context)) if context is not None else None
        identity = header.get("cognitoIdentity")
        self.identity = CognitoIdentity(json.loads(identity) if identity is not None else {})
        self._deadline_ms = header["deadlineMs"]
        self._channel = channel

    def get_remaining_time_in_millis(self):
        return max(int(self._deadline_ms - time.time() * 1000), 0)

    def log(self, message):
        self._channel.log("", str(message))


def make_context(header, channel):
    return LambdaContext(header, channel)
