"""A real Redis for tests, on a socket in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A folder for the socket of a Redis; the path of a socket must be short."""
    folder = Path(mkdtemp(prefix="redis"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def redis_in(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a Redis and its process; a machine without one skips the test, or fails it under CI."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Redis is not installed: apt-get install redis-server")
        pytest.skip("redis-server is not installed")
    place = folder / "redis.sock"
    place.unlink(missing_ok=True)
    command = [program, "--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not place.exists():
            assert process.poll() is None
            time.sleep(0.01)
        yield f"unix://{place}", process
    finally:
        process.kill()
        process.wait()
