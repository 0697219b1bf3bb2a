"""Refuses sockets but local ones, and looks into other processes, by a filter of system calls."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from agents.tool.sandbox.kernel import checked, libc

PR_SET_SECCOMP, MODE_FILTER = 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
LOCAL_SOCKETS = 1
X32 = 0x40000000
# Architecture, and its numbers for: socket; ptrace, process_vm_readv, process_vm_writev, io_uring_setup, pidfd_getfd.
CALLS = {
    "x86_64": (0xC000003E, 41, (101, 310, 311, 425, 438)),
    "aarch64": (0xC00000B7, 198, (117, 270, 271, 425, 438)),
}


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def restrict() -> None:
    """Refuse it all from now on, for every child too; raises `OSError` where this machine is not known."""
    if platform.machine() not in CALLS:
        raise OSError(f"no filter of system calls for {platform.machine()}")
    code = b"".join(struct.pack("HBBI", *step) for step in _steps(*CALLS[platform.machine()]))
    program = Program(len(code) // 8, code)
    result = libc().prctl(PR_SET_SECCOMP, ctypes.c_ulong(MODE_FILTER), ctypes.byref(program), 0, 0)
    checked(result, "seccomp")


def _steps(architecture: int, socket: int, refused: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """The filter, as (operation, steps to skip when true, when false, operand); the last two are the verdicts."""
    refuse = 8 + len(refused)
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 0, refuse - 2, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_AT_LEAST, refuse - 4, 0, X32),
    ]
    steps += [(JUMP_EQUAL, refuse - 5 - at, 0, number) for at, number in enumerate(refused)]
    steps += [
        (JUMP_EQUAL, 0, 2, socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_EQUAL, 0, 1, LOCAL_SOCKETS),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return steps
