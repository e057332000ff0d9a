"""Has a snapshot fork a copy, and gives that its place: `restore.py PATH PROCESS TMP_BYTES NETWORK_SCRIPT`.

Runs on the host. PROCESS is that of the snapshot's sandbox: only what descends from it is given anything.

At descriptor 4 it reads lines with the cgroup files that a process enters by, an empty line, and the order for the
snapshot, which gets the descriptors 1 to 3 along with it. Then it stands for the copy: it ends when that ends, with
its exit code. Nothing of the function comes here; of the snapshot's side only the end is heard.
"""

import _signal
import _socket
import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)

# The same on every architecture.
MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT = 429, 430, 431, 432
FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
MOVE_MOUNT_F_EMPTY_PATH = 4
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8
AT_FDCWD = -100
CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000

INPUT_DESCRIPTOR = 4
PASSED_DESCRIPTORS = (1, 2, 3)
CREDENTIALS = struct.Struct("3i")
# linux/socket.h; Python's module has no name for it before 3.13.
SCM_CREDENTIALS = 2

# Reads the exit code that comes; without one the copier has been killed.
WAIT = "exec 1>&- 2>&- 3>&-; read -r code || code=137; exit $code"


def main(path, sandbox, tmp_bytes, network_script):
    with open(INPUT_DESCRIPTOR, "rb") as source:
        head, order = source.read().split(b"\n\n", 1)
    connection = connect(path)
    connection.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
    descriptors = struct.pack("3i", *PASSED_DESCRIPTORS)
    message = struct.pack(">I", len(order)) + order
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)]
    sent = connection.sendmsg([message], rights)
    connection.sendall(message[sent:])
    number, *_ = sender(connection)
    copier = Member(number, int(sandbox))
    number, uid, gid = sender(connection)
    first = Member(number, int(sandbox))
    mounts, processes, net = (first.namespace(kind) for kind in ("mnt", "pid", "net"))
    first.check()
    os.set_inheritable(net, True)
    entrances = [entrance for entrance in head.split(b"\n") if entrance]
    # The kernel takes its time for each of them, most of it waiting.
    network = begin(lambda: os.execv("/bin/sh", ["sh", "-ec", network_script, "sh", f"/proc/self/fd/{net}"]))
    first.enter(entrances)
    tmp = {"size": tmp_bytes, "mode": "755", "uid": str(uid), "gid": str(gid)}
    end(begin(lambda: furnish(mounts, processes, tmp)))
    end(network)
    connection.send(b"g")
    try:
        copier.enter(entrances)
    except ProcessLookupError:
        # The copy has ended already; its exit code waits in the connection.
        pass
    os.dup2(connection.fileno(), 0)
    os.execv("/bin/sh", ["sh", "-c", WAIT])


def connect(path):
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    os.chdir(os.path.dirname(path))
    connection.connect(os.path.basename(path))
    os.chdir("/")
    return connection


def sender(connection):
    """Process, user and group, as the host numbers them, of who has sent the next byte: the kernel says it."""
    data, ancillary, _, _ = connection.recvmsg(1, _socket.CMSG_SPACE(CREDENTIALS.size))
    if not data:
        raise OSError("the snapshot has ended")
    for _, kind, content in ancillary:
        if kind == SCM_CREDENTIALS:
            return CREDENTIALS.unpack(content)
    raise OSError("the snapshot says nothing of its copy")


class Member:
    """A process of the snapshot's sandbox. Numbers are used again when a process has ended, so this one is held."""

    def __init__(self, number, sandbox):
        self.number = number
        self.handle = os.pidfd_open(number)
        ancestor = number
        while ancestor != sandbox:
            try:
                ancestor = parent_of(ancestor)
            except FileNotFoundError:
                # A parent has just ended, and the process has another one.
                self.check()
                ancestor = number
        self.check()

    def check(self):
        """That the number has been this process's all the time."""
        _signal.pidfd_send_signal(self.handle, 0)

    def namespace(self, kind):
        return os.open(f"/proc/{self.number}/ns/{kind}", os.O_RDONLY)

    def enter(self, entrances):
        self.check()
        for entrance in entrances:
            with open(entrance, "w") as file:
                file.write(str(self.number))


def parent_of(number):
    with open(f"/proc/{number}/stat") as stat:
        parent = int(stat.read().rsplit(")", 1)[1].split()[1])
    if parent <= 1:
        raise OSError("a process that is not the snapshot's has answered")
    return parent


def begin(work):
    """In a child, which ends with it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            os.write(2, f"The snapshot could not be restored: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    return child


def end(child):
    if os.waitpid(child, 0)[1] != 0:
        raise OSError("the copy could not be given its place")


def furnish(mounts, processes, tmp):
    """Mounts /proc and /tmp in those namespaces. They are made outside, where the copy has no rights."""
    new_tmp = detached_mount("tmpfs", tmp, NO_SUID | NO_DEVICES)
    check(libc.setns(processes, CLONE_NEWPID))
    end(begin(lambda: mount_both(mounts, new_tmp)))


def mount_both(mounts, new_tmp):
    new_proc = detached_mount("proc", {}, READ_ONLY | NO_SUID | NO_DEVICES | NO_PROGRAMS)
    check(libc.setns(mounts, CLONE_NEWNS))
    for mount, target in ((new_proc, b"/proc"), (new_tmp, b"/tmp")):
        check(libc.syscall(MOVE_MOUNT, mount, b"", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))


def detached_mount(kind, options, attributes):
    context = check(libc.syscall(FSOPEN, kind.encode(), 1))
    for name, value in options.items():
        check(libc.syscall(FSCONFIG, context, FSCONFIG_SET_STRING, name.encode(), value.encode(), 0))
    check(libc.syscall(FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0))
    return check(libc.syscall(FSMOUNT, context, 1, attributes))


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def run():
    try:
        main(*sys.argv[1:])
    except BaseException as error:
        os.write(2, f"The snapshot could not be restored: {error}\n".encode())
        os._exit(1)


run()
