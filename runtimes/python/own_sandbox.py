"""What a copy of a snapshot does to have a sandbox of its own. The host's half is ../snapshot/restore.py.

A snapshot holds one capability, in its own user namespace: that to leave its namespaces. The system-call filter
refuses the call but to who knows a number that comes with the order to restore; the function's code never has it.
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)

# asm/unistd_64.h of x86, asm-generic/unistd.h for arm64.
UNSHARE = {"x86_64": 272, "aarch64": 97}[os.uname().machine]

# linux/capability.h
CAPABILITY_VERSION = 0x20080522
SYS_ADMIN = 1 << 21

# linux/prctl.h and linux/seccomp.h
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4

INSTRUCTION_BYTES = 8


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilitySets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


class FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def put_capability_aside():
    """For the time of the function's own code: neither it nor what it starts has the capability."""
    set_capabilities(effective=0, permitted=SYS_ADMIN)


def leave_namespaces(flags, secret):
    set_capabilities(effective=SYS_ADMIN, permitted=SYS_ADMIN)
    call = (ctypes.c_long(UNSHARE), ctypes.c_ulong(flags), *(ctypes.c_ulong(0),) * 4, ctypes.c_ulong(secret))
    check(libc.syscall(*call))


def drop_privileges(seccomp_filter):
    """For good. The filter is that of every other environment, on top of the snapshot's own."""
    set_capabilities(effective=0, permitted=0)
    program = FilterProgram(len(seccomp_filter) // INSTRUCTION_BYTES, seccomp_filter)
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0))


def set_capabilities(effective, permitted):
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    header = CapabilityHeader(CAPABILITY_VERSION, 0)
    sets = (CapabilitySets * 2)(CapabilitySets(effective, permitted, 0), CapabilitySets(0, 0, 0))
    check(libc.capset(ctypes.byref(header), ctypes.byref(sets)))


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
