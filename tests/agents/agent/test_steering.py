"""Agents are steered while they work: stopped, redirected, told something; whatever happens, they stay usable."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agents.agent import DialogAgent, ReActAgent
from agents.exceptions import AgentCallError, ModelTimeout
from agents.message import Msg
from agents.testing import Reply, ScriptedModel, tool_call, tool_calls
from agents.tool import Toolkit
from knowledge.errors import UsageError


async def until_asked(model: ScriptedModel, times: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(model.requests) < times:
            await asyncio.sleep(0.001)


def texts(agent: DialogAgent | ReActAgent) -> list[str]:
    return [msg.text for msg in agent.memory.get_memory()]


async def test_a_redirected_agent_answers_the_new_task_to_whoever_awaits_the_old_one() -> None:
    model = ScriptedModel([Reply("never", delay=30), "It is sunny."])
    agent = ReActAgent("guide", model=model)
    task = asyncio.create_task(agent("Plan my trip"))
    await until_asked(model)
    await agent.handle_interrupt(Msg("user", "Only the weather"))
    reply = await asyncio.wait_for(task, 5)
    assert reply.text == "It is sunny."
    assert model.cancelled == 1
    assert [msg.content for msg in model.requests[1].messages] == ["Plan my trip", "Only the weather"]
    assert texts(agent) == ["Plan my trip", "Only the weather", "It is sunny."]


async def test_several_redirections_at_once_are_one_new_task() -> None:
    model = ScriptedModel([Reply("never", delay=30), "Both."])
    agent = ReActAgent("guide", model=model)
    task = asyncio.create_task(agent("one"))
    await until_asked(model)
    await agent.handle_interrupt("two")
    await agent.handle_interrupt(Msg("user", "three"))
    assert (await asyncio.wait_for(task, 5)).text == "Both."
    assert texts(agent) == ["one", "two", "three", "Both."]


async def test_a_redirection_keeps_the_tool_work_that_was_done() -> None:
    toolkit, done = Toolkit(), asyncio.Event()

    async def look_up(place: str) -> str:
        if place == "Rome":
            return "Rome is warm"
        await asyncio.sleep(0.1)
        done.set()
        await asyncio.sleep(30)
        return "never"

    toolkit.register_tool_function(look_up)
    calls = tool_calls(("look_up", {"place": "Rome"}), ("look_up", {"place": "Oslo"}))
    model = ScriptedModel([calls, "Rome, then."])
    agent = ReActAgent("guide", model=model, toolkit=toolkit)
    task = asyncio.create_task(agent("Where to?"))
    await done.wait()
    await agent.handle_interrupt(Msg("user", "Just decide"))
    assert (await asyncio.wait_for(task, 5)).text == "Rome, then."
    said = [(message.role.value, message.content) for message in model.requests[1].messages]
    assert said[2:] == [
        ("tool", "Rome is warm"),
        ("tool", "The call was interrupted before it finished."),
        ("user", "Just decide"),
    ]


async def test_without_a_running_call_an_interruption_is_observed() -> None:
    agent = ReActAgent("guide", model=ScriptedModel(["ok"]))
    await agent.handle_interrupt(Msg("user", "by the way"))
    await agent.inject("and this")
    assert texts(agent) == ["by the way", "and this"]
    with pytest.raises(UsageError, match="needs a message"):
        await agent.handle_interrupt()


async def test_an_agent_that_may_not_be_interrupted_hears_it_and_goes_on() -> None:
    model = ScriptedModel([Reply("done", delay=0.05)])
    agent = ReActAgent("guide", model=model, enable_interruption=False)
    task = asyncio.create_task(agent("work"))
    await until_asked(model)
    await agent.handle_interrupt(Msg("user", "faster"))
    with pytest.raises(UsageError, match="enable_interruption=False"):
        agent.interrupt()
    assert (await task).text == "done"
    assert texts(agent) == ["faster", "work", "done"]


async def test_a_stopped_agent_says_so_and_keeps_what_it_said() -> None:
    model = ScriptedModel([Reply("One, two, three, four, five", piece=5, pause=0.02)], stream=True)
    agent = DialogAgent("counter", model=model)
    task = asyncio.create_task(agent("Count"))
    await until_asked(model)
    await asyncio.sleep(0.05)
    await agent.interrupt()
    reply = await asyncio.wait_for(task, 5)
    assert reply.metadata["_is_interrupted"] is True
    question, partial, last = texts(agent)
    assert (question, last) == ("Count", reply.text)
    assert "One, two, three, four, five".startswith(partial)
    assert model.cancelled == 1


async def test_a_subclass_chooses_its_last_words() -> None:
    class Polite(DialogAgent):
        async def handle_interrupt(self, *args: object, **kwargs: object) -> Msg:
            return Msg(self.name, f"Sorry, I stop working on: {args[0]}")

    model = ScriptedModel([Reply("never", delay=30)])
    agent = Polite("polite", model=model)
    task = asyncio.create_task(agent("a report"))
    await until_asked(model)
    agent.interrupt()
    assert (await task).text == "Sorry, I stop working on: a report"


async def test_a_message_said_meanwhile_is_seen_by_the_next_call_of_the_model() -> None:
    toolkit = Toolkit()

    async def search(query: str) -> str:
        await agent.inject(Msg("user", "In euros, please"))
        return "12 dollars"

    toolkit.register_tool_function(search)
    model = ScriptedModel([tool_call("search", query="price"), "11 euros."])
    agent = ReActAgent("clerk", model=model, toolkit=toolkit)
    assert (await agent("Price?")).text == "11 euros."
    assert [message.role.value for message in model.requests[1].messages] == ["user", "assistant", "tool", "user"]
    assert model.requests[1].last == "In euros, please"


@pytest.mark.parametrize("kind", [ReActAgent, DialogAgent])
async def test_a_message_said_during_the_last_call_is_answered_too(kind: type[ReActAgent | DialogAgent]) -> None:
    model = ScriptedModel([Reply("12 dollars.", delay=0.03), "11 euros."])
    agent = kind("clerk", model=model)
    task = asyncio.create_task(agent("Price?"))
    await until_asked(model)
    agent.inject("In euros, please")
    assert (await task).text == "11 euros."
    assert texts(agent) == ["Price?", "12 dollars.", "In euros, please", "11 euros."]


async def test_a_cancelled_call_ends_its_request_and_leaves_the_agent_usable() -> None:
    model = ScriptedModel([Reply("never", delay=30), "Here I am."])
    agent = ReActAgent("guide", model=model)
    task = asyncio.create_task(agent("one"))
    await until_asked(model)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (model.cancelled, agent.running) == (1, ())
    assert (await agent("two")).text == "Here I am."
    assert texts(agent) == ["one", "two", "Here I am."]


async def test_a_call_out_of_time_ends_and_leaves_the_agent_usable() -> None:
    model = ScriptedModel([Reply("never", delay=30), "Here I am."])
    agent = ReActAgent("guide", model=model)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(agent("one"), 0.02)
    assert (await agent("two")).text == "Here I am."
    assert texts(agent) == ["one", "two", "Here I am."]


async def test_cancelling_wins_over_redirecting_and_forgets_neither() -> None:
    model = ScriptedModel([Reply("never", delay=30)])
    agent = ReActAgent("guide", model=model)
    task = asyncio.create_task(agent("one"))
    await until_asked(model)
    await agent.handle_interrupt(Msg("user", "two"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts(agent) == ["one", "two"]


async def test_a_failed_call_keeps_the_question() -> None:
    model = ScriptedModel([ModelTimeout("too slow"), "Better now."])
    agent = ReActAgent("guide", model=model)
    with pytest.raises(AgentCallError):
        await agent("one")
    assert (await agent("two")).text == "Better now."
    assert texts(agent) == ["one", "two", "Better now."]


async def test_calls_side_by_side_answer_their_own_caller_and_never_mix() -> None:
    model = ScriptedModel([lambda request: Reply(f"re {request.last}", delay=0.01)])
    agent = ReActAgent("busy", model=model)
    replies = await asyncio.gather(*(agent(f"question {at}") for at in range(20)))
    assert [reply.text for reply in replies] == [f"re question {at}" for at in range(20)]
    assert all(len(request.messages) == 1 for request in model.requests)
    said = texts(agent)
    assert len(said) == 40
    assert all(said[at + 1] == f"re {said[at]}" for at in range(0, 40, 2))


async def test_of_several_calls_the_newest_is_redirected_or_the_one_that_is_named() -> None:
    model = ScriptedModel([lambda request: Reply(request.last, delay=0.0 if "new" in request.last else 0.2)])
    agent = ReActAgent("busy", model=model)
    first, second, third = (asyncio.create_task(agent(text)) for text in ("one", "two", "three"))
    await until_asked(model, 3)
    await agent.handle_interrupt(Msg("user", "new for three"))
    await agent.handle_interrupt(Msg("user", "new for one"), call=agent.running[0])
    assert [(await task).text for task in (first, second, third)] == ["new for one", "two", "new for three"]


async def test_a_stop_goes_to_every_call() -> None:
    model = ScriptedModel([Reply("never", delay=30)])
    agent = ReActAgent("busy", model=model)
    tasks = [asyncio.create_task(agent(text)) for text in ("one", "two")]
    await until_asked(model, 2)
    agent.interrupt()
    assert all([(await task).metadata["_is_interrupted"] for task in tasks])


async def test_another_thread_can_stop_an_agent() -> None:
    model = ScriptedModel([Reply("never", delay=30)])
    agent = ReActAgent("busy", model=model)
    task = asyncio.create_task(agent("one"))
    await until_asked(model)
    thread = threading.Thread(target=agent.interrupt)
    thread.start()
    assert (await asyncio.wait_for(task, 5)).metadata["_is_interrupted"] is True
    thread.join()
