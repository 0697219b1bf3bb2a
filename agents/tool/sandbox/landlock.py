"""Limits file access and connections by Landlock, which needs no privileges; where namespaces are not allowed."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from agents.tool.sandbox.kernel import checked, libc

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
READ = 0b1101  # execute, read a file, read a folder
FILE_ONLY = 0b0111 | 1 << 14 | 1 << 15  # execute, write, read, truncate, ioctl
RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
CONNECTIONS, SCOPES = 0b11, 0b11
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")


class Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr`."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("fs", "net", "scoped")]


class PathRule(ctypes.Structure):
    """`struct landlock_path_beneath_attr`."""

    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int)]


def version() -> int:
    """The version of Landlock that this kernel has; 0 for none."""
    return max(int(libc().syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(ASK_VERSION))), 0)


def restrict(*, readable: Sequence[str], writable: Sequence[str]) -> None:
    """Allow this process nothing but these folders, no TCP, and no look into other processes.

    Raises `OSError` where the kernel has no Landlock.
    """
    known = version()
    rights = max((value for since, value in RIGHTS_BY_VERSION.items() if since <= known), default=0)
    ruleset = Ruleset(rights, CONNECTIONS if known >= 4 else 0, SCOPES if known >= 6 else 0)
    size = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(known, ctypes.sizeof(ruleset))
    opened = checked(libc().syscall(CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint(0)), "landlock")
    for path in readable:
        _allow(opened, path, READ & rights)
    for path in (*writable, *DEVICES):
        _allow(opened, path, rights)
    checked(libc().syscall(RESTRICT, ctypes.c_int(opened), ctypes.c_uint(0)), "landlock")
    os.close(opened)


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not Path(path).exists():
        return
    parent = os.open(path, os.O_PATH)
    rule = PathRule(rights if Path(path).is_dir() else rights & FILE_ONLY, parent)
    result = libc().syscall(
        ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint(0)
    )
    os.close(parent)
    checked(result, f"landlock {path}")
