"""Opens files of one folder and no other, whatever links and dots a path is made of."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from agents.exceptions import ToolError

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
CLOSE = getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
# A pipe or a device in the workspace must not keep the reader waiting.
AT_ONCE = getattr(os, "O_NONBLOCK", 0)


def inside(root: Path, path: str) -> Path:
    """Where `path` leads, links followed; raises `ToolError` where that is outside `root`."""
    if not path or "\0" in path:
        raise ToolError("The path of the file is empty or holds a zero byte:", hint="give the path of a file.")
    try:
        target = (root / Path(path).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ToolError(f"The path {path} cannot be followed: {error}.") from error
    if not target.is_relative_to(root):
        raise ToolError(f"{path} lies outside the workspace {root}:", hint="use a path inside it.")
    return target


def read(root: Path, path: str, *, most: int) -> bytes:
    """The content of a file, at most `most` bytes; raises `ToolError` where it cannot be read or is longer."""
    target = inside(root, path)
    with _opened(root, target, os.O_RDONLY | AT_ONCE, path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ToolError(f"{path} is larger than {most:,} bytes:", hint="read a part of it with `execute_python_code`.")
    return data


def write(root: Path, path: str, content: bytes) -> None:
    """Replace the content of a file, which is made, with its folders, where it is missing; raises `ToolError`."""
    target = inside(root, path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"The folder of {path} cannot be made: {error.strerror}.") from error
    inside(root, path)  # once more, now that its folders are there
    with _opened(root, target, os.O_WRONLY | os.O_CREAT | AT_ONCE, path) as file:
        file.truncate(0)
        file.write(content)


def _opened(root: Path, target: Path, flags: int, path: str) -> BinaryIO:
    """Opened from folder to folder without following links, so that none that changes meanwhile leads outside."""
    try:
        descriptor = _walked(root, target.relative_to(root).parts, flags | CLOSE | BINARY | NO_LINKS)
    except FileNotFoundError as error:
        raise ToolError(f"There is no file {path} in the workspace {root}.") from error
    except OSError as error:
        raise ToolError(f"{path} cannot be opened: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # a folder, a pipe or a device
        os.close(descriptor)
        raise ToolError(f"{path} is no file:", hint="give the path of a text file.")
    return os.fdopen(descriptor, "wb" if flags & os.O_WRONLY else "rb")


def _walked(root: Path, parts: tuple[str, ...], flags: int) -> int:
    if not NO_LINKS or os.open not in os.supports_dir_fd:
        return os.open(root.joinpath(*parts), flags, 0o666)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | CLOSE)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | CLOSE | NO_LINKS, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(parts[-1] if parts else ".", flags, 0o666, dir_fd=folder)
    finally:
        os.close(folder)
