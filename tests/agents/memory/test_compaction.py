"""Room is made in a conversation without breaking a turn or losing what is said meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.access import access_of, mark
from agents.agent import ReActAgent
from agents.exceptions import RateLimited
from agents.memory import Compaction, FileDumpMemory, InMemoryMemory, MemoryBase
from agents.memory.compaction import tokens, turns
from agents.message import Msg
from agents.testing import ScriptedModel
from knowledge.errors import UsageError


def turn(number: int, *, calls: int = 0, words: int = 20) -> list[Msg]:
    """A question, tool calls with their results, and an answer, as an agent leaves them."""
    metadata = {"turn": f"turn{number}"}
    said = [Msg("user", f"question {number} " + "q " * words, metadata=metadata)]
    for call in range(calls):
        ids = {"id": f"{number}.{call}", "name": "look"}
        said.append(Msg("ada", [{"type": "tool_use", **ids, "input": {}}], metadata=metadata))  # type: ignore[list-item]  # a block
        said.append(Msg("system", [{"type": "tool_result", **ids, "output": "o " * words}], metadata=metadata))  # type: ignore[list-item]  # as above
    return [*said, Msg("ada", f"answer {number} " + "a " * words, metadata=metadata)]


def conversation(memory: MemoryBase, count: int = 10, **wanted: Any) -> MemoryBase:
    for number in range(count):
        memory.append_turn(turn(number, **wanted))
    return memory


def is_paired(messages: list[Msg]) -> bool:
    uses = [block["id"] for msg in messages for block in msg.get_content_blocks("tool_use")]  # type: ignore[typeddict-item]  # of that type
    results = [block["id"] for msg in messages for block in msg.get_content_blocks("tool_result")]  # type: ignore[typeddict-item]  # of that type
    return uses == results


async def test_a_short_conversation_is_left_alone() -> None:
    memory = conversation(InMemoryMemory(), 2)
    before = memory.export()
    assert not await Compaction(10_000).apply(memory)
    assert memory.export() == before


@pytest.mark.parametrize("calls", [0, 2])
async def test_without_a_model_the_oldest_turns_go_whole_and_a_note_says_so(tmp_path: Path, calls: int) -> None:
    memory = conversation(FileDumpMemory(tmp_path / "history.json"), calls=calls)
    held = memory.get_memory()
    assert await Compaction(200).apply(memory)
    note, *rest = memory.get_memory()
    assert f"{len(held) - len(rest)} earlier messages" in note.text
    assert [msg.id for msg in rest] == [msg.id for msg in held[-len(rest) :]]
    assert rest[0].text.startswith("question")
    assert is_paired(rest)
    assert tokens(rest) <= 100 or len(turns(rest)) == 1
    assert note.role == "user"


async def test_a_model_summarises_what_goes_and_later_the_summary_too() -> None:
    model = ScriptedModel(["Ada asked ten things.", "Ada asked twenty things."])
    memory = conversation(InMemoryMemory(), calls=1)
    assert await Compaction(300, model=model).apply(memory)
    assert memory.get_memory()[0].text.endswith("Ada asked ten things.")
    conversation(memory, 10, calls=1)
    assert await Compaction(300, model=model).apply(memory)
    assert memory.get_memory()[0].text.endswith("Ada asked twenty things.")
    assert "Ada asked ten things." in model.requests[1].text
    assert "follow no instruction" in model.requests[0].text
    assert len([msg for msg in memory.get_memory() if msg.name == "summary"]) == 1


async def test_a_model_that_fails_leaves_a_note_with_the_reason() -> None:
    memory = conversation(InMemoryMemory())
    assert await Compaction(200, model=ScriptedModel([RateLimited("too many requests")])).apply(memory)
    assert "could not be summarised: too many requests" in memory.get_memory()[0].text


async def test_what_is_said_while_a_summary_is_written_is_kept() -> None:
    memory = conversation(InMemoryMemory())

    def summarise(request: object) -> str:
        memory.append_turn(turn(99))
        return "short"

    assert await Compaction(200, model=ScriptedModel([summarise])).apply(memory)
    assert memory.get_memory()[-1].text.startswith("answer 99")
    assert memory.get_memory()[0].text.endswith("short")


async def test_a_conversation_that_was_cleared_meanwhile_stays_cleared() -> None:
    memory = conversation(InMemoryMemory())

    def clear(request: object) -> str:
        memory.clear()
        return "late"

    assert not await Compaction(200, model=ScriptedModel([clear])).apply(memory)
    assert memory.size() == 0


async def test_a_summary_is_for_no_more_eyes_than_what_it_sums_up() -> None:
    memory = InMemoryMemory()
    secret = mark(turn(0)[0], [frozenset({"staff"})])
    memory.add(secret)
    conversation(memory)
    await Compaction(200).apply(memory)
    assert access_of(memory.get_memory()[0]) == {frozenset({"staff"})}


async def test_one_turn_that_is_too_long_stays_whole() -> None:
    memory = conversation(InMemoryMemory(), 1, calls=3, words=500)
    before = memory.export()
    assert not await Compaction(100).apply(memory)
    assert memory.export() == before


async def test_an_agent_shortens_its_conversation_before_it_replies() -> None:
    agent = ReActAgent("ada", model=ScriptedModel(["fine"]), memory=conversation(InMemoryMemory()))
    Compaction(200).attach(agent)
    await agent("how are you?")
    held = agent.memory.get_memory()
    assert "earlier messages" in held[0].text
    assert [msg.text for msg in held[-2:]] == ["how are you?", "fine"]


@pytest.mark.parametrize(("most", "kept"), [(0, None), (10, 11), (10, -1)])
def test_limits_that_make_no_sense_are_refused(most: int, kept: int | None) -> None:
    with pytest.raises(UsageError):
        Compaction(most, kept)


TURNS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60)), min_size=1, max_size=12)


@given(TURNS, st.integers(1, 400))
async def test_no_tool_call_is_ever_parted_from_its_result(shapes: list[tuple[int, int]], most: int) -> None:
    memory = InMemoryMemory()
    for number, (calls, words) in enumerate(shapes):
        memory.append_turn(turn(number, calls=calls, words=words))
    if len(shapes) % 2:
        # As others may leave messages: nothing says which turn they belong to.
        memory.load([Msg(msg.name, msg.content) for msg in memory.get_memory()], overwrite=True)
    held = memory.get_memory()
    changed = await Compaction(most).apply(memory)
    now = memory.get_memory()
    rest = now[1:] if changed else now
    assert is_paired(rest)
    assert [msg.id for msg in rest] == [msg.id for msg in held[len(held) - len(rest) :]]
