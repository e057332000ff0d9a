"""Has a snapshot fork a copy, and gives that its place: `restore.py PATH TMP_BYTES NETWORK_SCRIPT`. Runs on the host.

At descriptor 4 it reads lines with the cgroup files that a process enters by, an empty line, and the order for the
snapshot, which gets the descriptors 1 to 3 along with it. Then it stands for the copy: it ends when that ends, with
its exit code. Nothing of the function comes here; of the snapshot's side only the end is heard.
"""

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

# Reads the exit code that comes; without one the copier has been killed.
WAIT = "exec 1>&- 2>&- 3>&-; read -r code || code=137; exit $code"


def main(path, tmp_bytes, network_script):
    with open(INPUT_DESCRIPTOR, "rb") as source:
        head, order = source.read().split(b"\n\n", 1)
    connection = connect(path)
    connection.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
    descriptors = struct.pack("3i", *PASSED_DESCRIPTORS)
    message = struct.pack(">I", len(order)) + order
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)]
    sent = connection.sendmsg([message], rights)
    connection.sendall(message[sent:])
    copier, *_ = sender(connection)
    first, uid, gid = sender(connection)
    entrances = [entrance for entrance in head.split(b"\n") if entrance]
    # The kernel takes its time for each of them, most of it waiting.
    network = begin(lambda: os.execv("/bin/sh", ["sh", "-ec", network_script, "sh", str(first)]))
    enter(entrances, first)
    end(begin(lambda: furnish(first, {"size": tmp_bytes, "mode": "755", "uid": str(uid), "gid": str(gid)})))
    end(network)
    connection.send(b"g")
    try:
        enter(entrances, copier)
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
    return CREDENTIALS.unpack(ancillary[0][2])


def enter(entrances, pid):
    for entrance in entrances:
        with open(entrance, "w") as file:
            file.write(str(pid))


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


def furnish(first, tmp):
    """Mounts /proc and /tmp in the namespaces of that process. They are made outside, where it has no rights."""
    mounts = os.open(f"/proc/{first}/ns/mnt", os.O_RDONLY)
    processes = os.open(f"/proc/{first}/ns/pid", os.O_RDONLY)
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
