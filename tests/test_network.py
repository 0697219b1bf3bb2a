"""The default path, from documents to a cited answer, opens no connection at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import write_handbook

ROOT = Path(__file__).parent.parent
WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")

# Written into `sitecustomize.py`: every Python process of the test reports what it tries to reach.
WATCH = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        target = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
        if not isinstance(target, (str, bytes)) or event.startswith("socket.get"):
            with open(os.environ["XDG_CACHE_HOME"] + "/reached.txt", "a") as file:
                file.write(f"{event} {target!r} {sys.argv}\\n")
sys.addaudithook(watch)
"""


@cache
def can_leave_the_network() -> bool:
    tool = shutil.which(WITHOUT_NETWORK[0])
    return bool(tool) and subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def isolation() -> tuple[str, ...]:
    """What to put before a command so that it has no network; only outside CI may a machine lack it."""
    if not can_leave_the_network():
        assert not os.environ.get("CI"), "this machine cannot take the network from a process"
        pytest.skip("this machine cannot take the network from a process (unshare --net)")
    return WITHOUT_NETWORK


def test_documents_become_a_cited_answer_without_any_network(tmp_path: Path, isolation: tuple[str, ...]) -> None:
    root = write_handbook(tmp_path / "root")
    watcher = tmp_path / "watcher"
    watcher.mkdir()
    (watcher / "sitecustomize.py").write_text(WATCH, "utf-8")
    cache_folder = tmp_path / "cache"
    cache_folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(watcher), str(ROOT)]),
        "XDG_CACHE_HOME": str(cache_folder),
        "OPENAI_API_KEY": "a key in the environment enables nothing",
    }

    def run(*arguments: str) -> str:
        command = [*isolation, sys.executable, "-m", "serve", "--root", str(root), *arguments]
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("ingest", "--config", str(root / "refdesk.yaml"))
    answer = json.loads(run("ask", "How many days of paid leave does every employee have?", "--json"))
    assert "25 days" in answer["citations"][0]["quote"]
    assert answer["model"] is None
    assert not (cache_folder / "reached.txt").exists(), (cache_folder / "reached.txt").read_text("utf-8")


def test_tests_themselves_reach_loopback_only() -> None:
    import socket

    with socket.socket() as probe, pytest.raises(Exception, match="allowed"):
        probe.connect(("192.0.2.1", 80))
