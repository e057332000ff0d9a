"""Gives the command that follows a listening socket: `listen.py PATH DESCRIPTOR COMMAND...`. Runs on the host.

Who connects at PATH, which is on the host alone, asks the snapshot that the command runs for a copy of itself.
"""

import _socket
import os
import sys

BACKLOG = 128


def main(path, descriptor, *command):
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    # Names of sockets may have 107 bytes; the directory's may be longer.
    os.chdir(os.path.dirname(path))
    listener.bind(os.path.basename(path))
    listener.listen(BACKLOG)
    os.chdir("/")
    os.dup2(listener.fileno(), int(descriptor), inheritable=True)
    os.execvp(command[0], command)


main(*sys.argv[1:])
