"""The calls of the Linux kernel that Python's standard library has no name for."""

from __future__ import annotations

import ctypes
import os
import platform
from functools import cache
from pathlib import Path

CLONE_ALL = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x04000000  # mnt ipc user pid net uts
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
LAST_CAPABILITY = 63
CAPABILITY_VERSION_3 = 0x20080522


class MountAttributes(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct` of capset(2)."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


@cache
def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> int:
    """`result`, or the error that the kernel gave, as `OSError`."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int) -> None:
    """Set a property of this process."""
    checked(libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def unshare() -> None:
    """Leave the namespaces of the system: users, mounts, processes (from the next child on), network, names."""
    checked(libc().unshare(CLONE_ALL), "unshare")


def mount(source: str, target: Path, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Mount `source` on the folder `target`."""
    result = libc().mount(source.encode(), os.fsencode(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(options))
    checked(result, f"mount {target}")


def read_only(target: Path, *, alone: bool = False) -> None:
    """Make a mount read-only, and all that is mounted in it unless `alone`."""
    attributes = MountAttributes(attr_set=ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV)
    result = libc().syscall(
        MOUNT_SETATTR,
        ctypes.c_int(AT_FDCWD),
        os.fsencode(target),
        ctypes.c_uint(0 if alone else AT_RECURSIVE),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    checked(result, f"mount_setattr {target}")


def change_root(root: Path) -> None:
    """Make `root`, a mount, the root of the file system, and let go of the old one."""
    number = PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"no way to change the root on {platform.machine()}")
    os.chdir(root)
    checked(libc().syscall(number, b".", b"."), "pivot_root")
    checked(libc().umount2(b".", MNT_DETACH), "umount of the old root")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up every privilege for good, over the own namespace too."""
    for capability in range(LAST_CAPABILITY + 1):
        if libc().prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    checked(libc().capset(ctypes.byref(header), nothing), "capset")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
