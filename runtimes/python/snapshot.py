"""A snapshot is this process, once it has run the function's init: it waits, and forks for every environment.

The copy ends up in namespaces, a cgroup and a network of its own, which ../snapshot/restore.py on the host makes with
it, over the connection that asks for a copy. Four processes come of that: the copier, which waits outside and tells
the host of the end; the first of the new PID namespace, which gathers orphans; and the runtime, which goes on.
"""

import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading

import own_sandbox
from descriptors import adopt_descriptors, end_connections
from failures import RuntimeFailure

# AWS's client exits with these when a hook has failed.
EXIT_BEFORE_SNAPSHOT, EXIT_AFTER_RESTORE = 64, 65

# Here ../snapshot/listen.py has put the socket at which copies are asked for.
LISTENING_DESCRIPTOR = int(os.environ.pop("SELFSAME_SNAPSHOT_FD"))

FIRST_PASSED_DESCRIPTOR = 1
PASSED_DESCRIPTORS = 3
SIGNAL_BASE = 128


def run_before_snapshot():
    hooks = registered("get_before_snapshot")
    while hooks:
        func, args, kwargs = hooks.pop()
        func(*args, **kwargs)


def run_after_restore():
    for func, args, kwargs in registered("get_after_restore"):
        func(*args, **kwargs)


def registered(name):
    """Of the module as the function has imported it, which may be its own copy; it need not have."""
    module = sys.modules.get("snapshot_restore_py")
    return getattr(module, name)() if module is not None else []


def refuse_what_runs():
    """A fork is of the thread that asked for it and no other."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    # The first one is the sandbox's own.
    processes = [name for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
    for kind, names in (("threads", threads), ("processes", processes)):
        if names:
            raise RuntimeFailure(
                "Runtime.SnapshotError",
                f"The initialization has left {kind} running, which a snapshot cannot hold here: {', '.join(names)}",
            )
    native = len(os.listdir("/proc/self/task")) - 1
    if native:
        # Libraries that compute start them and mostly know what a fork is.
        print(f"{native} threads of native code are not part of the snapshot.", file=sys.stderr)


def wait_to_be_restored():
    """Returns in every copy; in the snapshot itself never."""
    end_connections(keep=LISTENING_DESCRIPTOR)
    sys.stdout.flush()
    sys.stderr.flush()
    # Collections in the copies must not touch, and so copy, what they share.
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=LISTENING_DESCRIPTOR)
    while True:
        connection, _ = listener.accept()
        if fork_copier():
            listener.close()
            break
        connection.close()
    try:
        return become_environment(connection)
    except BaseException as error:
        os.write(2, f"The snapshot could not be restored: {error}\n".encode())
        os._exit(1)


def take_variables(channel):
    """A copy may be made ahead: it waits for its owner, and has the variables that have changed. False when there is none."""
    changed = channel.assignment()
    if changed is None:
        return False
    os.environ.update(changed)
    return True


def fork_copier():
    """Its parent is the first process of the sandbox, which gathers it when it has ended."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    if os.fork():
        os._exit(0)
    return True


def become_environment(connection):
    order = receive_order(connection)
    own_sandbox.leave_namespaces(order["namespaces"], int(order["secret"], 16))
    connection.send(b".")
    first = os.fork()
    if first:
        stand_by(first, connection)
    connection.send(b".")
    snapshot_tmp = os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY)
    # The host says that cgroup, mounts and network are there.
    if not connection.recv(1):
        os._exit(1)
    own_sandbox.drop_privileges(bytes.fromhex(order["filter"]))
    runtime = os.fork()
    if runtime:
        gather_orphans(runtime)
    connection.close()
    adopt_descriptors(snapshot_tmp)
    # Python's own generator has been seeded anew by each fork.
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def receive_order(connection):
    data, ancillary, _, _ = connection.recvmsg(64 * 1024, socket.CMSG_SPACE(4 * PASSED_DESCRIPTORS))
    length = struct.unpack(">I", data[:4])[0]
    while len(data) < 4 + length:
        data += connection.recv(64 * 1024)
    passed = struct.unpack(f"{PASSED_DESCRIPTORS}i", ancillary[0][2])
    for place, descriptor in enumerate(passed, FIRST_PASSED_DESCRIPTOR):
        os.dup2(descriptor, place, inheritable=place <= 2)
        os.close(descriptor)
    return json.loads(data[4:])


def stand_by(first, connection):
    """The copier: passes the end of the environment to the host, and that of the host's half to the environment."""
    own_sandbox.set_capabilities(effective=0, permitted=0)
    close_passed()
    ended = os.pidfd_open(first)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    # What can be read there is for the other side of the fork.
    poll.register(connection, select.POLLRDHUP)
    if all(descriptor != ended for descriptor, _ in poll.poll()):
        os.kill(first, signal.SIGKILL)
    connection.send(b"%d\n" % exit_code(os.waitpid(first, 0)[1]))
    os._exit(0)


def gather_orphans(runtime):
    """The first process of the namespace; everything in it ends with it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    close_passed()
    while True:
        pid, status = os.wait()
        if pid == runtime:
            os._exit(exit_code(status))


def close_passed():
    for descriptor in range(FIRST_PASSED_DESCRIPTOR, FIRST_PASSED_DESCRIPTOR + PASSED_DESCRIPTORS):
        os.close(descriptor)


def exit_code(status):
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else SIGNAL_BASE - code
