"""The `context` object that handlers get."""

import json
import os
import time

from failures import RuntimeFailure

W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class Fields:
    """An object with the names in `__slots__`, from a JSON object of which some may be missing."""

    __slots__ = ()

    def __init__(self, data):
        for name in self.__slots__:
            setattr(self, name, data.get(name))

    def __repr__(self):
        return described(self, self.__slots__)


class ClientContext(Fields):
    __slots__ = ("custom", "env", "client")

    def __init__(self, data):
        super().__init__(data)
        if self.client is not None:
            self.client = Client(self.client)


class Client(Fields):
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class CognitoIdentity(Fields):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class LambdaContext:
    def __init__(self, header, client_context, identity, channel):
        env = os.environ
        self.aws_request_id = header["requestId"]
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = header["invokedFunctionArn"]
        self.tenant_id = header.get("tenantId")
        self._w3c_fields = trace_fields(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        self._deadline_ms = header["deadlineMs"]
        self._channel = channel

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def w3c(self):
        """The W3C trace context that came with the event."""
        return dict(self._w3c_fields)

    def log(self, message):
        self._channel.log(0, str(message))

    def __repr__(self):
        return described(
            self,
            (
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "client_context",
                "identity",
                "tenant_id",
            ),
        )


def make_context(header, channel):
    return LambdaContext(
        header,
        parsed(header.get("clientContext"), "Client Context"),
        parsed(header.get("cognitoIdentity"), "Cognito Identity") or {},
        channel,
    )


def parsed(text, name):
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise RuntimeFailure("Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {error}") from None


def trace_fields(client_context):
    """AWS takes `w3c` out of the client context; only text in its known fields is offered."""
    if not isinstance(client_context, dict):
        return {}
    fields = client_context.pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in W3C_FIELDS if isinstance(fields.get(name), str)}


def described(thing, names):
    fields = ",".join(f"{name}={getattr(thing, name)}" for name in names)
    return f"{type(thing).__name__}([{fields}])"
