"""Memory beyond one conversation, on a real bank with real embeddings."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import pytest

from agents.access import mark
from agents.agent import ReActAgent
from agents.memory import LongTermMemory
from agents.message import Msg
from agents.testing import ScriptedModel
from agents.tool import Toolkit
from knowledge.errors import UsageError
from knowledge.library import Library


async def test_what_was_said_is_found_by_its_meaning(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    assert await memory.retrieve("anything?") == ""
    await memory.record(
        [
            Msg("ada", "My cat is called Tom."),
            Msg("ada", "I work in Lisbon as a nurse."),
            Msg("bob", "The train is late."),
        ]
    )
    found = await memory.retrieve(Msg("user", "What is the name of the pet?"), limit=1)
    assert found.startswith("ada (")
    assert found.endswith(": My cat is called Tom.")
    assert "Lisbon" in await memory.retrieve("Where is her job?", limit=1)


async def test_a_message_is_remembered_once_and_is_no_answer_to_itself(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    question = Msg("ada", "Where do I live?")
    await memory.record([question])
    await memory.record([question, Msg("ada", "I live in Porto.")])
    found = (await memory.retrieve(question)).splitlines()
    assert [line.partition(": ")[2] for line in found] == ["I live in Porto."]


async def test_owners_never_see_each_others_memories_even_of_the_same_words(tmp_path: Path) -> None:
    ada, bob = LongTermMemory(root=tmp_path, owner="ada"), LongTermMemory(root=tmp_path, owner="bob")
    await ada.record([Msg("user", "I like green tea."), Msg("user", "My pin is 1234.")])
    await bob.record([Msg("user", "I like green tea.")])
    assert "green tea" in await ada.retrieve("tea")
    assert "green tea" in await bob.retrieve("tea")
    assert "1234" not in await bob.retrieve("What is the pin?")
    ada.clear()
    assert await ada.retrieve("tea") == ""
    assert "green tea" in await bob.retrieve("tea")
    await ada.record(Msg("user", "I prefer coffee."))
    assert "coffee" in await ada.retrieve("drink")


async def test_restricted_and_empty_messages_and_tool_calls_are_not_remembered(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    call = Msg("ada", [{"type": "tool_use", "id": "1", "name": "look", "input": {"secret": "word"}}])
    restricted = mark(Msg("ada", "The top pay band begins at 91,000 crowns."), [frozenset({"staff"})])
    await memory.record([restricted, Msg("ada", "  "), call, None])
    assert await memory.retrieve("pay band secret word") == ""


async def test_memories_recorded_at_once_are_all_there(tmp_path: Path) -> None:
    memories = [LongTermMemory(root=tmp_path, limit=20) for _ in range(3)]
    await asyncio.gather(*[memory.record(Msg("ada", f"Fact number {at}.")) for at, memory in enumerate(memories * 2)])
    found = await memories[0].retrieve("fact number")
    assert sorted(line[-2] for line in found.splitlines()) == list("012345")


async def test_it_travels_between_processes(tmp_path: Path) -> None:
    memory = LongTermMemory("notes", owner="ada", root=tmp_path)
    await memory.record("My cat is called Tom.")
    assert "Tom" in await pickle.loads(pickle.dumps(memory)).retrieve("cat")


async def test_an_agent_is_told_what_was_remembered_and_remembers_what_was_said(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    await memory.record(Msg("user", "My cat is called Tom."))
    model = ScriptedModel(["Tom is your cat."])
    await ReActAgent("ada", model=model, long_term_memory=memory)("Who is Tom?")
    assert "My cat is called Tom." in model.requests[0].text
    assert "Tom is your cat." in await memory.retrieve("cat")


async def test_its_tools_remember_and_look_up(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    toolkit = Toolkit()
    for tool in memory.tools():
        toolkit.register_tool_function(tool)
    done = await toolkit.execute_tool_function("record_to_memory", {"content": ["Ada lives in Porto."]})
    assert done.text == "Remembered 1 facts."
    found = await toolkit.execute_tool_function("retrieve_from_memory", {"keywords": ["Where does Ada live?", "Porto"]})
    assert found.text.count("Ada lives in Porto.") == 1


async def test_long_and_odd_messages_are_remembered_and_the_bank_stays_sound(tmp_path: Path) -> None:
    memory = LongTermMemory(root=tmp_path)
    long = "\n\n".join(f"Paragraph {at} speaks about the number {at * 7}." for at in range(200))
    odd = ["half \ud800 pair about whales", " \n\n\t\n gaps \n \n about otters \n", "a" * 5000, "名前はアダです。"]
    await memory.record([Msg("ada", text) for text in [long, *odd]])
    assert "whales" in await memory.retrieve("whales")
    assert "otters" in await memory.retrieve("otters")
    assert "number 700" in await memory.retrieve("paragraph 100")
    assert Library(tmp_path).bank("long-term-memory").verify().sound


def test_no_memories_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="limit"):
        LongTermMemory(limit=0)
