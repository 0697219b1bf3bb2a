from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.access import mark
from agents.agent import AgentBase
from agents.message import Msg
from agents.pipeline import MsgHub, sequential_pipeline
from knowledge.errors import UsageError
from tests.agents.pipeline.speakers import Speaker, remembered, texts

STAFF = frozenset({"staff"})


class Deaf(Speaker):
    """Fails to hear anything."""

    async def observe(self, msg: Any) -> None:
        raise RuntimeError("I hear nothing")


async def test_what_one_participant_replies_is_heard_by_the_others_and_only_within_the_hub() -> None:
    ann, bob = Speaker("Ann", "hello"), Speaker("Bob")
    async with MsgHub([ann, bob]):
        await ann("a question")
    await ann("another")
    assert remembered(bob) == ["hello"]
    assert ann.audiences == []


async def test_participants_hear_replies_and_not_what_they_reply_to() -> None:
    ann, bob = Speaker("Ann", "hello"), Speaker("Bob")
    async with MsgHub([ann, bob]):
        await ann("a secret question")
    assert "a secret question" not in remembered(bob)


async def test_an_announcement_is_heard_by_all_at_the_beginning() -> None:
    ann, bob = Speaker("Ann"), Speaker("Bob")
    async with MsgHub([ann, bob], announcement=Msg("host", "welcome")):
        assert remembered(ann) == remembered(bob) == ["welcome"]


async def test_an_announcement_may_be_a_text_or_several() -> None:
    ann = Speaker("Ann")
    async with MsgHub([ann], announcement=["one", Msg("host", "two")], name="panel") as hub:
        assert remembered(ann) == ["one", "two"]
        assert [msg.name for msg in hub.history] == ["panel", "host"]


async def test_who_joins_later_does_not_hear_what_was_said_before() -> None:
    ann, bob, eve = Speaker("Ann", "early"), Speaker("Bob"), Speaker("Eve", "hi")
    async with MsgHub([ann, bob]) as hub:
        await ann()
        hub.add(eve)
        await eve()
    assert remembered(eve) == []
    assert remembered(ann) == ["hi"]


async def test_who_left_neither_hears_nor_is_heard() -> None:
    ann, bob = Speaker("Ann", "from ann"), Speaker("Bob", "from bob")
    async with MsgHub([ann, bob]) as hub:
        hub.delete(bob)
        await bob()
        await ann()
    assert remembered(ann) == []
    assert remembered(bob) == []


async def test_adding_twice_is_once_and_deleting_a_stranger_is_harmless() -> None:
    ann, bob, stranger = Speaker("Ann", "hello"), Speaker("Bob"), Speaker("Stranger")
    async with MsgHub([ann, bob, ann]) as hub:
        hub.add([ann, bob])
        hub.delete([stranger])
        hub.delete(stranger)
        await ann()
        assert len(hub.participants) == 2
        assert len(ann.audiences) == 1
    assert remembered(bob) == ["hello"]


async def test_automatic_broadcasts_can_be_switched_off_and_on() -> None:
    ann, bob = Speaker("Ann", "hello"), Speaker("Bob")
    async with MsgHub([ann, bob], enable_auto_broadcast=False) as hub:
        await ann()
        assert remembered(bob) == []
        await hub.broadcast("aloud")
        hub.set_auto_broadcast(True)
        await ann()
        hub.set_auto_broadcast(False)
        await ann()
    assert remembered(bob) == ["aloud", "hello"]


async def test_a_reply_that_is_broadcast_again_is_remembered_once() -> None:
    ann, bob = Speaker("Ann", "the plan"), Speaker("Bob")
    async with MsgHub([ann, bob]) as hub:
        plan = await ann("plan!")
        await hub.broadcast(plan)
    assert remembered(bob) == ["the plan"]
    assert remembered(ann) == []


async def test_a_reply_broadcast_again_reaches_who_has_not_heard_it() -> None:
    ann, bob, eve = Speaker("Ann", "the plan"), Speaker("Bob"), Speaker("Eve")
    async with MsgHub([ann, bob]) as hub:
        plan = await ann()
        hub.add(eve)
        await hub.broadcast(plan)
    assert remembered(eve) == ["the plan"]


async def test_a_message_heard_in_the_hub_and_given_by_a_pipeline_is_remembered_once() -> None:
    team = [Speaker("Ann"), Speaker("Bob"), Speaker("Cem")]

    def remember(self: Speaker, msg: Msg) -> None:
        assert self.memory is not None
        self.memory.add(msg)

    for one in team:
        one.register_instance_hook("pre_reply", "remember", lambda agent, given: remember(agent, given["msg"]))
    async with MsgHub(team):
        await sequential_pipeline(team, Msg("user", "go"))
    assert remembered(team[2]).count("Bob speaks") == 1
    assert remembered(team[1]).count("Ann speaks") == 1


async def test_nobody_hears_a_message_whose_passages_they_may_not_read() -> None:
    ann, bob, eve = Speaker("Ann", roles=["staff"]), Speaker("Bob", roles=["staff"]), Speaker("Eve")
    async with MsgHub([ann, bob, eve]) as hub:
        await hub.broadcast(mark(Msg("records", "salaries"), [STAFF]))
        await hub.broadcast(Msg("records", "opening hours"))
    assert remembered(bob) == ["salaries", "opening hours"]
    assert remembered(eve) == ["opening hours"]


async def test_who_fails_to_hear_keeps_the_message_from_nobody_else() -> None:
    deaf, bob = Deaf("Deaf"), Speaker("Bob")
    async with MsgHub([deaf, bob]) as hub:
        with pytest.raises(RuntimeError, match="hear nothing") as raised:
            await hub.broadcast("hello")
    assert remembered(bob) == ["hello"]
    assert any("Deaf" in note for note in raised.value.__notes__)


async def test_a_reply_is_not_lost_when_a_listener_fails(caplog: pytest.LogCaptureFixture) -> None:
    ann, deaf, bob = Speaker("Ann", "hello"), Deaf("Deaf"), Speaker("Bob")
    async with MsgHub([ann, deaf, bob]):
        reply = await ann()
    assert reply.text == "hello"
    assert remembered(bob) == ["hello"]
    assert "could not hear Ann" in caplog.text


async def test_a_hub_is_left_when_its_body_fails() -> None:
    ann, bob = Speaker("Ann"), Speaker("Bob")
    with pytest.raises(ValueError, match="stop"):
        async with MsgHub([ann, bob]):
            raise ValueError("stop")
    assert ann.audiences == bob.audiences == []


async def test_a_hub_whose_announcement_fails_is_left() -> None:
    ann = Speaker("Ann")
    with pytest.raises(RuntimeError):
        async with MsgHub([ann, Deaf("Deaf")], announcement="hi"):
            pass
    assert ann.audiences == []


async def test_hubs_nest_and_each_has_its_own_listeners() -> None:
    ann, bob, eve = Speaker("Ann", "hello"), Speaker("Bob"), Speaker("Eve")
    async with MsgHub([ann, bob]):
        async with MsgHub([ann, eve]):
            await ann()
        assert len(ann.audiences) == 1
        await bob()
    assert remembered(bob) == ["hello"]
    assert remembered(eve) == ["hello"]
    assert remembered(ann) == ["Bob speaks"]


async def test_hubs_that_take_part_in_each_other_pass_a_message_on_once() -> None:
    ann, bob = Speaker("Ann", "hello"), Speaker("Bob")
    inner = MsgHub([bob], name="inner")
    async with inner, MsgHub([ann, inner], name="outer") as outer:
        inner.add(outer)
        await ann()
        await outer.broadcast("news")
    assert remembered(bob) == ["hello", "news"]
    assert remembered(ann)[-1] == "news"


async def test_replies_at_the_same_time_are_all_heard() -> None:
    team = [Speaker(f"agent {at}") for at in range(20)]
    async with MsgHub(team):
        await asyncio.gather(*(one() for one in team))
    for one in team:
        assert sorted(remembered(one)) == sorted(f"{other.name} speaks" for other in team if other is not one)


async def test_the_history_is_bounded() -> None:
    async with MsgHub([Speaker("Ann")], history=3) as hub:
        for at in range(1000):
            await hub.broadcast(f"message {at}")
        assert texts(list(hub.history)) == ["message 997", "message 998", "message 999"]
        assert len(hub._told) <= 512


async def test_outside_the_hub_a_broadcast_reaches_nobody() -> None:
    ann = Speaker("Ann")
    hub = MsgHub([ann])
    await hub.broadcast("too early")
    async with hub:
        await hub.broadcast("in time")
    await hub.broadcast("too late")
    assert remembered(ann) == ["in time"]


async def test_a_hub_can_be_opened_again_but_not_twice_at_once() -> None:
    ann = Speaker("Ann")
    hub = MsgHub([ann])
    async with hub:
        with pytest.raises(UsageError, match="open already"):
            await hub.__aenter__()
    async with hub:
        await hub.broadcast("again")
    assert remembered(ann) == ["again"]


async def test_participants_come_in_any_collection() -> None:
    team = {name: Speaker(name) for name in ("Ann", "Bob")}
    async with MsgHub(team.values()) as hub:
        hub.delete(one for one in team.values() if one.name == "Ann")
        hub.add((Speaker("Cem"), Speaker("Dan")))
        assert [one.name for one in hub.participants] == ["Bob", "Cem", "Dan"]


@pytest.mark.parametrize("wrong", ["Ann", Speaker, 3, None])
def test_what_cannot_hear_cannot_take_part(wrong: object) -> None:
    with pytest.raises(UsageError, match="take part"):
        MsgHub([wrong])  # type: ignore[list-item]  # what is tested


async def test_what_was_broadcast_stays_as_it_was_said() -> None:
    ann = Speaker("Ann")
    async with MsgHub([ann]) as hub:
        msg = Msg("host", "first words", metadata={"tags": ["a"]})
        await hub.broadcast(msg)
        msg.content = "changed"
        msg.metadata["tags"].append("b")
        assert hub.history[-1].text == "first words"
        assert hub.history[-1].metadata["tags"] == ["a"]


async def test_a_broadcast_reaches_a_hundred_agents_in_order() -> None:
    team: list[AgentBase] = [Speaker(f"agent {at}") for at in range(100)]
    async with MsgHub(team) as hub:
        for at in range(30):
            await hub.broadcast(Msg("host", f"message {at}"))
    assert all(remembered(one) == [f"message {at}" for at in range(30)] for one in team)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "delete", "speak"]), st.integers(0, 3)), max_size=30))
def test_exactly_those_who_take_part_hear_what_the_others_say(steps: list[tuple[str, int]]) -> None:
    async def play() -> None:
        team = [Speaker(f"agent {at}") for at in range(4)]
        present: set[int] = set()
        expected: list[list[str]] = [[] for _ in team]
        heard: list[list[str]] = [[] for _ in team]

        def listen(at: int) -> Any:
            return lambda agent, given: heard[at].append(given["msg"].id)

        for at, one in enumerate(team):
            one.register_instance_hook("pre_observe", "listen", listen(at))
        async with MsgHub([]) as hub:
            for step, at in steps:
                if step == "add":
                    hub.add(team[at])
                    present.add(at)
                elif step == "delete":
                    hub.delete(team[at])
                    present.discard(at)
                else:
                    said = await team[at]()
                    for other in present - {at} if at in present else set():
                        expected[other].append(said.id)
        assert heard == expected

    asyncio.run(play())
