"""What holds for every agent: what it takes, who hears it, what is saved, and hooks around what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from agents.access import access_of, mark, note_access
from agents.agent import AgentBase, AgentMeta
from agents.exceptions import AgentCallError, AgentError, ModelTimeout
from agents.memory import InMemoryMemory
from agents.message import Msg
from knowledge.errors import UsageError

STAFF = frozenset({"staff"})


class Echo(AgentBase):
    """Says what it heard."""

    async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
        if isinstance(msg, list):
            return Msg(self.name, " and ".join(one.text for one in msg))
        return Msg(self.name, f"heard {msg.content}" if msg else "heard nothing")


class Listener:
    """An audience."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def heard(self, speaker: AgentBase, msg: Msg) -> None:
        self.said.append((speaker.name, msg.text))


@pytest.fixture(autouse=True)
def no_class_hooks_left() -> Iterator[None]:
    yield
    Echo.clear_class_hooks()
    AgentBase.clear_class_hooks()


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("a text", "heard a text"),
        (Msg("bob", "a message"), "heard a message"),
        (None, "heard nothing"),
        (["one", Msg("bob", "two")], "one and two"),
        ({"name": "bob", "content": "a dict"}, "heard a dict"),
    ],
)
async def test_an_agent_takes_a_message_a_text_several_or_nothing(given: Any, answer: str) -> None:
    reply = await Echo("echo")(given)
    assert (reply.name, reply.content, reply.role) == ("echo", answer, "assistant")


async def test_what_is_no_message_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="Expected a message or a text, found int"):
        await Echo("echo")(7)  # type: ignore[arg-type]  # what is tested


async def test_an_agent_without_a_reply_of_its_own_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="async def reply"):
        await AgentBase("nobody")("hello")


async def test_a_reply_that_is_none_is_an_error() -> None:
    class Silent(AgentBase):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            return None

    with pytest.raises(AgentError, match="The reply of silent is NoneType"):
        await Silent("silent")("hello")


async def test_audiences_hear_replies_and_not_inputs() -> None:
    agent, listener = Echo("echo"), Listener()
    agent.audiences.append(listener)
    await agent("hello")
    agent.audiences.remove(listener)
    await agent("again")
    assert listener.said == [("echo", "heard hello")]


async def test_an_audience_may_leave_while_it_hears() -> None:
    agent, last = Echo("echo"), Listener()

    class Leaving(Listener):
        async def heard(self, speaker: AgentBase, msg: Msg) -> None:
            speaker.audiences.remove(self)

    agent.audiences.extend([Leaving(), last])
    await agent("hello")
    assert last.said == [("echo", "heard hello")]


async def test_a_subclass_may_set_attributes_before_it_is_initialised() -> None:
    class Early(Echo):
        def __init__(self) -> None:
            self.name = "early"
            self.memory = InMemoryMemory()
            super().__init__()

    class Never(Echo):
        def __init__(self) -> None:
            self.name = "never"

    assert [(await kind()("x")).name for kind in (Early, Never)] == ["early", "never"]


async def test_identities_differ_and_are_not_part_of_the_state() -> None:
    one, other = Echo("echo"), Echo("echo")
    assert one.id != other.id
    one.audiences.append(Listener())
    assert one.state_dict() == {"name": "echo", "$version": 1}


async def test_a_model_failure_names_the_agent_and_keeps_its_cause() -> None:
    class Failing(AgentBase):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            raise ModelTimeout("gpt at host took longer than 5 s:", hint="try again.")

    with pytest.raises(AgentCallError, match=r"^slow: gpt at host took longer than 5 s: try again\.$") as caught:
        await Failing("slow")("hello")
    assert caught.value.agent == "slow"
    assert isinstance(caught.value.__cause__, ModelTimeout)


async def test_an_error_of_another_kind_passes_through() -> None:
    class Broken(AgentBase):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            raise ZeroDivisionError

    agent = Broken("broken")
    with pytest.raises(ZeroDivisionError):
        await agent("hello")
    assert agent.running == ()


async def test_a_reply_carries_whose_eyes_it_is_for() -> None:
    class Reading(AgentBase):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            await asyncio.gather(asyncio.to_thread(note_access, [STAFF]))
            return Msg(self.name, "top pay is 91,000")

    class Asking(AgentBase):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            return Msg(self.name, (await Reading("reader")(msg)).text)

    assert access_of(await Reading("reader")("pay?")) == {STAFF}
    assert access_of(await Asking("asker")("pay?")) == {STAFF}
    assert access_of(await Echo("echo")("pay?")) == frozenset()


async def test_what_a_restricted_message_is_said_in_the_light_of_keeps_its_mark() -> None:
    heard = mark(Msg("bob", "secret"), [STAFF])
    assert access_of(heard) == {STAFF}


def test_agents_have_one_metaclass() -> None:
    assert type(Echo) is AgentMeta


async def test_hooks_change_what_goes_in_and_what_comes_out() -> None:
    agent = Echo("echo")

    def shout(agent: AgentBase, arguments: dict[str, Any]) -> dict[str, Any]:
        return {**arguments, "msg": Msg("user", arguments["msg"].text.upper())}

    async def sign(agent: AgentBase, arguments: dict[str, Any], reply: Msg) -> Msg:
        return Msg(agent.name, f"{reply.text}! ({arguments['msg'].text})")

    agent.register_instance_hook("pre_reply", "shout", shout)
    agent.register_instance_hook("post_reply", "sign", sign)
    assert (await agent("hi")).text == "heard HI! (HI)"
    assert (await Echo("other")("hi")).text == "heard hi"


async def test_hooks_of_a_class_hold_for_subclasses_and_run_after_those_of_the_instance() -> None:
    order: list[str] = []

    class Loud(Echo):
        async def reply(self, msg: Any = None, **kwargs: Any) -> Any:
            return await super().reply(msg)

    Echo.register_class_hook("pre_reply", "a", lambda agent, arguments: order.append("class"))
    AgentBase.register_class_hook("pre_reply", "a", lambda agent, arguments: order.append("above"))
    agent = Loud("loud")
    agent.register_instance_hook("pre_reply", "b", lambda agent, arguments: order.append("instance"))
    await agent("hi")
    assert order == ["instance", "class", "above"]
    Echo.remove_class_hook("pre_reply", "a")
    agent.clear_instance_hooks("pre_reply")
    await agent("hi")
    assert order[3:] == ["above"]


async def test_hooks_around_observing_and_printing() -> None:
    seen: list[str] = []
    agent = Echo("echo")
    agent.memory = InMemoryMemory()
    agent.register_instance_hook("pre_observe", "note", lambda agent, arguments: seen.append(arguments["msg"].text))
    agent.register_instance_hook(
        "pre_print", "note", lambda agent, arguments: seen.append(f"{arguments['msg'].text} {arguments['last']}")
    )
    await agent.observe(Msg("bob", "psst"))
    await agent.print(Msg("echo", "said"))
    assert seen == ["psst", "said True"]
    assert [msg.text for msg in agent.memory.get_memory()] == ["psst"]


async def test_a_hook_that_gives_nonsense_or_has_no_place_is_refused() -> None:
    agent = Echo("echo")
    agent.register_instance_hook("pre_reply", "wrong", lambda agent, arguments: "text")
    with pytest.raises(UsageError, match="a dict, or None"):
        await agent("hi")
    with pytest.raises(UsageError, match="there are: pre_reply, post_reply"):
        agent.register_instance_hook("pre_acting", "x", print)
    with pytest.raises(UsageError, match="registered are: wrong"):
        agent.remove_instance_hook("pre_reply", "right")
    agent.remove_instance_hook("pre_reply", "wrong")
    assert (await agent("hi")).text == "heard hi"


async def test_a_failing_hook_fails_the_call_and_not_the_agent() -> None:
    agent = Echo("echo")

    def fail(agent: AgentBase, arguments: dict[str, Any]) -> None:
        raise LookupError("no such thing")

    agent.register_instance_hook("pre_reply", "fail", fail)
    with pytest.raises(LookupError):
        await agent("hi")
    agent.clear_instance_hooks()
    assert (await agent("hi")).text == "heard hi"
