"""Killed, crowded, full or damaged: what a memory acknowledged is there, and nothing is lost."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from agents.exceptions import StateError
from agents.memory import FileDumpMemory, MemoryBase, SQLiteMemory
from agents.message import Msg
from knowledge.errors import StorageError

ROOT = Path(__file__).parents[3]
TALKING = Path(__file__).with_name("talking.py")


def talking(kind: str, path: Path, name: str, *, count: int, size: int) -> subprocess.Popen[str]:
    arguments = [kind, str(path), name, str(count), str(size)]
    return subprocess.Popen(
        [sys.executable, str(TALKING), *arguments], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}
    )


def opened(kind: str, path: Path) -> MemoryBase:
    return FileDumpMemory(path) if kind == "file" else SQLiteMemory(path)


@pytest.mark.parametrize(("kind", "size"), [("file", 10), ("file", 20_000), ("sqlite", 1000)])
def test_what_was_acknowledged_survives_a_kill_and_turns_are_whole(tmp_path: Path, kind: str, size: int) -> None:
    for trial in range(4):
        path = tmp_path / f"history{trial}"
        with talking(kind, path, "child", count=100_000, size=size) as process:
            assert process.stdout is not None
            acknowledged = [int(process.stdout.readline()) for _ in range(20 + trial * 7)][-1]
            time.sleep(0.003 * trial)
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split("\n")
        acknowledged = max([acknowledged, *(int(line) for line in rest[:-1])])
        if kind == "file":
            assert isinstance(json.loads(path.read_bytes()), list)
        held = opened(kind, path).get_memory()
        assert len(held) % 2 == 0
        assert [msg.text.split()[0] for msg in held[::2]] == [str(at) for at in range(len(held) // 2)]
        assert len(held) // 2 >= acknowledged + 1


def test_a_plain_reader_always_sees_a_valid_array_with_what_was_acknowledged(tmp_path: Path) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    sizes: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            sizes.append(len(json.loads(memory.path.read_bytes())))

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(300):
        memory.add(Msg("user", f"message {at}"))
        assert len(json.loads(memory.path.read_bytes())) == at + 1
    stop.set()
    reader.join()
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(("kind", "size"), [("file", 10), ("file", 6000), ("sqlite", 10)])
def test_two_processes_lose_and_mix_nothing(tmp_path: Path, kind: str, size: int) -> None:
    path = tmp_path / "history"
    processes = [talking(kind, path, name, count=60, size=size) for name in ("one", "two")]
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    held = opened(kind, path).get_memory()
    assert len(held) == 240
    assert all(held[at].name == held[at + 1].name for at in range(0, 240, 2))
    for name in ("one", "two"):
        said = [msg.text.split()[0] for msg in held if msg.name == name]
        assert said == [str(at) for at in range(60) for _ in range(2)]


def test_a_second_reader_sees_an_append_at_once_beyond_the_journal_too(tmp_path: Path) -> None:
    one, two = FileDumpMemory(tmp_path / "history.json"), FileDumpMemory(tmp_path / "history.json")
    one.add(Msg("user", "x" * 300_000))
    one.add(Msg("user", "through the journal"))
    assert two._file.journal.exists()
    assert [msg.text for msg in two.get_memory(recent_n=1)] == ["through the journal"]
    two.add(Msg("user", "back"))
    assert [msg.text for msg in one.get_memory(recent_n=1)] == ["back"]
    deadline = time.monotonic() + 5
    while two._file.journal.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(json.loads(one.path.read_bytes())) == 3


def test_a_large_history_makes_appends_no_slower_than_the_journal(tmp_path: Path) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    memory.add([Msg("user", "x" * 1000) for _ in range(5000)])
    begin = time.perf_counter()
    for _ in range(100):
        memory.add(Msg("user", "more"))
    assert (time.perf_counter() - begin) / 100 < 0.01
    memory.flush()


def test_an_unfinished_line_of_the_journal_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    memory.add(Msg("user", "x" * 300_000))
    memory.add(Msg("user", "kept"))
    with memory._file.holding(), memory._file.journal.open("ab") as journal:
        journal.write(b'[{"name": "user", "conte')
    again = FileDumpMemory(memory.path)
    again.add(Msg("user", "after"))
    assert [msg.text for msg in again.get_memory(recent_n=2)] == ["kept", "after"]
    again.flush()
    assert len(json.loads(memory.path.read_bytes())) == 3


def test_a_journal_that_was_folded_already_adds_nothing(tmp_path: Path) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    memory.add(Msg("user", "x" * 300_000))
    memory.add(Msg("user", "once"))
    with memory._file.holding():
        journal = memory._file.journal.read_bytes()
        memory._file.fold()
        memory._file.journal.write_bytes(journal)
    assert memory.size() == 2


@pytest.mark.parametrize(
    "content", ["{}", "[1]", '[{"name": "user"}]', '[{"name": "u", "content": "x"}', "\0\0\0", '["x"] []']
)
def test_a_damaged_file_is_a_clear_error_and_stays_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "history.json"
    path.write_text(content)
    with pytest.raises(StateError, match=r"history\.json is no list of messages.*left as it is"):
        FileDumpMemory(path)
    assert path.read_text() == content


def test_a_file_damaged_later_is_never_written_over(tmp_path: Path) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    memory.add(Msg("user", "kept"))
    memory.path.write_text('[{"name": "user", "content": "kept"}, {"na')
    for attempt in (lambda: memory.add(Msg("user", "more")), memory.clear, memory.get_memory):
        with pytest.raises(StateError):
            attempt()
    assert memory.path.read_text().endswith('{"na')


def test_a_file_that_a_person_wrote_is_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('  [ {"name":"user",\n"content":"by hand"} ]  \n')
    memory = FileDumpMemory(path)
    memory.add(Msg("ada", "hello"))
    assert [record["content"] for record in json.loads(path.read_text())] == ["by hand", "hello"]


def test_an_empty_file_and_a_missing_folder_begin_a_conversation(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    for path in (tmp_path / "empty.json", tmp_path / "made" / "on the way" / "history.json"):
        memory = FileDumpMemory(path)
        memory.add(Msg("user", "first"))
        assert len(json.loads(path.read_text())) == 1
    assert json.loads(FileDumpMemory(tmp_path / "new.json").path.read_text()) == []


def test_a_place_that_may_not_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        FileDumpMemory(tmp_path / "file" / "history.json")
    with pytest.raises(StateError, match="is a folder"):
        FileDumpMemory(tmp_path)
    with pytest.raises(StorageError, match="cannot be used"):
        SQLiteMemory(tmp_path / "file" / "history.sqlite")


@pytest.mark.parametrize("size", [100, 300_000])
def test_a_full_disk_loses_nothing_and_the_next_message_goes_in(tmp_path: Path, size: int) -> None:
    memory = FileDumpMemory(tmp_path / "history.json")
    memory.add(Msg("user", "x" * size))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory.path.stat().st_size + 1000, hard))
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            memory.add(Msg("user", "y" * 400_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert memory.size() == 1
    memory.add(Msg("user", "after"))
    memory.flush()
    assert [record["content"][:5] for record in json.loads(memory.path.read_text())] == ["xxxxx", "after"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".new"] == []
