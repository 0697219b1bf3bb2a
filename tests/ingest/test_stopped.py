"""Ctrl-C, a full disk, two ingests at once: one clear sentence each, and a sound bank."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.library import Library
from tests.ingest.writing import write

pytestmark = pytest.mark.long

POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="signals and file size limits of POSIX")
PROGRESS = re.compile(r"hr: [\d,]+ of [\d,]+ files, ")


def handbook(folder: Path, count: int, extra: str = "") -> Path:
    for number in range(count):
        write(folder / f"{number:03}.md", f"# Page {number}\n\nRule {number} is simple. {extra}\n")
    return folder


def refdesk(*arguments: str | Path, limit: int = 0) -> subprocess.Popen[str]:
    """The command itself; with `limit`, no file of its may grow beyond so many bytes."""

    def restrict() -> None:
        if limit:
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "serve.cli", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=restrict if limit else None)


def completed(*arguments: str | Path) -> tuple[int, str]:
    """The command, left alone: exit code and all it said."""
    process = refdesk(*arguments)
    said, complained = process.communicate(timeout=120)
    return process.returncode, said + complained


def only_line(complained: str) -> str:
    """The one line of an error, apart from those that tell how far a slow run is."""
    (line,) = [line for line in complained.splitlines() if not PROGRESS.match(line)]
    return line


def verified(root: Path) -> bool:
    return Library(root).bank("hr").verify().sound


@POSIX_ONLY
def test_ctrl_c_keeps_what_is_in_and_the_same_command_goes_on(tmp_path: Path) -> None:
    docs, root = handbook(tmp_path / "docs", 1000), tmp_path / "root"
    Library(root).create("hr").close()
    process = refdesk("--root", root, "ingest", docs, "--bank", "hr")
    wait_for_documents(root, process)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 130, complained
    found = re.search(r"stopped: (\d+) documents? went in; run the same command to go on\.", complained)
    assert found
    assert "Traceback" not in complained
    assert 0 < int(found[1]) < 1000
    assert verified(root)
    code, said = completed("--root", root, "ingest", docs, "--bank", "hr")
    assert f"{1000 - int(found[1]):,} new, {found[1]} unchanged" in said
    assert code == 0
    assert verified(root)


def wait_for_documents(root: Path, process: subprocess.Popen[str]) -> None:
    """Returns when some documents are live."""
    bank = Library(root).bank("hr")
    while process.poll() is None:
        if bank.catalog.counts()[0]:
            bank.close()
            return
    raise AssertionError(process.communicate())


@POSIX_ONLY
@pytest.mark.parametrize("limit", [100_000, 200_000])
def test_a_full_disk_is_one_sentence_and_leaves_a_sound_bank(tmp_path: Path, limit: int) -> None:
    docs, root = handbook(tmp_path / "docs", 30, "Words follow. " * 80), tmp_path / "root"
    assert completed("--root", root, "ingest", docs / "000.md", "--bank", "hr")[0] == 0
    process = refdesk("--root", root, "ingest", docs, "--bank", "hr", limit=limit)
    _, complained = process.communicate(timeout=60)
    assert process.returncode == 1, complained
    assert re.match(r"Error: .*space", only_line(complained))
    assert verified(root)
    assert completed("--root", root, "ingest", docs, "--bank", "hr")[0] == 0
    assert verified(root)


def test_an_ingest_beside_another_writer_is_one_sentence(tmp_path: Path) -> None:
    docs, root = handbook(tmp_path / "docs", 2), tmp_path / "root"
    with Library(root).create("hr").writer():
        code, said = completed("--root", root, "ingest", docs, "--bank", "hr")
    assert (code, len(said.splitlines())) == (1, 1), said
    assert "Another process is writing to the bank 'hr'" in said


@pytest.mark.skipif(not shutil.which("mount") or os.name == "nt" or os.geteuid() != 0, reason="needs a small disk")
def test_a_disk_that_is_really_full_is_one_sentence(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        docs = handbook(tmp_path / "docs", 30, "Words follow. " * 80)
        process = refdesk("--root", disk, "ingest", docs, "--bank", "hr")
        _, complained = process.communicate(timeout=60)
        assert process.returncode == 1, complained
        assert only_line(complained).startswith("Error: ")
        subprocess.run(["mount", "-o", "remount,size=60m", str(disk)], check=True)
        assert completed("--root", disk, "ingest", docs, "--bank", "hr")[0] == 0
        assert verified(disk)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
