"""`refdesk serve` as a process: it says where it is, ends when told to, and loses nothing when it is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ingest.deployment import jobs
from knowledge.errors import UsageError
from knowledge.settings import process_environment
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell, open_shell
from serve.cli import main
from serve.samples import ready_shell, service_shell
from serve.serving import listening_socket
from tests.serve.served import FAST, answer_of, events_in

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and its address."""
    command = [sys.executable, "-m", "serve", "serve", "--port", "0", "--json", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    try:
        line = running.stdout.readline()
        assert line, running.stderr.read()
        yield running, json.loads(line)["url"]
    finally:
        running.kill()
        running.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somewhere to serve, with a document that was never ingested."""
    home = tmp_path_factory.mktemp("home")
    (home / "documents").mkdir()
    text = "# Replacement cards\n\nExpedited shipping takes 2 to 3 business days. Standard delivery takes 10 days.\n"
    (home / "documents" / "cards.md").write_text(text, "utf-8")
    (home / "refdesk.yaml").write_text("banks:\n  cards:\n    title: Cards\n    sources: [documents]\n", "utf-8")
    return home


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(folder: Path) -> None:
    with process(folder) as (running, url), httpx.Client(base_url=url, timeout=60) as client:
        id = client.post("/api/conversations", json={}).json()["id"]
        first = client.post(f"/api/conversations/{id}/messages", json={"id": uuid4().hex, "text": FAST})
        answer = answer_of(events_in(first.text))
        assert client.post(f"/api/messages/{answer['id']}/feedback", json={"rating": "up"}).status_code == 204
        last = uuid4().hex
        body = {"id": last, "text": "And by standard delivery?"}
        with client.stream("POST", f"/api/conversations/{id}/messages", json=body) as response:
            assert next(response.iter_lines()) == "event: accepted"
            running.send_signal(signal.SIGKILL)
            running.wait()
    with process(folder) as (running, url), httpx.Client(base_url=url, timeout=60) as client:
        said = client.get(f"/api/conversations/{id}").json()["messages"]
        assert said[1] == {**answer, "feedback": {"rating": "up", "reason": ""}}
        assert [one["id"] for one in said[:3]] == [said[0]["id"], answer["id"], last]
        assert said[3]["status"] in ("failed", "complete")
        again = client.post(f"/api/conversations/{id}/retry", json={"message": last})
        assert "10 days" in answer_of(events_in(again.text))["text"]
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


def test_a_second_process_does_not_serve_from_the_same_file(folder: Path) -> None:
    with process(folder):
        command = [sys.executable, "-m", "serve", "serve", "--port", "0"]
        second = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert second.returncode == 2
    assert "Another `refdesk serve` uses" in second.stderr


def test_it_says_who_may_do_everything_until_there_is_a_key(folder: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(folder, tmp_path / "home"))
    with process(home) as (running, _):
        running.terminate()
        assert "No key was made yet: everybody at this machine may do everything." in running.communicate(timeout=20)[1]
    make = [sys.executable, "-m", "serve", "keys", "create", "desk", "--scope", "admin"]
    subprocess.run(make, cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    with process(home) as (running, _):
        running.terminate()
        assert "No key" not in running.communicate(timeout=20)[1]


def test_it_serves_other_machines_with_keys_only(folder: Path) -> None:
    command = [sys.executable, "-m", "serve", "serve", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no key is set up" in done.stderr


def test_a_port_that_is_taken_is_told_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"port {port}, is taken: .*--port 0"):
            listening_socket("127.0.0.1", port)


def test_an_address_of_another_machine_is_told_in_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1 is no address of this machine"):
        listening_socket("192.0.2.1", 0)


def bare_shell(root: Path) -> Shell:
    return Shell(root, None, process_environment())


def test_without_samples_it_says_how_to_ingest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="refdesk init"):
        ready_shell(bare_shell(tmp_path), samples=tmp_path / "nothing")


def test_the_samples_are_served_where_nothing_is_configured(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "documents").mkdir(parents=True)
    for name in ("refdesk.yaml", "documents/cards.md"):
        (tmp_path / "data" / name).write_bytes((folder / name).read_bytes())
    ready = ready_shell(bare_shell(tmp_path / "empty"), samples=tmp_path / "data")
    assert ready.root == tmp_path / "data"
    assert open_library(ready).names() == ("cards",)
    elsewhere = replace(bare_shell(tmp_path / "given"), root_given=True)
    assert ready_shell(elsewhere, samples=tmp_path / "data").root == tmp_path / "given"
    assert open_library(elsewhere).names() == ("cards",)


def test_a_configuration_without_banks_says_how_to_ingest(tmp_path: Path) -> None:
    (tmp_path / "refdesk.yaml").write_text("server:\n  title: x\n", "utf-8")
    shell = Shell(tmp_path, tmp_path / "refdesk.yaml", process_environment())
    with pytest.raises(UsageError, match="refdesk ingest"):
        ready_shell(shell)


def test_a_new_user_gets_a_service_that_answers_once_there_are_documents(folder: Path, tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    with process(tmp_path) as (running, url), httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/api/ask", json={"question": FAST}).json()["abstained"]
        shutil.copy(folder / "documents" / "cards.md", tmp_path / "documents")
        shell = open_shell(process_environment(), root=None, folder=tmp_path, offline=True)
        for job in jobs(shell, (), ()):
            assert not job.run(open_library(shell)).failed
        assert "**2 to 3** business days" in client.post("/api/ask", json={"question": FAST}).json()["text"]
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=20)
    assert f"The bank documents is empty: put documents into {tmp_path / 'documents'}, then run" in told


def test_documents_that_came_before_the_next_start_are_ingested_then(folder: Path, tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    shell = open_shell(process_environment(), root=None, folder=tmp_path, offline=True)
    ready_shell(shell)
    assert open_library(shell).bank("documents").catalog.counts()[0] == 0
    shutil.copy(folder / "documents" / "cards.md", tmp_path / "documents")
    ready_shell(shell)
    assert open_library(shell).bank("documents").catalog.counts()[0] == 1


def test_a_source_that_is_not_there_is_told_still(tmp_path: Path) -> None:
    (tmp_path / "refdesk.yaml").write_text("banks: {cards: {title: Cards, sources: [nothing]}}\n", "utf-8")
    with pytest.raises(UsageError, match="nothing"):
        ready_shell(Shell(tmp_path, tmp_path / "refdesk.yaml", process_environment()))


def test_keys_and_backups_are_about_what_would_be_served_and_say_where(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = Path(shutil.copytree(folder, tmp_path / "samples", ignore=shutil.ignore_patterns("refdesk.sqlite*")))
    bare = bare_shell(tmp_path / "elsewhere")
    assert service_shell(bare, samples=samples).root == samples == ready_shell(bare, samples=samples).root
    assert str(samples) in capsys.readouterr().err
    without = service_shell(bare, samples=tmp_path / "nothing")
    assert without.root == tmp_path / "elsewhere"
    assert str(tmp_path / "elsewhere") in capsys.readouterr().err
    configured = Shell(samples, samples / "refdesk.yaml", process_environment())
    assert service_shell(configured, samples=samples) is configured
    given = replace(bare_shell(tmp_path / "given"), root_given=True)
    assert service_shell(given, samples=samples).root == tmp_path / "given"
