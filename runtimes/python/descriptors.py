"""What the copies of a snapshot would share through their open descriptors, made each copy's own.

Forks share open files with their offsets, pipes, and what is polled for. Only connections cannot be made anew: they
are ended before the snapshot is taken, as those of AWS's snapshots are dead when they are restored.
"""

import fcntl
import os
import select
import shutil
import socket
import stat

FIRST_OF_FUNCTION = 4

DELETED = " (deleted)"
COPY_BYTES = 1024 * 1024

# Both ends of each pair of sockets that the process has with itself, an event loop's for instance.
socket_pairs = []


def end_connections(keep):
    unix = []
    for descriptor in own_descriptors():
        if descriptor == keep or not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            continue
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            if copy.family == socket.AF_UNIX:
                unix.append(descriptor)
            else:
                shut_down(copy)
    socket_pairs.extend(pairs_among(unix))
    paired = {end for pair in socket_pairs for end in pair}
    for descriptor in unix:
        if descriptor not in paired:
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                shut_down(copy)


def shut_down(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was not connected, or is no longer.
        pass


def pairs_among(descriptors):
    """Sockets of which one receives what the other sends. The kernel tells it to nobody who may not ask it."""
    left = set(descriptors)
    while left:
        one = left.pop()
        with socket.socket(fileno=os.dup(one)) as copy:
            other = receiver_of(copy, left)
        if other is not None:
            left.discard(other)
            yield one, other


def receiver_of(sender, candidates):
    readable_before = set(readable(candidates))
    try:
        sender.send(b"?", socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
    except OSError:
        return None
    came = [descriptor for descriptor in readable(candidates) if descriptor not in readable_before]
    for descriptor in came:
        os.read(descriptor, 1)
        return descriptor
    return None


def readable(descriptors):
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, event in poll.poll(0) if event & select.POLLIN]


def adopt_descriptors(snapshot_tmp):
    """`snapshot_tmp` is a descriptor of the snapshot's /tmp; the copy's own is at that path already. It is closed."""
    copy_tree(f"/proc/self/fd/{snapshot_tmp}", "/tmp")
    go_to_own_directory()
    pipes, polls = {}, []
    for descriptor in own_descriptors():
        if descriptor == snapshot_tmp:
            continue
        mode = os.fstat(descriptor).st_mode
        target = os.readlink(f"/proc/self/fd/{descriptor}")
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            try:
                replace(descriptor, opened_again(descriptor, target, mode))
            except OSError:
                # Of what is gone nothing can be the copy's own.
                os.close(descriptor)
        elif target.startswith("pipe:"):
            pipes.setdefault(target, []).append(descriptor)
        elif target == "anon_inode:[eventfd]":
            replace(descriptor, os.eventfd(0))
        elif target == "anon_inode:[eventpoll]":
            polls.append(descriptor)
    for ends in pipes.values():
        renew_pipe(ends)
    for one, other in socket_pairs:
        ends = socket.socketpair()
        for descriptor, end in zip((one, other), ends, strict=True):
            replace(descriptor, end.detach())
    # Last: they are about the others.
    for descriptor in polls:
        renew_poll(descriptor)
    os.close(snapshot_tmp)


def own_descriptors():
    """Those that the function's code can have opened."""
    found = [int(name) for name in os.listdir("/proc/self/fd")]
    # The directory that was listed is closed by now.
    return [descriptor for descriptor in found if descriptor >= FIRST_OF_FUNCTION and is_open(descriptor)]


def is_open(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def replace(descriptor, new):
    """`new` at the number of `descriptor`, with what that one was set to."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    inheritable = os.get_inheritable(descriptor)
    os.dup2(new, descriptor, inheritable=inheritable)
    os.close(new)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def go_to_own_directory():
    """The same path leads to the copy's own mounts now."""
    try:
        os.chdir(os.getcwd())
    except OSError:
        os.chdir(os.environ["LAMBDA_TASK_ROOT"])


def opened_again(descriptor, target, mode):
    if stat.S_ISDIR(mode):
        return os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    if target.endswith(DELETED):
        new = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
        at = 0
        while data := os.pread(descriptor, COPY_BYTES, at):
            at += os.pwrite(new, data, at)
    else:
        new = os.open(target if target.startswith("/tmp/") else f"/proc/self/fd/{descriptor}", flags)
    os.lseek(new, offset, os.SEEK_SET)
    return new


def renew_pipe(ends):
    for wanted, new in zip((os.O_RDONLY, os.O_WRONLY), os.pipe(), strict=True):
        for end in ends:
            if fcntl.fcntl(end, fcntl.F_GETFL) & os.O_ACCMODE == wanted:
                replace(end, os.dup(new))
        os.close(new)


def renew_poll(descriptor):
    new = select.epoll()
    with open(f"/proc/self/fdinfo/{descriptor}") as info:
        for line in info:
            fields = line.split()
            if fields[:1] == ["tfd:"] and is_open(int(fields[1])):
                new.register(int(fields[1]), int(fields[3], 16))
    replace(descriptor, os.dup(new.fileno()))
    new.close()


def copy_tree(source, target):
    for entry in list(os.scandir(source)):
        place = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
        elif entry.is_dir():
            os.mkdir(place)
            copy_tree(entry.path, place)
            shutil.copystat(entry.path, place)
        elif entry.is_file():
            shutil.copy2(entry.path, place)
