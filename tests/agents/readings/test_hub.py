"""Hubs and pipelines as the tutorial's ambiguous lines are read, seen in what reaches the model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents import AgentBase, DialogAgent, ReActAgent
from agents.memory import FileDumpMemory, InMemoryMemory, MemoryBase
from agents.message import Msg
from agents.pipeline import FanoutPipeline, IfElsePipeline, MsgHub, SequentialPipeline, sequential_pipeline
from agents.testing import ScriptedServer
from tests.agents.readings.wire import assert_paired, said
from tests.agents.tutorial.conftest import Serve


def speaking(*names: str, kind: Any = DialogAgent) -> list[Any]:
    return [kind(name=name, sys_prompt=f"You are {name}.") for name in names]


def remembered(agent: AgentBase) -> list[str]:
    assert agent.memory is not None
    return [message.text for message in agent.memory.get_memory()]


def numbered(serve: Serve) -> ScriptedServer:
    """A model whose replies all differ."""
    return serve([lambda _, at=at: f"reply {at}" for at in range(1, 40)])  # type: ignore[misc]  # at is a default


@pytest.mark.parametrize("kind", [DialogAgent, ReActAgent])
async def test_replies_are_heard_and_inputs_are_not(serve: Serve, kind: Any) -> None:
    server = numbered(serve)
    one, two, three = speaking("One", "Two", "Three", kind=kind)
    async with MsgHub(participants=[one, two, three]):
        await one(Msg("user", "for One's ears"))
        await two("for Two's ears")
        await three()
    last = server.requests[-1].text
    assert "reply 1" in last
    assert "reply 2" in last
    assert "ears" not in last
    assert remembered(three) == ["reply 1", "reply 2", "reply 3"]


async def test_who_joins_later_hears_nothing_of_before_and_who_leaves_nothing_of_after(serve: Serve) -> None:
    numbered(serve)
    one, two, late = speaking("One", "Two", "Late")
    async with MsgHub([one, two], announcement=Msg("host", "Welcome.")) as hub:
        await one()
        hub.add(late)
        await two()
        hub.delete(two)
        await one()
        await two()
    await one()
    assert remembered(late) == ["reply 2", "reply 3"]
    assert remembered(two) == ["Welcome.", "reply 1", "reply 2", "reply 4"]
    assert remembered(one) == ["Welcome.", "reply 1", "reply 2", "reply 3", "reply 5"]


async def test_add_and_delete_take_one_or_several_and_mind_no_repetition(serve: Serve) -> None:
    numbered(serve)
    one, two, three, stranger = speaking("One", "Two", "Three", "Stranger")
    async with MsgHub([one]) as hub:
        hub.add([two, three])
        hub.add(two)
        hub.add([three, two])
        hub.delete(stranger)
        hub.delete([stranger, stranger])
        await one("speak")
        assert remembered(two) == remembered(three) == ["reply 1"]
        hub.delete([two, three])
        hub.delete(two)
        await one("speak on")
        await two("alone")
    assert remembered(two) == ["reply 1", "alone", "reply 3"]
    assert remembered(three) == ["reply 1"]
    assert "reply 3" not in remembered(one)


async def test_two_agents_of_one_name_are_two(serve: Serve) -> None:
    numbered(serve)
    one, twin = speaking("Same", "Same")
    async with MsgHub([one, twin]) as hub:
        await one()
        hub.delete(one)
        await one()
    assert remembered(twin) == ["reply 1"]


@pytest.mark.parametrize("memory", ["in memory", "in a file"])
async def test_what_comes_by_hub_and_by_pipeline_is_remembered_once(serve: Serve, memory: str) -> None:
    server = numbered(serve)

    def made(name: str) -> MemoryBase:
        return InMemoryMemory() if memory == "in memory" else FileDumpMemory(f"{name}.json")

    team = [ReActAgent(name=name, memory=made(name)) for name in ("One", "Two", "Three")]
    async with MsgHub(team) as hub:
        reply = await SequentialPipeline(team)(Msg("user", "Begin."))
        await hub.broadcast(reply)
        again = await sequential_pipeline(team, reply)
        gathered = await FanoutPipeline(team)(again)
    assert [one.name for one in gathered] == ["One", "Two", "Three"]
    for agent in team:
        texts = remembered(agent)
        assert len(texts) == len(set(texts)), texts
    for request in server.requests:
        words = [text for _, text in said(request)]
        assert len(words) == len(set(words)), words
    assert_paired(server.requests)


async def test_a_plan_broadcast_by_hand_is_heard_once(serve: Serve) -> None:
    server = numbered(serve)
    one, two = speaking("One", "Two")
    async with MsgHub([one, two]) as hub:
        plan = await one("Plan.")
        await hub.broadcast(plan)
        await hub.broadcast(plan)
        await two("Go on.")
    assert remembered(two) == ["reply 1", "Go on.", "reply 2"]
    assert remembered(one).count("reply 1") == 1
    assert server.requests[-1].text.count("reply 1") == 1


async def test_in_a_pipeline_without_a_message_every_agent_speaks(serve: Serve) -> None:
    server = numbered(serve)
    team = speaking("One", "Two", "Three", kind=ReActAgent)
    assert (await sequential_pipeline(team)).content == "reply 3"
    assert len(server.requests) == 3
    assert (await sequential_pipeline(agents=team, msg=None)).name == "Three"
    assert (await SequentialPipeline(team)()).name == "Three"
    assert (await SequentialPipeline(agents=team)("Hello")).name == "Three"
    for request in server.requests:
        assert any(role == "user" for role, _ in said(request)) or request.messages[-1]["role"] == "assistant"
    assert (await sequential_pipeline(speaking("Four"))).name == "Four"
    assert [role for role, _ in said(server.requests[-1])] == ["system", "user"]
    assert (await DialogAgent(name="Five")()).name == "Five"
    assert [role for role, _ in said(server.requests[-1])] == ["user"]


async def test_a_branch_may_be_a_list_missing_or_chosen_by_an_async_condition(serve: Serve) -> None:
    numbered(serve)
    one, two = speaking("One", "Two")

    async def wants(msg: Msg | None) -> bool:
        await asyncio.sleep(0)
        return msg is not None and "technical" in str(msg.content).lower()

    pipe = IfElsePipeline(condition_func=wants, if_body=[one, two])
    assert (await pipe(Msg("user", "A TECHNICAL one"))).name == "Two"
    passed = await pipe(Msg("user", "small talk"))
    assert passed.content == "small talk"
    both = IfElsePipeline(condition_func=wants, if_body=one, else_body=[two, one])
    assert (await both("Small talk")).name == "One"
    assert (await both("technical")).name == "One"
    nested = SequentialPipeline([both, IfElsePipeline(lambda msg: msg.name == "One", two, one)])
    assert (await nested("technical")).name == "Two"


async def test_a_hub_that_failed_passes_nothing_on_afterwards(serve: Serve) -> None:
    numbered(serve)
    one, two = speaking("One", "Two")

    async def failing() -> None:
        async with MsgHub(participants=[one, two]):
            await one()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    await one()
    assert remembered(two) == ["reply 1"]


async def test_the_same_agents_may_form_one_hub_after_another(serve: Serve) -> None:
    numbered(serve)
    one, two = speaking("One", "Two")
    for _ in range(3):
        async with MsgHub([one, two]):
            await one()
    assert remembered(two) == ["reply 1", "reply 2", "reply 3"]
