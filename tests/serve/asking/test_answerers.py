"""Who answers a program: the service, a bank alone, an agent of refdesk.yaml; as far as its caller may read."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.model import OpenAIChatModel
from agents.model.sampling import Sampling
from agents.testing import ScriptedModel, ScriptedServer, tool_call
from serve.asking.once import Once, Said, Taken, asked_once
from serve.security.identity import Caller
from serve.service import Service
from serve.turns.reply import Reply
from tests.serve.served import EXPEDITED, FAST, UNKNOWN, opened

AGENTS = """
agents:
  clerk:
    description: Knows about cards.
    instructions: You are a clerk.
    banks: [banking]
  poet:
    instructions: You write verse.
"""
PROGRAM = Caller("key", "k_1")
Open = Callable[..., Service]


@pytest.fixture
def open_with_agents(banks: Path, tmp_path: Path) -> Iterator[Open]:
    root = Path(shutil.copytree(banks, tmp_path / "root"))
    with (root / "refdesk.yaml").open("a", encoding="utf-8") as config:
        config.write(AGENTS)
    made: list[Service] = []

    def make(**settings: Any) -> Service:
        made.append(opened(root, tmp_path / "store.sqlite", **settings))
        return made[-1]

    yield make
    for service in made:
        service.close()


async def reply(service: Service, name: str, question: str, *history: Said, instructions: str = "") -> Reply:
    answerer = service.answerers.find(name)
    assert answerer is not None
    by = service.answerers.answering(answerer, instructions=instructions)
    async with Once(service.reception, by, asked_once(question, history, PROGRAM, "api")) as once:
        return await once.reply()


def test_everybody_has_one_name(open_with_agents: Open) -> None:
    service = open_with_agents()
    kinds = {one.name: one.kind for one in service.answerers.all()}
    assert kinds == {"refdesk": "service", "clerk": "agent", "poet": "agent", "aviation": "bank", "banking": "bank"}
    assert list(kinds) == ["refdesk", "clerk", "poet", "aviation", "banking"]
    assert service.answerers.find("nobody") is None


def test_what_is_not_served_has_none(open_with_agents: Open) -> None:
    service = open_with_agents(banks=["aviation"])
    assert [one.name for one in service.answerers.all()] == ["refdesk", "poet", "aviation"]


async def test_an_agent_quotes_with_citations_and_without_a_list_of_files(open_with_agents: Open) -> None:
    found = await reply(open_with_agents(), "clerk", FAST)
    assert EXPEDITED in found.text
    assert found.text.endswith("]")
    assert ".md" not in found.text
    assert found.citations[0].bank == "banking"
    assert (found.author, found.model, found.abstained) == ("clerk", None, False)
    nothing = await reply(open_with_agents(), "clerk", UNKNOWN)
    assert nothing.abstained


async def test_an_agent_hears_instructions_and_what_was_said(open_with_agents: Open) -> None:
    model = ScriptedModel(["Roses are red."])
    service = open_with_agents(model=model)
    before = (Said("user", "I like flowers."), Said("assistant", "So do I."))
    found = await reply(service, "poet", "A poem, please.", *before, instructions="Rhyme on blue.")
    assert found.text == "Roses are red."
    assert (found.model, found.citations) == ("scripted", ())
    asked = model.requests[0].text
    assert all(words in asked for words in ("You write verse.", "Rhyme on blue.", "I like flowers.", "So do I."))


async def test_what_a_model_took_is_counted(open_with_agents: Open) -> None:
    model = ScriptedModel([tool_call("search_documents", query=FAST), "Within 2–3 business days [1]."])
    service = open_with_agents(model=model)
    by = service.answerers.over(["banking"])
    async with Once(service.reception, by, asked_once(FAST, (), PROGRAM, "api")) as once:
        assert once.taken == Taken()
        await once.reply()
        assert once.taken.input_tokens > 0
    assert "aviation" not in str(model.requests[0].tools)


async def test_an_agents_model_is_asked_as_the_program_says(open_with_agents: Open) -> None:
    with ScriptedServer(["Roses are red."]) as server:
        service = open_with_agents(model=OpenAIChatModel("scripted", base_url=server.base_url))
        poet = service.answerers.find("poet")
        assert poet is not None
        by = service.answerers.answering(poet, sampling=Sampling(seed=7))
        async with Once(service.reception, by, asked_once("A poem, please.", (), PROGRAM, "api")) as once:
            assert (await once.reply()).text == "Roses are red."
    assert server.requests[0].body["seed"] == 7


def test_the_topic_is_the_last_question_that_stands_alone() -> None:
    history = [Said("user", FAST), Said("assistant", "x"), Said("user", "And by standard shipping?")]
    asked = asked_once("And to Alaska?", history, PROGRAM, "api")
    assert "replacement" in asked.conversation.topic
    assert "standard" in asked.conversation.topic
    assert [one.role for one in asked.history] == ["user", "assistant", "user"]
