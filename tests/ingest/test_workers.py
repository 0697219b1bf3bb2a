from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest.worker_process import ParserLimits, WorkerStartError
from ingest.workers import ParseJob, ParseResult, ParserPool
from knowledge.errors import LimitExceeded, NeedsPassword, ParseError

FUNCTIONS = "tests.ingest.worker_functions"
ROOT = Path(__file__).parents[2]
LIMITS = ParserLimits(seconds=30, memory_mb=400, max_file_mb=1)
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and resource limits")


def pool(function: str, *, size: int = 2, limits: ParserLimits = LIMITS, ahead: int = 16) -> ParserPool[int]:
    return ParserPool(size, limits, function=f"{FUNCTIONS}:{function}", ahead=ahead)


def obey(orders: Sequence[str], limits: ParserLimits = LIMITS) -> dict[str, ParseResult[int]]:
    with pool("obey", limits=limits) as parsers:
        for number, order in enumerate(orders):
            parsers.submit(ParseJob(number, f"{order}.txt", data=order.encode()))
        return {orders[result.job.token]: result for result in parsers.results()}


def error_of(result: ParseResult[Any]) -> ParseError:
    assert result.payload is None
    assert result.error is not None
    return result.error


def test_every_job_comes_back_with_its_token_and_its_content(tmp_path: Path) -> None:
    file = tmp_path / "b.md"
    file.write_bytes(b"12345")
    with pool("echo") as parsers:
        parsers.submit(ParseJob(1, "a.txt", data=b"123"))
        parsers.submit(ParseJob(2, "b.md", path=file))
        parsers.submit(ParseJob(3, "page", data=b"", suffix=".html"))
        results = {result.job.token: result.payload for result in parsers.results()}
    assert {token: (p and (p["size"], p["name"], p["suffix"])) for token, p in results.items()} == {
        1: (3, "a.txt", ".txt"),
        2: (5, "b.md", ".md"),
        3: (0, "page", ".html"),
    }


def test_workers_are_few_and_used_again() -> None:
    with pool("echo") as parsers:
        for number in range(60):
            parsers.submit(ParseJob(number, "a.txt"))
        processes = {result.payload["pid"] for result in parsers.results() if result.payload}
    assert 1 <= len(processes) <= 2


def test_a_pool_without_jobs_starts_no_process() -> None:
    before = set(psutil.Process().children())
    with pool("echo") as parsers:
        assert list(parsers.results()) == []
        assert set(psutil.Process().children()) == before


def test_a_pool_takes_more_jobs_after_its_results_were_read() -> None:
    with pool("echo") as parsers:
        for number in range(3):
            parsers.submit(ParseJob(number, "a.txt"))
            assert [result.job.token for result in parsers.results()] == [number]


@posix
@pytest.mark.parametrize("order", ["hang", "spin"])
def test_a_document_that_hangs_costs_only_itself(order: str) -> None:
    results = obey([order, "fine", "good", "well"], ParserLimits(seconds=1.5, memory_mb=400))
    error = error_of(results.pop(order))
    assert isinstance(error, LimitExceeded)
    assert error.sentence == (f"{order}.txt took longer than 1.5 seconds to read: split it, or raise ingest.seconds.")
    assert [result.payload and result.payload["order"] for result in results.values()] == ["fine", "good", "well"]


@posix
@pytest.mark.parametrize("order", ["swell", "grab"])
def test_a_document_that_eats_memory_costs_only_itself(order: str) -> None:
    results = obey([order, "fine"])
    error = error_of(results[order])
    assert isinstance(error, LimitExceeded)
    assert error.sentence == f"{order}.txt needs more than 400 MB to read: split it, or raise ingest.memory_mb."
    assert results["fine"].error is None


@posix
def test_a_parser_that_crashes_is_named_and_replaced() -> None:
    results = obey(["crash", "leave", "fine", "crash again"])
    assert error_of(results["crash"]).message == "crash.txt made its parser crash (SIGSEGV):"
    assert error_of(results["leave"]).message == "leave.txt made its parser crash (exit code 3):"
    assert results["fine"].error is None


def test_errors_cross_the_process_border_as_what_they_are() -> None:
    results = obey(["refuse", "fail", "recurse", "connect", "print"])
    refusal = error_of(results["refuse"])
    assert isinstance(refusal, NeedsPassword)
    assert refusal.sentence == "it is encrypted: decrypt it."
    assert str(error_of(results["fail"])).startswith("fail.txt could not be read (KeyError: 'no such thing')")
    assert "RecursionError" in str(error_of(results["recurse"]))
    assert "may not use the network" in str(error_of(results["connect"]))
    assert results["print"].error is None


def test_a_file_that_cannot_be_opened_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"x" * (3 << 19))
    with pool("echo") as parsers:
        parsers.submit(ParseJob(0, "missing.txt", path=tmp_path / "missing.txt"))
        parsers.submit(ParseJob(1, "folder.txt", path=tmp_path))
        parsers.submit(ParseJob(2, "large.txt", path=tmp_path / "large.txt"))
        parsers.submit(ParseJob(3, "stdin", data=b"x" * (2 << 20)))
        sentences = {result.job.token: error_of(result).sentence for result in parsers.results()}
    assert sentences == {
        0: "missing.txt is gone: it was removed or renamed since the folder was listed.",
        1: "folder.txt is not a regular file: name a file or a folder.",
        2: "large.txt has 1.5 MB, more than the limit of 1 MB: split it, or raise ingest.max_file_mb.",
        3: "stdin has 2.0 MB, more than the limit of 1 MB: split it, or raise ingest.max_file_mb.",
    }


@posix
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pool("echo") as parsers:
        parsers.submit(ParseJob(0, "pipe.txt", path=tmp_path / "pipe.txt"))
        assert "is not a regular file" in str(error_of(next(parsers.results())))


@posix
def test_a_file_name_that_is_not_unicode_is_found(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.txt")
    file.write_bytes(b"1234")
    with pool("echo") as parsers:
        parsers.submit(ParseJob(0, file.name, path=file))
        (result,) = parsers.results()
    assert result.payload
    assert (result.payload["size"], result.payload["name"]) == (4, file.name)


def test_keys_stay_with_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    with pool("environment") as parsers:
        parsers.submit(ParseJob(0, "a"))
        (result,) = parsers.results()
    assert result.payload
    assert not [name for name in result.payload["names"] if name.endswith(("_API_KEY", "_TOKEN"))]
    assert "DO_NOT_TRACK" in result.payload["names"]


def test_a_worker_that_cannot_start_is_an_error_of_the_batch() -> None:
    with ParserPool[int](1, LIMITS, function="ingest.no_such_module:read") as parsers:
        parsers.submit(ParseJob(0, "a.txt"))
        with pytest.raises(WorkerStartError, match="could not be started") as caught:
            list(parsers.results())
    assert "no_such_module" in caught.value.hint


def test_results_do_not_pile_up_when_nobody_takes_them() -> None:
    with pool("large", ahead=2) as parsers:
        for number in range(40):
            parsers.submit(ParseJob(number, "a.txt", data=b"100000"))
        results = parsers.results()
        next(results)
        time.sleep(1)
        assert len(parsers._results) <= 2 + 2
        assert sum(1 for _ in results) == 39


def test_closing_a_busy_pool_ends_its_processes_at_once() -> None:
    others = set(psutil.Process().children())
    started = time.monotonic()
    with pool("obey") as parsers:
        for number in range(10):
            parsers.submit(ParseJob(number, "a.txt", data=b"hang"))
        time.sleep(0.5)
        workers = set(psutil.Process().children()) - others
    assert time.monotonic() - started < 30  # each job may take longer than that
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]


SCRIPT = f"""
import sys, time
from ingest.worker_process import ParserLimits
from ingest.workers import ParseJob, ParserPool
with ParserPool(2, ParserLimits(), function="{FUNCTIONS}:obey") as pool:
    for number, order in enumerate(("fine", "fine", "spin", "hang")):
        pool.submit(ParseJob(number, "a.txt", data=order.encode()))
    for result in pool.results():
        print(result.payload["pid"], flush=True)
"""


@posix
def test_no_worker_outlives_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    gone, left = psutil.wait_procs(set(workers), timeout=10)
    assert not left, gone


@posix
def test_ctrl_c_leaves_no_traceback_of_a_worker() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    assert parent.stdout
    workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=20)
    assert errors.count(b"Traceback") == 1
    assert b"worker_main" not in errors
    assert not psutil.wait_procs(set(workers), timeout=10)[1]
