"""The agent that reasons and acts: rounds of tools, answers, structure, and what weak models do wrong."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from agents.access import access_of
from agents.agent import ReActAgent
from agents.exceptions import AgentCallError, LoopExhausted
from agents.message import Msg
from agents.testing import Reply, ScriptedModel, ScriptedRequest, ToolCall, tool_call, tool_calls
from agents.tool import Toolkit
from knowledge.errors import UsageError


class Verdict(BaseModel):
    """What a structured answer looks like."""

    answer: int
    sure: bool = True


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calculator(*functions: Any) -> Toolkit:
    toolkit = Toolkit()
    for function in functions or (add,):
        toolkit.register_tool_function(function)
    return toolkit


def roles(request: ScriptedRequest) -> list[str]:
    return [message.role.value for message in request.messages]


async def test_a_round_of_tools_is_two_calls_of_the_model() -> None:
    model = ScriptedModel([tool_call("add", a=1, b=2), "It is 3."])
    agent = ReActAgent("bot", "You add.", model, toolkit=calculator())
    reply = await agent(Msg("user", "1 + 2?"))
    assert (reply.name, reply.content, reply.role) == ("bot", "It is 3.", "assistant")
    assert [roles(request) for request in model.requests] == [
        ["system", "user"],
        ["system", "user", "assistant", "tool"],
    ]
    assert model.requests[1].last == "3"
    assert model.requests[0].tool_names == ["add"]
    assert reply.metadata["usage"]["calls"] == 2
    assert (reply.metadata["model"], reply.metadata["host"]) == ("scripted", "scripted")


async def test_the_turn_is_remembered_whole_and_under_one_mark() -> None:
    agent = ReActAgent("bot", model=ScriptedModel([tool_call("add", a=1, b=2), "It is 3."]), toolkit=calculator())
    reply = await agent("1 + 2?")
    kept = agent.memory.get_memory()
    assert [msg.role for msg in kept] == ["user", "assistant", "system", "assistant"]
    assert {msg.metadata["turn"] for msg in kept} == {kept[0].metadata["turn"]}
    assert kept[-1] == reply


async def test_an_agent_alone_says_that_no_model_is_named() -> None:
    reply = await ReActAgent(name="alone")("Who are you?")
    assert "No language model is configured" in reply.text
    assert "Who are you?" not in reply.text


async def test_an_agent_without_a_model_quotes_what_its_search_finds() -> None:
    def search(query: str) -> str:
        """Search the handbook."""
        return "Every employee has 25 days of paid leave. The office is in Brno."

    reply = await ReActAgent(name="desk", toolkit=calculator(search))("How many days of paid leave do I have?")
    assert reply.text == "Every employee has 25 days of paid leave."


async def test_tools_of_one_round_run_side_by_side() -> None:
    everybody = threading.Barrier(4)

    def slow(at: int) -> str:
        everybody.wait(timeout=20)
        return f"done {at}"

    calls = tool_calls(*(("slow", {"at": at}) for at in range(4)))
    model = ScriptedModel([calls, "All done."])
    await ReActAgent("bot", model=model, toolkit=calculator(slow))("go")
    assert [message.content for message in model.requests[1].messages[-4:]] == [f"done {at}" for at in range(4)]


async def test_tools_run_one_after_the_other_when_asked_to() -> None:
    running: list[int] = []

    async def step(at: int) -> int:
        running.append(at)
        assert len(running) == 1
        await asyncio.sleep(0.005)
        running.remove(at)
        return at

    calls = tool_calls(*(("step", {"at": at}) for at in range(3)))
    agent = ReActAgent("bot", model=ScriptedModel([calls, "ok"]), toolkit=calculator(step), parallel_tool_calls=False)
    assert (await agent("go")).text == "ok"
    results = agent.memory.get_memory()[2].get_content_blocks("tool_result")
    assert [cast(Any, block)["output"] for block in results] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("nope", "{}"), "There is no tool nope; the tools are: add."),
        (ToolCall("add", "{a: 1"), "JSON"),
        (ToolCall("add", '{"a": 1}'), "b"),
        (ToolCall("add", '{"a": "one", "b": 2}'), "a"),
        (ToolCall("fails", "{}"), "no luck"),
    ],
)
async def test_what_is_wrong_with_a_call_is_told_to_the_model(call: ToolCall, told: str) -> None:
    def fails() -> None:
        raise RuntimeError("no luck")

    model = ScriptedModel([call, "I see."])
    toolkit = calculator()
    if call.name == "fails":
        toolkit.register_tool_function(fails)
    assert (await ReActAgent("bot", model=model, toolkit=toolkit)("go")).text == "I see."
    assert told in model.requests[1].last
    assert roles(model.requests[1]) == ["user", "assistant", "tool"]


async def test_the_same_call_again_and_again_is_noticed_and_ended() -> None:
    model = ScriptedModel([lambda request: "Then 3." if request.tool_choice == "none" else tool_call("add", a=1, b=2)])
    agent = ReActAgent("bot", model=model, toolkit=calculator(), max_iters=50)
    reply = await agent("1 + 2?")
    assert reply.text == "Then 3."
    assert len(model.requests) == 6
    assert "has given the same result 3 times" in model.requests[3].last


async def test_a_call_that_gives_something_else_each_time_is_no_loop() -> None:
    count = iter(range(100))

    def poll() -> str:
        return f"{next(count)} % done"

    model = ScriptedModel([tool_call("poll")] * 8 + ["Done."])
    agent = ReActAgent("bot", model=model, toolkit=calculator(poll))
    assert (await agent("wait for it")).text == "Done."
    assert "same result" not in model.requests[-1].text


async def test_an_agent_out_of_rounds_sums_up() -> None:
    count = iter(range(100))

    def search(query: str) -> str:
        return f"result {next(count)}"

    def script(request: ScriptedRequest) -> Any:
        return "Not much." if request.tool_choice == "none" else tool_call("search", query=f"{len(request.messages)}")

    model = ScriptedModel([script])
    agent = ReActAgent("bot", model=model, toolkit=calculator(search), max_iters=3)
    reply = await agent("Find it")
    assert (reply.text, reply.metadata["exhausted"], len(model.requests)) == ("Not much.", True, 4)
    assert "no more rounds" in model.requests[-1].last
    assert not any("no more rounds" in msg.text for msg in agent.memory.get_memory())


@pytest.mark.parametrize("on_exhausted", ["raise", "summarise"])
async def test_an_agent_that_never_answers_is_exhausted(on_exhausted: Any) -> None:
    model = ScriptedModel([tool_call("add", a=1, b=2)])
    agent = ReActAgent("bot", model=model, toolkit=calculator(), max_iters=2, on_exhausted=on_exhausted)
    with pytest.raises(LoopExhausted, match="allow more `max_iters`"):
        await agent("1 + 2?")
    assert [msg.role for msg in agent.memory.get_memory()] == ["user", *["assistant", "system"] * 2]


def test_no_rounds_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="max_iters is 0"):
        ReActAgent("bot", max_iters=0)


def test_a_model_is_named_once() -> None:
    with pytest.raises(UsageError, match="give one of them"):
        ReActAgent("bot", model=ScriptedModel(), model_config_name="gpt-4")


async def test_a_structured_answer_stands_in_the_metadata() -> None:
    model = ScriptedModel([tool_call("add", a=1, b=2), '{"answer": 3}'])
    reply = await ReActAgent("bot", model=model, toolkit=calculator())("1 + 2?", structured_model=Verdict)
    assert reply.metadata["structured"] == {"answer": 3, "sure": True}
    assert Verdict.model_validate(reply.metadata) == Verdict(answer=3)
    assert json.loads(reply.text)["answer"] == 3


async def test_a_model_that_never_gives_the_structure_is_an_error_and_not_none() -> None:
    agent = ReActAgent("bot", model=ScriptedModel(["I would rather not."]))
    with pytest.raises(AgentCallError, match=r"bot: .*Verdict"):
        await agent("1 + 2?", structured_model=Verdict)


async def test_fields_of_a_structure_never_pass_for_what_the_agent_says_of_itself() -> None:
    class Claim(BaseModel):
        access: str
        usage: int

    agent = ReActAgent("bot", model=ScriptedModel(['{"access": "all", "usage": 0}']))
    reply = await agent("go", structured_model=Claim)
    assert access_of(reply) == frozenset()
    assert reply.metadata["usage"]["calls"] == 1
    assert reply.metadata["structured"] == {"access": "all", "usage": 0}


async def test_tools_registered_while_it_runs_are_seen_by_the_next_call_of_the_model() -> None:
    def extend() -> str:
        agent.toolkit.register_tool_function(add)
        return "You can add now."

    model = ScriptedModel([tool_call("extend"), tool_call("add", a=1, b=2), "3"])
    agent = ReActAgent("bot", model=model, toolkit=calculator(extend))
    assert (await agent("1 + 2?")).text == "3"
    assert [request.tool_names for request in model.requests] == [["extend"], ["extend", "add"], ["extend", "add"]]
    assert agent.reset_equipped_tools() == ["extend", "add"]


async def test_an_agent_switches_groups_of_tools_by_itself() -> None:
    toolkit = Toolkit()
    toolkit.create_tool_group("sums", "Adding numbers")
    toolkit.register_tool_function(add, "sums")
    model = ScriptedModel([tool_call("reset_equipped_tools", sums=True), tool_call("add", a=1, b=2), "3"])
    agent = ReActAgent("bot", model=model, toolkit=toolkit, enable_meta_tool=True)
    assert (await agent("1 + 2?")).text == "3"
    assert model.requests[0].tool_names == ["reset_equipped_tools"]
    assert "add" in model.requests[1].tool_names


async def test_reasoning_and_acting_have_hooks() -> None:
    seen: list[str] = []
    agent = ReActAgent("bot", model=ScriptedModel([tool_call("add", a=1, b=2), "It is 3."]), toolkit=calculator())

    def double(agent: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        call = arguments["tool_call"]
        return {"tool_call": {**call, "input": {"a": 10, "b": 20}}}

    async def note(agent: Any, arguments: dict[str, Any], output: Any) -> None:
        seen.append(output.text)

    agent.register_instance_hook("pre_acting", "double", double)
    agent.register_instance_hook("post_acting", "note", note)
    agent.register_instance_hook("post_reasoning", "note", note)
    await agent("1 + 2?")
    assert seen == ["", "30", "It is 3."]


async def test_a_call_within_reply_is_a_call_of_its_own() -> None:
    agent = ReActAgent("bot", model=ScriptedModel(["fine"]))
    assert (await agent.reply(Msg("user", "directly"))).text == "fine"
    assert [msg.text for msg in agent.memory.get_memory()] == ["directly", "fine"]


async def test_a_formatter_decides_how_messages_reach_the_model() -> None:
    model = ScriptedModel(["fine"])

    async def formatter(messages: list[Msg]) -> list[dict[str, str]]:
        return [{"role": "user", "content": " / ".join(msg.text for msg in messages)}]

    await ReActAgent("bot", "Be kind.", model, formatter)("hi")
    assert [message.content for message in model.requests[0].messages] == ["Be kind. / hi"]


def test_importing_an_agent_loads_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, agents.agent.react_agent; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"llama_index", "openai", "rich", "numpy", "torch", "mcp", "opentelemetry"}


async def test_a_delayed_stream_is_printed_as_it_comes() -> None:
    shown: list[tuple[str, bool]] = []
    model = ScriptedModel([Reply("one two three", piece=4, pause=0.01)], stream=True)
    agent = ReActAgent("bot", model=model)
    agent.register_instance_hook(
        "pre_print", "note", lambda agent, arguments: shown.append((arguments["msg"].text, arguments["last"]))
    )
    await agent("count")
    assert shown[-1] == ("one two three", True)
    assert len(shown) > 2
    assert all(not last and "one two three".startswith(text) for text, last in shown[:-1])
