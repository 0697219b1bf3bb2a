"""A worker process: reads jobs from standard input, answers on what was standard output.

Started by `ingest.worker_process` as a script. It holds no secrets, opens no connection, and ends when
its parent does.
"""

from __future__ import annotations

import importlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from ingest.framing import read_frame, write_frame
from knowledge.errors import LimitExceeded, ParseError

MEGABYTE = 1 << 20
# Address space that libraries reserve without using it; the parent watches what is really used.
RESERVED = 1024 * MEGABYTE
LARGEST_WRITE = 64 * MEGABYTE
NETWORK = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostby")
Function = Callable[[bytes, str, dict[str, Any]], dict[str, Any]]


def main() -> None:
    """Serve jobs until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs, answers = _take_over_pipes()
    settings, _ = read_frame(jobs)
    _die_with(settings["parent"])
    _restrict(settings["memory_mb"] * MEGABYTE)
    module, _, name = settings["function"].partition(":")
    function: Function = getattr(importlib.import_module(module), name)
    write_frame(answers, {"ready": True})
    try:
        while True:
            job, body = read_frame(jobs)
            write_frame(answers, _answer(job, body, function, settings))
    except (EOFError, BrokenPipeError):
        return


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes to the parent, out of reach of a library that prints or asks."""
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return jobs, answers


def _answer(job: dict[str, Any], body: bytes, function: Function, settings: dict[str, Any]) -> dict[str, Any]:
    name = job["name"]
    try:
        data = body if job["path"] is None else _read(Path(job["path"]), name, settings["max_file_mb"])
        if len(data) > settings["max_file_mb"] * MEGABYTE:
            raise _too_large(name, len(data), settings["max_file_mb"])
        return {"payload": function(data, name, settings["options"] | {"suffix": job["suffix"]})}
    except ParseError as error:
        return _failure(type(error).__name__, error.message, error.hint)
    except MemoryError:
        return _failure("LimitExceeded", *_hungry(name, settings["memory_mb"])) | {"retire": True}
    except Exception as error:  # The edge of the process: one document's fault must not end the batch.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        message = f"{name} could not be read ({reason.rstrip('.: ')}):"
        return _failure("ParseError", message, "open it in its own program and save it again.")


def _failure(kind: str, message: str, hint: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message, "hint": hint}}


def _hungry(name: str, memory_mb: int) -> tuple[str, str]:
    return f"{name} needs more than {memory_mb} MB to read:", "split it, or raise ingest.memory_mb."


def _read(path: Path, name: str, max_file_mb: float) -> bytes:
    """The bytes of a regular file within the limit; a pipe or a device is not waited for."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ParseError(f"{name} is not a regular file:", hint="name a file or a folder.")
        if status.st_size > max_file_mb * MEGABYTE:
            raise _too_large(name, status.st_size, max_file_mb)
        return path.read_bytes()
    except FileNotFoundError:
        raise ParseError(f"{name} is gone:", hint="it was removed or renamed since the folder was listed.") from None
    except PermissionError:
        raise ParseError(f"{name} may not be read:", hint="change its permissions, or run as its owner.") from None
    except OSError as error:
        raise ParseError(f"{name} could not be read ({error.strerror}):", hint="check the disk, then repeat.") from None


def _too_large(name: str, size: int, max_file_mb: float) -> LimitExceeded:
    """The refusal of a file of `size` bytes."""
    return LimitExceeded(
        f"{name} has {size / MEGABYTE:.1f} MB, more than the limit of {max_file_mb:g} MB:",
        hint="split it, or raise ingest.max_file_mb.",
    )


def _restrict(memory: int) -> None:
    """Lower priority than the embedding, bounded memory, no core files, no connections."""
    sys.addaudithook(_refuse_network)
    if sys.platform == "win32":
        return
    import resource

    os.nice(5)
    for limit, value in (
        (resource.RLIMIT_AS, memory + RESERVED),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, LARGEST_WRITE),
    ):
        hard = resource.getrlimit(limit)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, hard))


def _refuse_network(event: str, _arguments: tuple[Any, ...]) -> None:
    if event.startswith(NETWORK):
        raise PermissionError("a parser may not use the network")


def _die_with(parent: int) -> None:
    """End with the parent, even in the middle of a document."""
    if sys.platform == "win32":
        return
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main()
