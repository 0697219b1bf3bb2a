"""A file system, process table and network of its own: nothing but programs, read-only, and the workspace."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agents.tool.sandbox import kernel
from agents.tool.sandbox.job import Job

ROOT = Path("/tmp")
SCRATCH = "/tmp"
DEVICES = ("null", "zero", "full", "random", "urandom")
# Of /etc what programs need; never what it knows of users and services.
SETTINGS = (
    "alternatives", "ca-certificates", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic",
    "mime.types", "pki", "ssl", "timezone",
)  # fmt: skip
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")


def leave_system() -> None:
    """Enter new namespaces as the same user; raises `OSError` where the system does not allow it."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare()
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def build_root(job: Job) -> None:
    """Make the file system and move into it; for the first process of the new namespaces.

    Raises `OSError` where the system does not allow a part of it.
    """
    kernel.mount("none", Path("/"), None, kernel.MS_REC | kernel.MS_PRIVATE)
    # Opened before anything is mounted over a folder above it.
    workspace = os.open(job.workspace, os.O_PATH | os.O_DIRECTORY)
    sources = {path: os.open(path, os.O_PATH) for path in _sources(job)}
    kernel.mount("tmpfs", ROOT, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=16m,mode=755")
    _devices_and_processes()  # before the rest, since the interpreter may stand in /tmp
    for path, opened in sources.items():
        _bind(opened, ROOT / path.lstrip("/"), writable=path.startswith("/dev/"))
    _link_system()
    _bind(workspace, ROOT / job.workspace.lstrip("/"), writable=True)
    # A workspace that holds the interpreter must not be a way to change it.
    for path in sources:
        if Path(path).is_relative_to(job.workspace):
            _bind(sources[path], ROOT / path.lstrip("/"), writable=False)
    for opened in (workspace, *sources.values()):
        os.close(opened)
    kernel.read_only(ROOT, alone=True)
    kernel.change_root(ROOT)
    _no_more_namespaces()


def _sources(job: Job) -> list[str]:
    """What is shown of the system: each path that exists and is no link; what lies in one of them comes with it."""
    wanted = {*SYSTEM, *job.readable, *(f"/etc/{name}" for name in SETTINGS), *(f"/dev/{name}" for name in DEVICES)}
    there = {path for path in wanted if Path(path).exists() and not Path(path).is_symlink()}
    return [path for path in there if not any(other in there for other in map(str, Path(path).parents))]


def _bind(opened: int, target: Path, *, writable: bool) -> None:
    source = f"/proc/self/fd/{opened}"
    if os.path.isdir(source):  # noqa: PTH112  # the magic link of a descriptor, not a path
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    kernel.mount(source, target, None, kernel.MS_BIND | kernel.MS_REC)
    if not writable:
        kernel.read_only(target)


def _link_system() -> None:
    """/bin and its like are links into /usr on most systems."""
    for path in map(Path, SYSTEM):
        if path.is_symlink() and not (ROOT / path.name).is_symlink():
            (ROOT / path.name).symlink_to(path.readlink())
    account = f"user:x:{os.geteuid()}:{os.getegid()}::{SCRATCH}:/bin/sh\n"
    (ROOT / "etc").mkdir(exist_ok=True)
    (ROOT / "etc/passwd").write_text(account)
    (ROOT / "etc/group").write_text(f"user:x:{os.getegid()}:\n")


def _devices_and_processes() -> None:
    for name in ("tmp", "dev/shm", "proc"):
        (ROOT / name).mkdir(parents=True, exist_ok=True)
    nothing_special = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", ROOT / "tmp", "tmpfs", nothing_special, "size=256m,mode=1777")
    kernel.mount("tmpfs", ROOT / "dev/shm", "tmpfs", nothing_special, "size=64m,mode=1777")
    kernel.mount("proc", ROOT / "proc", "proc", nothing_special | kernel.MS_NOEXEC)
    for name, target in {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}.items():
        (ROOT / "dev" / name).symlink_to(f"/proc/self/fd{target}")


def _no_more_namespaces() -> None:
    """The code inside has no use for namespaces of its own, and they widen what it can reach of the kernel."""
    with contextlib.suppress(OSError):
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
