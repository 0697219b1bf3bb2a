"""A real PostgreSQL for tests: a cluster in a folder of its own, on a socket, run by somebody who may do nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

import pytest

DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "it's: a/secret@1%"
SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=60", "shared_buffers=16MB")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server, by the folder of its socket."""

    folder: Path
    numbers: count[int]

    def new_database(self) -> str:
        """The address of an empty database, without its password."""
        import psycopg

        name = f"refdesk{next(self.numbers)}"
        with psycopg.connect(
            host=str(self.folder), user="refdesk", password=PASSWORD, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://refdesk@/{name}?host={quote(str(self.folder))}"


def with_password(url: str) -> str:
    """The address with its password in it."""
    return url.replace("refdesk@", f"refdesk:{quote(PASSWORD, safe='')}@", 1)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server, started now; a machine without one skips the test, or fails it under CI."""
    initdb, postgres = program("initdb"), program("postgres")
    if initdb is None or postgres is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    folder = Path(mkdtemp(prefix="pg"))  # the path of a socket must be short
    (folder / "password").write_text(PASSWORD)
    person = nobody()
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
        shutil.chown(folder / "password", "nobody")
    running: subprocess.Popen[bytes] | None = None
    try:
        made = ["-D", str(folder / "data"), "-U", "refdesk", "-E", "UTF8", "--no-sync", "--auth=scram-sha-256"]
        subprocess.run(
            [initdb, *made, f"--pwfile={folder / 'password'}"], check=True, stdout=subprocess.DEVNULL, **person
        )
        options = [part for setting in (*SETTINGS, f"unix_socket_directories={folder}") for part in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen([postgres, "-D", str(folder / "data"), *options], stderr=log, **person)
        wait_for(running, folder)
        yield Cluster(folder, count(1))
    finally:
        if running is not None:
            running.send_signal(signal.SIGQUIT)  # at once, since nothing of it is kept
            running.wait()
        shutil.rmtree(folder, ignore_errors=True)


def program(name: str) -> str | None:
    """A program of PostgreSQL, which Debian keeps out of the way."""
    found = [str(path) for path in sorted(DEBIAN.glob(f"*/bin/{name}"), reverse=True)]
    return shutil.which(name) or next(iter(found), None)


def nobody() -> dict[str, Any]:
    """How a process is run by nobody, since PostgreSQL refuses to run as root."""
    settled = {"cwd": "/", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.name != "posix" or os.getuid():
        return settled
    entry = pwd.getpwnam("nobody")
    return {**settled, "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def wait_for(running: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the server takes connections."""
    import psycopg

    while True:
        assert running.poll() is None, (folder / "log").read_text()
        try:
            psycopg.connect(host=str(folder), user="refdesk", password=PASSWORD, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
