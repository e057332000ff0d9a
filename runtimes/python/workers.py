"""Several events at once: a process for each, which takes one event after the other over the HTTP runtime API.

Source: AWS, "Python runtime for Lambda Managed Instances": each process runs the function's init, and none shares memory
with another.
"""

import http.client
import mmap
import os
import sys

PREFIX = "/2018-06-01/runtime/"
TEXT_HEADERS = {
    "clientContext": "Lambda-Runtime-Client-Context",
    "cognitoIdentity": "Lambda-Runtime-Cognito-Identity",
    "tenantId": "Lambda-Runtime-Aws-Tenant-Id",
}
# Of a request id, which is a UUID.
ID_BYTES = 36


def open_worker(to_json):
    """Makes the processes, and returns in each of them, with its channel; the first process watches over them."""
    api = os.environ["AWS_LAMBDA_RUNTIME_API"]
    count = int(os.environ["AWS_LAMBDA_MAX_CONCURRENCY"])
    current = mmap.mmap(-1, count * ID_BYTES)
    turns = Turns()
    places = {}
    for place in range(count):
        process = os.fork()
        if process == 0:
            return ApiChannel(api, current, place, turns)
        places[process] = place
    watch(ApiChannel(api, current, 0, turns), current, places, to_json)


def watch(channel, current, places, to_json):
    """Says what became of an event whose process has ended; the others go on until the last one has ended too."""
    while places:
        process, status = os.wait()
        place = places.pop(process, None)
        if place is None:
            continue
        exit_code = os.waitstatus_to_exitcode(status)
        start = place * ID_BYTES
        request_id = bytes(current[start : start + ID_BYTES])
        if request_id.strip(b"\0"):
            words = f"Runtime worker exited with exit status {exit_code}"
            channel.request_id = request_id.decode()
            channel.error("Runtime.ExitError", to_json({"errorType": "Runtime.ExitError", "errorMessage": words}))
    sys.exit(exit_code if exit_code > 0 else 1)


class Turns:
    """A lock between processes: who has taken the one byte of the pipe has it."""

    def __init__(self):
        self.taking, self.giving = os.pipe()
        os.write(self.giving, b"\0")

    def __enter__(self):
        os.read(self.taking, 1)

    def __exit__(self, *_):
        os.write(self.giving, b"\0")


class ApiChannel:
    """The methods of `channel.Channel` for one process."""

    def __init__(self, api, current, place, turns):
        self.connection = http.client.HTTPConnection(api)
        self.current = current
        self.turns = turns
        self.start = place * ID_BYTES
        self.request_id = ""

    def ready(self):
        """The first request for an event says so."""

    def next_event(self):
        try:
            response = self._call("GET", "invocation/next")
        except (http.client.HTTPException, OSError):
            return None
        payload = response.read()
        if response.status != 200:
            # As once the init of another worker has failed.
            return None
        headers = response.headers
        self.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.current[self.start : self.start + ID_BYTES] = self.request_id.encode().ljust(ID_BYTES, b"\0")[:ID_BYTES]
        header = {
            "requestId": self.request_id,
            "invokedFunctionArn": headers["Lambda-Runtime-Invoked-Function-Arn"],
            "deadlineMs": int(headers["Lambda-Runtime-Deadline-Ms"]),
        }
        if "Lambda-Runtime-Trace-Id" in headers:
            header["traceId"] = headers["Lambda-Runtime-Trace-Id"]
        for name, key in TEXT_HEADERS.items():
            if key in headers:
                header[name] = headers[key].encode("latin-1").decode("utf-8")
        return header, payload

    def response(self, payload):
        self._tell(f"invocation/{self.request_id}/response", payload)

    def error(self, error_type, payload):
        self._tell(f"invocation/{self.request_id}/error", payload, error_type)

    def init_error(self, error_type, payload):
        self._tell("init/error", payload, error_type)

    def log(self, _level, text):
        """A JSON line, in which no other process writes."""
        line = memoryview(f"{text}\n".encode("utf-8", "replace"))
        with self.turns:
            while line:
                line = line[os.write(1, line) :]

    def _tell(self, path, payload, error_type=None):
        headers = {} if error_type is None else {"Lambda-Runtime-Function-Error-Type": error_type}
        self._call("POST", path, payload, headers).read()
        self.current[self.start : self.start + ID_BYTES] = bytes(ID_BYTES)

    def _call(self, method, path, body=None, headers={}):
        self.connection.request(method, PREFIX + path, body, headers)
        return self.connection.getresponse()
