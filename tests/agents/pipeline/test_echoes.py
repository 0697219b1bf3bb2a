"""Hubs in circles, and agents who broadcast to themselves: every message ends, and what was said stays whole."""

from __future__ import annotations

import asyncio

import pytest

from agents.agent import AgentBase
from agents.message import Msg
from agents.pipeline import MsgHub
from agents.pipeline.echoes import DEEPEST
from knowledge.errors import UsageError
from tests.agents.pipeline.speakers import Speaker, remembered


class Echo(Speaker):
    """Broadcasts an answer to whatever it hears, its own answers too, or only `answers` of them."""

    def __init__(self, name: str, *, answers: int | None = None) -> None:
        super().__init__(name)
        self.hubs: list[MsgHub] = []
        self.left = answers

    async def observe(self, msg: object) -> None:
        await AgentBase.observe(self, msg)  # type: ignore[arg-type]  # a hub gives a message
        if self.left is None or self.left > 0:
            self.left = None if self.left is None else self.left - 1
            for hub in self.hubs:
                await hub.broadcast(Msg(self.name, f"{self.name} answers", "assistant"))


def in_hub(*echoes: Echo) -> MsgHub:
    hub = MsgHub(echoes, name="the hub")
    for echo in echoes:
        echo.hubs.append(hub)
    return hub


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_an_agent_that_broadcasts_to_itself_is_stopped_and_keeps_what_it_heard(count: int) -> None:
    echoes = [Echo(f"echo-{number}") for number in range(count)]
    async with in_hub(*echoes) as hub:
        with pytest.raises(UsageError, match="In the hub participants answer what they hear while they hear it"):
            await asyncio.wait_for(hub.broadcast("hi"), 20)
        for echo in echoes:
            echo.left = 0
        await hub.broadcast("and now?")
    for echo in echoes:
        heard = remembered(echo)
        assert heard[0] == "hi"
        assert heard[-1] == "and now?"
        assert len(heard) <= DEEPEST * (count + 1) + 3


async def test_a_reply_is_given_although_its_listeners_answer_without_end(caplog: pytest.LogCaptureFixture) -> None:
    ann, echo = Speaker("Ann", "hello"), Echo("echo")
    async with in_hub(echo) as hub:
        hub.add(ann)
        said = await asyncio.wait_for(ann(), 20)
    assert said.text == "hello"
    assert remembered(echo)[0] == "hello"
    assert "answer what they hear" in caplog.text


async def test_an_agent_that_broadcasts_its_own_reply_hears_it_no_more_than_once() -> None:
    hubs: list[MsgHub] = []

    class Herald(Speaker):
        async def reply(self, msg: Msg | list[Msg] | None = None, **_: object) -> Msg:
            said = Msg(self.name, "news", "assistant")
            await hubs[0].broadcast(said)
            return said

    herald, bob = Herald("Herald"), Speaker("Bob")
    hubs.append(MsgHub([herald, bob]))
    async with hubs[0]:
        await herald()
    assert remembered(bob) == ["news"]
    assert remembered(herald) == ["news"]


async def test_everybody_may_answer_what_everybody_hears_as_long_as_it_ends() -> None:
    echoes = [Echo(f"echo-{number}", answers=1) for number in range(30)]
    async with in_hub(*echoes) as hub:
        await hub.broadcast("who is there?")
    assert all(len(remembered(echo)) == 31 for echo in echoes)


async def test_what_a_listener_says_later_is_no_echo() -> None:
    """A task that is started while its agent hears carries on long after."""
    bob = Speaker("Bob")
    later: list[asyncio.Task[None]] = []

    class Clock(Speaker):
        async def observe(self, msg: object) -> None:
            if not later:
                later.append(asyncio.create_task(tick()))

    async def tick() -> None:
        await asyncio.sleep(0)
        for number in range(5 * DEEPEST):
            await hub.broadcast(Msg("Clock", f"tick {number}", "assistant"))

    async with MsgHub([Clock("Clock"), bob]) as hub:
        await hub.broadcast("start")
        await later[0]
    assert len(remembered(bob)) == 5 * DEEPEST + 1


async def test_cyclic_hub_membership_passes_a_message_on_once() -> None:
    agents = [Speaker(name, f"{name} says") for name in ("Ann", "Bob", "Eve")]
    hubs = [MsgHub([agent], name=f"hub-{agent.name}") for agent in agents]
    async with hubs[0], hubs[1], hubs[2]:
        for hub, following in zip(hubs, [*hubs[1:], hubs[0]], strict=True):
            hub.add([following, hub])  # a ring, and each in itself
        await hubs[0].broadcast("news")
        await agents[1]()
        assert [[msg.text for msg in hub.history] for hub in hubs] == [["news", "Bob says"]] * 3
    assert remembered(agents[0]) == ["news", "Bob says"]
    assert remembered(agents[1]) == ["news"]  # what he said himself does not come home by way of the ring
    assert remembered(agents[2]) == ["news", "Bob says"]
