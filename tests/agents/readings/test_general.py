"""Replies, roles, rounds, default models, memories: how the tutorial's ambiguous lines are read in general."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agents
from agents import AgentBase, DialogAgent, LlamaIndexAgent, ReActAgent, UserAgent
from agents.exceptions import AgentCallError
from agents.memory import FileDumpMemory, InMemoryMemory, SQLiteMemory
from agents.message import Msg
from agents.model import DashScopeChatModel, ExtractiveChatModel, OpenAIChatModel
from agents.pipeline import FanoutPipeline, IfElsePipeline, MsgHub, SequentialPipeline, sequential_pipeline
from agents.testing import Reply, ScriptedServer, failure, tool_call, tool_calls
from agents.tool import Toolkit, ToolResponse
from knowledge.errors import RefdeskError
from tests.agents.readings.wire import assert_paired, said
from tests.agents.tutorial.conftest import Serve

MakeAgent = Callable[[], AgentBase]


def add(left: int, right: int) -> str:
    """Add two numbers."""
    return str(left + right)


def adding() -> Toolkit:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    return toolkit


KINDS: list[MakeAgent] = [
    lambda: ReActAgent(name="Speaker"),
    lambda: DialogAgent(name="Speaker"),
    lambda: LlamaIndexAgent(name="Speaker"),
    lambda: ReActAgent(name="Speaker", model=OpenAIChatModel("gpt-4", api_key="k", stream=True)),
    lambda: ReActAgent(name="Speaker", model=DashScopeChatModel("qwen-max", api_key="k", stream=False)),
    lambda: UserAgent("Speaker", lambda *_: "Typed."),
]


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("given", ["Hello", Msg("user", "Hello"), [Msg("user", "Hello"), Msg("user", "again")], None])
async def test_a_reply_is_a_text_under_the_agents_name(serve: Serve, make: MakeAgent, given: Any) -> None:
    serve(["Words."])
    reply = await make()(given)
    assert isinstance(reply, Msg)
    assert type(reply.content) is str
    assert reply.content in {"Words.", "Typed."}
    assert reply.name == "Speaker"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reply_after_tools_thoughts_or_in_a_form_is_a_text_too(serve: Serve, *, stream: bool) -> None:
    serve(
        [Reply(tool_calls=tool_call("add", left=1, right=2).tool_calls, text="Let me add."), Reply("3", thinking="x")]
    )
    agent = ReActAgent(name="Speaker", model=OpenAIChatModel("gpt-4", api_key="k", stream=stream), toolkit=adding())
    reply = await agent("What is 1 + 2?")
    assert (type(reply.content), reply.content) == (str, "3")


async def test_own_words_are_the_assistants_and_whatever_others_say_the_users(serve: Serve) -> None:
    server = serve(["Mine."])
    agent = ReActAgent(name="Alice", sys_prompt="Be Alice.")
    await agent.observe(Msg("Bob", "From Bob.", role="assistant"))
    await agent.observe(Msg("coordinator", "From the coordinator."))
    await agent(Msg("user", "First?"))
    await agent(Msg("assistant", "Second?"))
    roles = {words.split(": ")[-1]: role for role, words in said(server.requests[-1])}
    assert server.requests[-1].messages[0]["role"] == "system"
    assert "Be Alice." in str(server.requests[-1].messages[0]["content"])
    for words in ("From Bob.", "From the coordinator.", "First?", "Second?"):
        assert [role for role, text in said(server.requests[-1]) if words in text] == ["user"]
    assert [role for role, text in said(server.requests[-1]) if "Mine." in text] == ["assistant"]
    assert "system" not in list(roles.values())[1:]


@pytest.mark.parametrize("name", ["coordinator", "user", "Researcher"])
def test_a_message_needs_no_role(name: str) -> None:
    message = Msg(name, "text")
    assert message.role in {"user", "assistant", "system"}
    assert Msg(name=name, content="text", role="user").role == "user"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reply_without_calls_is_final_and_a_plain_round_is_two_calls(serve: Serve, *, stream: bool) -> None:
    server = serve([tool_call("add", left=20, right=22), "It is 42.", "Bye."])
    agent = ReActAgent(name="A", toolkit=adding(), model=OpenAIChatModel("gpt-4", api_key="k", stream=stream))
    assert (await agent("What is 20 + 22?")).content == "It is 42."
    assert len(server.requests) == 2
    assert (await agent("Bye")).content == "Bye."
    assert len(server.requests) == 3
    assert_paired(server.requests)


async def test_several_tools_of_one_round_are_still_two_calls(serve: Serve) -> None:
    server = serve([tool_calls(("add", {"left": 1, "right": 1}), ("add", {"left": 2, "right": 2})), "2 and 4."])
    await ReActAgent(name="A", toolkit=adding())("Add.")
    assert len(server.requests) == 2
    assert [message["role"] for message in server.requests[1].messages][-3:] == ["assistant", "tool", "tool"]


EMBEDDING = {"config_name": "e", "model_type": "openai_embedding", "model_name": "text-embedding-3-small"}
FIRST = {"config_name": "first", "model_type": "openai_chat", "model_name": "gpt-4o-mini", "api_key": "k"}
SECOND = {"config_name": "second", "model_type": "openai_chat", "model_name": "gpt-4o", "api_key": "k"}


@pytest.mark.parametrize("configured_first", [True, False])
async def test_the_default_is_the_first_model_that_chats(serve: Serve, *, configured_first: bool) -> None:
    server = serve(["yes"])
    agents.init()
    early = None if configured_first else ReActAgent(name="Early")
    agents.init(model_configs=[EMBEDDING, FIRST, SECOND])
    agent = early or DialogAgent(name="Late")
    await agent("Hello")
    assert server.requests[-1].body["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("kind", [ReActAgent, DialogAgent, LlamaIndexAgent])
async def test_a_model_is_named_by_configuration_or_by_model(serve: Serve, kind: Any) -> None:
    server = serve(["yes"])
    twin = {**FIRST, "config_name": "gpt-4o", "model_name": "other"}
    agents.init(model_configs=[FIRST, SECOND, twin])
    for name, model in {"second": "gpt-4o", "gpt-4o-mini": "gpt-4o-mini", "gpt-4o": "other"}.items():
        await kind(name="A", model_config_name=name)("Hello")
        assert server.requests[-1].body["model"] == model
    with pytest.raises(RefdeskError) as raised:
        await kind(name="A", model_config_name="gpt-5")("Hello")
    for listed in ("first", "second", "gpt-4o-mini", "gpt-4o"):
        assert listed in str(raised.value)


@pytest.mark.parametrize("kind", [ReActAgent, DialogAgent, LlamaIndexAgent])
async def test_with_nothing_configured_an_agent_says_so_and_never_echoes(kind: Any) -> None:
    for configs in (None, [], [EMBEDDING]):
        agents.init(model_configs=configs)
        reply = await kind(name="Alone")("xylophone quarter")
        assert "xylophone" not in reply.content
        assert "model" in reply.content
        assert any(way in reply.content for way in ("REFDESK_MODEL", "model_configs", "agents.init"))


@pytest.mark.parametrize("form", ["object", "list", "path of an object", "path of a list", "pathlib"])
async def test_configurations_come_as_a_list_an_object_or_a_path(serve: Serve, workplace: Path, form: str) -> None:
    server = serve(["yes"])
    given: Any = FIRST if "object" in form else [EMBEDDING, FIRST]
    if "path" in form:
        Path("configs.json").write_text(json.dumps(given), "utf-8")
        given = Path("configs.json") if form == "pathlib" else "./configs.json"
    agents.init(given)
    assert (await ReActAgent(name="A")("Hello")).content == "yes"
    assert server.requests[-1].body["model"] == "gpt-4o-mini"


@pytest.mark.parametrize(
    ("kind", "variable", "path"),
    [
        ("openai_chat", "OPENAI_BASE_URL", "/v1"),
        ("dashscope_chat", "DASHSCOPE_BASE_URL", "/v1"),
        ("anthropic_chat", "ANTHROPIC_BASE_URL", ""),
        ("gemini_chat", "GEMINI_BASE_URL", ""),
        ("ollama_chat", "OLLAMA_HOST", ""),
    ],
)
async def test_every_type_speaks_at_its_providers_address(
    monkeypatch: pytest.MonkeyPatch, kind: str, variable: str, path: str
) -> None:
    for needed in {"anthropic_chat": ["anthropic"], "gemini_chat": ["google_genai"]}.get(kind, []):
        pytest.importorskip(f"llama_index.llms.{needed}")
    with ScriptedServer(["from afar"]) as server:
        monkeypatch.setenv(variable, server.root_url + path)
        agents.init({"config_name": "c", "model_type": kind, "model_name": "m", "api_key": "k"})
        assert (await ReActAgent(name="A")("Hello")).content == "from afar"
        if kind == "dashscope_chat":
            assert server.requests[0].path == "/v1/chat/completions"


async def test_the_extractive_type_is_a_model_like_any_other() -> None:
    agents.init([{"config_name": "quotes", "model_type": "extractive"}])
    assert isinstance(ReActAgent(name="A").model, ExtractiveChatModel)
    assert isinstance(ReActAgent(name="A", model_config_name="quotes").model, ExtractiveChatModel)


@pytest.mark.parametrize("by", ["configuration", "object", "dashscope"])
async def test_streaming_asks_for_usage(serve: Serve, by: str) -> None:
    server = serve(["one two three"])
    agents.init([{**FIRST, "stream": True}])
    models: dict[str, Any] = {
        "configuration": None,
        "object": OpenAIChatModel("gpt-4", api_key="k", stream=True),
        "dashscope": DashScopeChatModel("qwen-max", api_key="k", stream=True),
    }
    reply = await ReActAgent(name="A", model=models[by])("Hello")
    body = server.requests[0].body
    assert body["stream"] is True
    assert body["stream_options"]["include_usage"] is True
    assert reply.metadata["usage"]["output_tokens"] == 3


async def test_what_is_not_streamed_has_no_options_of_streams(serve: Serve) -> None:
    server = serve(["one"])
    await ReActAgent(name="A", model=OpenAIChatModel("gpt-4", api_key="k", stream=False))("Hello")
    assert not server.requests[0].body.get("stream")
    assert "stream_options" not in server.requests[0].body


def each_memory(folder: Path) -> list[Any]:
    return [
        InMemoryMemory(),
        FileDumpMemory(str(folder / "dump.json")),
        SQLiteMemory(folder / "talks.sqlite", "one"),
        ReActAgent(name="A").memory,
    ]


def used_without_awaiting(memory: Any) -> None:
    memory.add(Msg("user", "one"))
    assert memory.size() == 1
    memory.add([Msg("user", "two"), Msg("assistant", "three")])
    assert [message.content for message in memory.get_memory()] == ["one", "two", "three"]
    assert [message.content for message in memory.get_memory(recent_n=2)] == ["two", "three"]
    assert len(memory.get_memory(recent_n=0)) == 0
    assert json.loads(json.dumps(memory.export()))[0]["content"] == "one"
    memory.delete(0)
    assert len(memory.get_memory()) == 2
    memory.clear()
    assert memory.size() == 0


async def used_awaited(memory: Any) -> None:
    await memory.add(Msg("user", "one"))
    assert await memory.size() == 1
    assert [message.content for message in await memory.get_memory(recent_n=10)] == ["one"]
    assert len(await memory.export()) == 1
    await memory.delete(0)
    assert not await memory.get_memory()
    await memory.clear()


def test_memories_work_outside_of_any_loop(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for memory in each_memory(tmp_path):
            used_without_awaiting(memory)
            asyncio.run(used_awaited(memory))
            used_without_awaiting(memory)
        gc.collect()


async def test_memories_work_inside_a_running_loop_and_in_its_threads(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for memory in each_memory(tmp_path):
            used_without_awaiting(memory)
            await used_awaited(memory)
            await asyncio.to_thread(used_without_awaiting, memory)
            await asyncio.gather(memory.add(Msg("user", "a")), memory.add(Msg("user", "b")))
            assert await memory.size() == 2
        gc.collect()


async def test_no_request_holds_a_call_without_its_result_whatever_happened(serve: Serve) -> None:
    async def hang(seconds: float) -> str:
        """Hang."""
        await asyncio.sleep(seconds)
        return "done"

    def burst(value: str) -> str:
        """Burst."""
        raise RuntimeError(value)

    toolkit = adding()
    toolkit.register_tool_function(hang)
    toolkit.register_tool_function(burst)
    calls = tool_calls(("hang", {"seconds": 30}), ("burst", {"value": "x"}), ("no_such", {}), ("add", {"left": "x"}))
    server = serve([calls, calls, calls, failure(400), calls, "ok"])
    agent = ReActAgent(name="A", toolkit=toolkit)
    other = DialogAgent(name="B")
    async with MsgHub([agent, other]) as hub:
        task = asyncio.create_task(agent("one"))
        while not agent.running or len(server.requests) < 1:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await hub.broadcast(Msg("coordinator", "news in between"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent("two"), 0.3)
        third = asyncio.create_task(agent("three"))
        await asyncio.sleep(0.3)
        await agent.handle_interrupt(Msg("user", "something else"))
        with pytest.raises(AgentCallError):
            await third
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await agent("four")
        assert (await agent("five")).content == "ok"
        await agent(Msg("user", "six"))
        await other("seven")
    assert_paired(server.requests)
    whole = server.requests[-2].text
    assert "news in between" in whole
    assert all(word in whole for word in ("one", "two", "three", "something else", "four", "five", "six"))


async def test_a_state_taken_over_by_another_agent_holds_its_calls_with_their_results(serve: Serve) -> None:
    server = serve([tool_call("add", left=1, right=1), failure(400), "fine"])
    agent = ReActAgent(name="A", toolkit=adding())
    with pytest.raises(AgentCallError):
        await agent("What is 1 + 1?")
    bare = ReActAgent(name="A")
    bare.memory.load(json.loads(json.dumps(agent.memory.export())))
    assert (await bare("And now?")).content == "fine"
    assert_paired(server.requests)


@pytest.mark.parametrize("given", [Msg("user", "Hi"), "Hi", None])
async def test_pipelines_and_handlers_take_a_message_a_text_or_nothing(serve: Serve, given: Any) -> None:
    serve(["spoken"])

    async def handler(msg: Any) -> Any:
        return msg

    def words(msg: Any) -> str:
        return f"heard {getattr(msg, 'content', msg)}"

    one, two = DialogAgent(name="One"), DialogAgent(name="Two")
    assert (await SequentialPipeline([one, two])(given)).name == "Two"
    assert (await sequential_pipeline([one, handler, two], given)).name == "Two"
    assert (await sequential_pipeline([one, words])).content == "heard spoken"
    assert [reply.name for reply in await FanoutPipeline([one, two])(given)] == ["One", "Two"]
    chosen = await IfElsePipeline(condition_func=lambda msg: msg is None, if_body=one, else_body=two)(given)
    assert chosen.name == ("One" if given is None else "Two")


async def test_a_dialog_agent_needs_but_a_name(serve: Serve) -> None:
    server = serve(["Hello back."])
    reply = await DialogAgent(name="Writer")("Hello")
    assert (reply.name, reply.content) == ("Writer", "Hello back.")
    assert not server.requests[0].body.get("tools")
    assert "tools" not in server.requests[0].body


async def test_a_tool_that_returns_nothing_or_a_response_answers_its_call(serve: Serve) -> None:
    def nothing() -> None:
        """Do nothing."""

    def responding() -> ToolResponse:
        """Respond."""
        return ToolResponse(content=[{"type": "text", "text": "a response"}])

    toolkit = Toolkit()
    for tool in (nothing, responding):
        toolkit.register_tool_function(tool)
    server = serve([tool_calls(("nothing", {}), ("responding", {})), "ok"])
    await ReActAgent(name="A", toolkit=toolkit)("Go")
    assert_paired(server.requests)
    assert "a response" in server.requests[1].text


def test_an_agent_serves_one_loop_after_another(serve: Serve) -> None:
    server = serve(["again"])
    agent = ReActAgent(name="A")

    async def once(words: str) -> str:
        return (await agent(words)).content  # type: ignore[return-value]  # a reply's content is a text

    assert [asyncio.run(once("one")), asyncio.run(once("two"))] == ["again", "again"]
    assert [role for role, _ in said(server.requests[-1])][-3:] == ["user", "assistant", "user"]
