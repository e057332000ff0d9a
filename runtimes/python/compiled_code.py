"""Bytecode of a function: the next environment of the same code need not compile it again. See ../PROTOCOL.md.

Only the function's own modules count: the packages of the runtime lie where Python keeps their bytecode itself.
"""

import os
import shutil
import struct

# The import system as it runs, not the copy in importlib's source file.
import _frozen_importlib_external as imports


class CompiledCode:
    def __init__(self, channel, directory):
        self.channel = channel
        self.directory = directory
        self.place_of = imports.cache_from_source
        self.is_wanted = False

    def begin(self):
        """Has an earlier environment's at hand, or keeps what is compiled from here on; before the function is loaded."""
        given = self.channel.compiled()
        self.is_wanted = not given
        try:
            self._unpack(given or b"")
        except (OSError, struct.error):
            # Whatever is wrong with it, the function can be compiled as ever.
            pass
        roots = tuple(
            os.path.join(root, "")
            for root in (os.environ["LAMBDA_TASK_ROOT"], os.environ.get("SELFSAME_LAYERS_ROOT", "/opt"))
        )

        def place(path, *rest, **options):
            if isinstance(path, str) and path.startswith(roots):
                return os.path.join(self.directory, path.lstrip("/") + "c")
            return self.place_of(path, *rest, **options)

        imports.cache_from_source = place

    def end(self):
        """Hands over what was kept, where it was wanted; what is imported later is compiled as ever."""
        imports.cache_from_source = self.place_of
        try:
            if self.is_wanted:
                self.channel.send_compiled(self._pack())
            for name in os.listdir(self.directory):
                shutil.rmtree(os.path.join(self.directory, name))
        except OSError:
            # The function has a /tmp of its own and may do what it likes in here too: it is its own loss.
            pass

    def _pack(self):
        """Files in one piece: for each the length of its path, its path, its length and its bytes."""
        parts = []
        for parent, _, names in os.walk(self.directory):
            for name in names:
                path = os.path.join(parent, name)
                with open(path, "rb") as file:
                    for data in (os.fsencode(os.path.relpath(path, self.directory)), file.read()):
                        parts += (struct.pack(">I", len(data)), data)
        return b"".join(parts)

    def _unpack(self, packed):
        position = 0
        while position < len(packed):
            pair = []
            for _ in range(2):
                start = position + 4
                position = start + struct.unpack_from(">I", packed, position)[0]
                pair.append(packed[start:position])
            path = os.path.join(self.directory, os.fsdecode(pair[0]))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(pair[1])
