"""What every memory promises, wherever it keeps a conversation."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from agents.exceptions import StateError
from agents.memory import FileDumpMemory, InMemoryMemory, MemoryBase, SQLiteMemory
from agents.memory.memory import NoSuchMessage
from agents.message import Msg
from knowledge.errors import UsageError

MAKERS: dict[str, Callable[[Path], MemoryBase]] = {
    "in_memory": lambda _: InMemoryMemory(),
    "file": lambda folder: FileDumpMemory(folder / "history.json"),
    "sqlite": lambda folder: SQLiteMemory(folder / "history.sqlite", "talk"),
}


@pytest.fixture(params=MAKERS)
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryBase:
    return MAKERS[request.param](tmp_path)


def texts(memory: MemoryBase, **wanted: Any) -> list[str]:
    return [msg.text for msg in memory.get_memory(**wanted)]


def filled(memory: MemoryBase, count: int = 5) -> MemoryBase:
    memory.add([Msg("user" if at % 2 == 0 else "ada", str(at)) for at in range(count)])
    return memory


async def test_calls_take_effect_at_once_may_be_awaited_and_warn_nobody(memory: MemoryBase) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        memory.add(Msg("user", "Hello"))
        assert texts(memory) == ["Hello"]
        await memory.add(Msg("assistant", "Hi there!"))
        assert [msg.text for msg in await memory.get_memory(recent_n=10)] == ["Hello", "Hi there!"]
        assert await memory.size() == 2 == memory.size() == len(memory)
        assert await memory.export() == memory.export()
        await memory.delete(0)
        await memory.load(memory.export(), overwrite=True)
        await memory.clear()
        assert texts(memory) == []


def test_the_last_messages_are_given_none_for_zero_and_an_error_below(memory: MemoryBase) -> None:
    filled(memory)
    assert texts(memory, recent_n=2) == ["3", "4"]
    assert texts(memory, recent_n=0) == []
    assert texts(memory, recent_n=99) == ["0", "1", "2", "3", "4"]
    for wrong in (-1, 1.5, "2", True):
        with pytest.raises(ValueError, match="recent_n"):
            memory.get_memory(recent_n=wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_filter_is_a_function_or_the_values_of_fields(memory: MemoryBase) -> None:
    filled(memory)
    assert texts(memory, filter=lambda msg: msg.text > "2") == ["3", "4"]
    assert texts(memory, filter={"name": "ada"}) == ["1", "3"]
    assert texts(memory, filter={"role": "user"}, recent_n=1) == ["4"]
    with pytest.raises(UsageError, match="A filter is"):
        memory.get_memory(filter=3)  # type: ignore[arg-type]  # wrong on purpose


def test_a_message_is_remembered_once_by_its_id(memory: MemoryBase) -> None:
    msg = Msg("user", "once")
    memory.add([msg, msg])
    memory.add(Msg.from_dict(msg.to_dict()))
    assert texts(memory) == ["once"]
    memory.add(msg, allow_duplicates=True)
    assert texts(memory) == ["once", "once"]
    memory.add(None)
    memory.add([])
    assert memory.size() == 2


@pytest.mark.parametrize("wrong", ["text", 3, [3], ["text"]])
def test_what_is_no_message_is_refused_and_changes_nothing(memory: MemoryBase, wrong: Any) -> None:
    with pytest.raises(UsageError):
        memory.add(wrong)
    assert memory.size() == 0


def test_messages_are_deleted_by_index_and_by_id(memory: MemoryBase) -> None:
    held = filled(memory).get_memory()
    memory.delete([0, -1])
    assert texts(memory) == ["1", "2", "3"]
    memory.delete(held[2].id)
    memory.delete(held[3])
    assert texts(memory) == ["1"]
    for missing in (5, -2, "no such id", [0, 7]):
        with pytest.raises(NoSuchMessage):
            memory.delete(missing)
    assert texts(memory) == ["1"]
    memory.delete([])


def test_an_export_is_json_and_loads_again_from_data_text_and_file(memory: MemoryBase, tmp_path: Path) -> None:
    filled(memory, 3)
    memory.add(
        Msg("ada", [{"type": "text", "text": "half \ud800 pair, 名前"}], metadata={"odd": {1, 2}, "nan": float("nan")})
    )
    exported = memory.export(tmp_path / "export.json")
    assert json.loads(json.dumps(exported)) == exported
    for source in (exported, json.dumps(exported), str(tmp_path / "export.json"), tmp_path / "export.json"):
        other = InMemoryMemory()
        other.load(source)
        assert other.export() == exported
    memory.load(exported)
    assert memory.size() == 4
    memory.load([Msg("user", "new")], overwrite=True)
    assert texts(memory) == ["new"]


@pytest.mark.parametrize("wrong", ["[1]", "{", "[[]]", 3, {"a": 1}, "[" * 100_000])
def test_what_is_no_export_is_refused_and_changes_nothing(memory: MemoryBase, wrong: Any) -> None:
    filled(memory, 2)
    with pytest.raises((StateError, UsageError)):
        memory.load(wrong, overwrite=True)
    assert memory.size() == 2


def test_a_state_replaces_the_conversation(memory: MemoryBase) -> None:
    filled(memory, 3)
    state = json.loads(json.dumps(memory.state_dict()))
    other = filled(InMemoryMemory(), 2)
    other.load_state_dict(state)
    assert other.export() == memory.export()
    with pytest.raises(KeyError, match="lacks 'content'"):
        memory.load_state_dict({})
    with pytest.raises(StateError, match="later than"):
        memory.load_state_dict(state | {"$version": 99})
    memory.load_state_dict({"content": []})
    assert memory.size() == 0


def test_a_memory_travels_between_processes(memory: MemoryBase) -> None:
    filled(memory, 2)
    other = pickle.loads(pickle.dumps(memory))
    assert texts(other) == ["0", "1"]
    other.add(Msg("user", "more"))
    assert texts(other)[-1] == "more"


def test_turns_of_threads_never_mix(memory: MemoryBase) -> None:
    def talk(name: str) -> None:
        for turn in range(10):
            memory.append_turn([Msg(name, f"{turn} {step}") for step in range(3)])

    threads = [threading.Thread(target=talk, args=[f"t{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = memory.get_memory()
    assert len(held) == 120
    for at in range(0, 120, 3):
        turn = held[at : at + 3]
        assert len({msg.name for msg in turn}) == 1
        assert [msg.text.split()[1] for msg in turn] == ["0", "1", "2"]


async def test_a_memory_may_be_used_by_many_tasks(memory: MemoryBase) -> None:
    async def say(text: str) -> None:
        await memory.add(Msg("user", text))

    await asyncio.gather(*[say(str(n)) for n in range(50)])
    assert sorted(texts(memory), key=int) == [str(n) for n in range(50)]


MESSAGES = st.lists(st.text(max_size=30), max_size=4)


class Talk(RuleBasedStateMachine):
    """A memory against a plain list, with the object made anew at any moment."""

    kind = "in_memory"
    ids = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.memory = MAKERS[self.kind](Path(self.folder.name))
        self.model: list[Msg] = []

    @rule(said=MESSAGES)
    def add(self, said: list[str]) -> None:
        turn = [Msg("user", text) for text in said]
        self.memory.append_turn(turn)
        self.model += turn

    @rule(at=st.integers(0, 9))
    def add_again(self, at: int) -> None:
        if at < len(self.model):
            self.memory.add(self.model[at])

    @rule(at=st.integers(-9, 9))
    def delete(self, at: int) -> None:
        if -len(self.model) <= at < len(self.model):
            self.memory.delete(at)
            del self.model[at]
        else:
            with pytest.raises(IndexError):
                self.memory.delete(at)

    @rule()
    def clear(self) -> None:
        self.memory.clear()
        self.model = []

    @rule(size=st.integers(200_000, 400_000))
    def say_much(self, size: int) -> None:
        self.add(["x" * size])

    @rule()
    def open_again(self) -> None:
        if self.kind != "in_memory":
            self.memory = MAKERS[self.kind](Path(self.folder.name))

    @invariant()
    def holds_the_same(self) -> None:
        assert [msg.to_dict() for msg in self.memory.get_memory()] == [msg.to_dict() for msg in self.model]

    @invariant()
    def is_one_valid_array(self) -> None:
        if isinstance(self.memory, FileDumpMemory):
            assert isinstance(json.loads(self.memory.path.read_bytes()), list)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_memory_is_a_list_of_messages_whatever_happens(kind: str) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type(f"Talk_{kind}", (Talk,), {"kind": kind})
    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=15, deadline=None))


def test_conversations_in_one_file_are_apart(tmp_path: Path) -> None:
    one, two = SQLiteMemory(tmp_path / "all.sqlite", "one"), SQLiteMemory(tmp_path / "all.sqlite", "two'; --")
    one.add(Msg("user", "first"))
    two.add(Msg("user", "second"))
    assert (texts(one), texts(two)) == (["first"], ["second"])
    assert one.conversations() == ["one", "two'; --"]
    one.clear()
    assert texts(two) == ["second"]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
