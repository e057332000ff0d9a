"""The frames of ../PROTOCOL.md over an inherited socket, with blocking reads and writes."""

import json
import os
import resource
import struct
import threading

ASSIGN, INVOKE, READY, INIT_ERROR, RESPONSE, ERROR, LOG = 0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14
AWAITS_ASSIGNMENT, RESTORED = 0x17, 0x18
COMPILED, COMPILED_HERE = 0x04, 0x1A

READ_BYTES = 64 * 1024
MAX_SHORT_TEXT_BYTES = 255


class Channel:
    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.pending = bytearray()
        # Threads of the function log too; a frame must not be cut by another.
        self.writing = threading.Lock()
        os.set_blocking(descriptor, True)
        os.set_inheritable(descriptor, False)

    def next_event(self):
        """Waits for the next event: (header, payload bytes), or None when the host has gone."""
        body = self._next_frame(INVOKE)
        if body is None:
            return None
        header_end = 5 + struct.unpack(">I", body[1:5])[0]
        return json.loads(body[5:header_end]), body[header_end:]

    def assignment(self):
        """Waits for ASSIGN: the variables of the function, or None when the host has gone."""
        self._send(AWAITS_ASSIGNMENT, b"")
        body = self._next_frame(ASSIGN)
        return None if body is None else json.loads(body[1:])

    def compiled(self):
        """Waits for COMPILED: what an earlier environment has sent by `send_compiled`; nothing where none has."""
        body = self._next_frame(COMPILED)
        return None if body is None else body[1:]

    def send_compiled(self, packed):
        self._send(COMPILED_HERE, packed)

    def ready(self):
        self._send(READY, b"")

    def restored(self):
        self._send(RESTORED, b"")

    def init_error(self, error_type, payload):
        self._send(INIT_ERROR, _short_text(error_type) + payload)

    def response(self, payload):
        self._send(RESPONSE, _max_resident_kib() + payload)

    def error(self, error_type, payload):
        self._send(ERROR, _max_resident_kib() + _short_text(error_type) + payload)

    def log(self, level, text):
        """`level` is a number of `logging`, 0 for text without one."""
        number = 0 if level < 10 else level // 10 + 1
        self._send(LOG, bytes([number]) + text.encode("utf-8", "replace"))

    def _next_frame(self, kind):
        """A frame of that type, the type first; None when the host has gone."""
        prefix = self._take(4)
        if prefix is None:
            return None
        body = self._take(struct.unpack(">I", prefix)[0])
        if body is not None and body[0] != kind:
            raise RuntimeError(f"a frame of the unknown type {body[0]} came from the host")
        return body

    def _take(self, count):
        while len(self.pending) < count:
            try:
                chunk = os.read(self.descriptor, max(READ_BYTES, count - len(self.pending)))
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self.pending += chunk
        taken = bytes(self.pending[:count])
        del self.pending[:count]
        return taken

    def _send(self, kind, body):
        data = struct.pack(">IB", 1 + len(body), kind) + body
        view = memoryview(data)
        with self.writing:
            while view:
                view = view[os.write(self.descriptor, view) :]


def _short_text(text):
    data = text.encode("utf-8", "replace")[:MAX_SHORT_TEXT_BYTES]
    return bytes([len(data)]) + data


def _max_resident_kib():
    return struct.pack(">I", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
