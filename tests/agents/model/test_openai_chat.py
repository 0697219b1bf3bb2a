"""A model behind OpenAI's protocol: streamed or whole, retried, cancelled, and only with the key that belongs there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from llama_index.core.base.llms.types import ImageBlock, TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from pydantic import BaseModel

from agents.exceptions import ContextOverflow, ModelRefused, ModelTimeout, ModelUnavailable, RateLimited
from agents.model.dashscope_chat import DashScopeChatModel
from agents.model.openai_chat import OpenAIChatModel
from agents.model.response import ChatResponse
from agents.model.retrying import ONCE, RetryPolicy
from agents.model.spec import OPENAI, ModelSpec
from agents.runtime import init, isolated
from agents.testing import Reply, Request, ScriptedServer, ToolCall, failure, tool_call, tool_calls
from knowledge.errors import ConfigError, ModelError

HELLO = [ChatMessage("Hello")]
QUICK = RetryPolicy(attempts=3, first=0.001)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


class City(BaseModel):
    """A city."""

    name: str
    people: int


def opened(
    server: ScriptedServer, *, stream: bool = False, retry: RetryPolicy = ONCE, timeout: float = 5.0
) -> OpenAIChatModel:
    return OpenAIChatModel("gpt-4", "sk-own", base_url=server.base_url, stream=stream, retry=retry, timeout=timeout)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_comes_whole_with_usage_and_cost(*, stream: bool) -> None:
    with ScriptedServer([Reply("a reply in pieces", input_tokens=100, output_tokens=10, piece=4)]) as server:
        seen: list[str] = []
        response = await opened(server, stream=stream).respond(HELLO, on_delta=lambda part: seen.append(part.text))
    assert response.text == "a reply in pieces"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (100, 10)
    assert response.usage.cost == pytest.approx((100 * 30 + 10 * 60) / 1e6)
    assert response.finish_reason == "stop"
    assert seen[:3] == (["a re", "a reply ", "a reply in p"] if stream else [])


async def test_usage_is_asked_for_when_streaming_and_not_otherwise() -> None:
    with ScriptedServer(["hi"]) as server:
        await opened(server, stream=True).respond(HELLO)
        await opened(server).respond(HELLO)
    streamed, whole = (request.body for request in server.requests)
    assert streamed["stream"] is True
    assert streamed["stream_options"] == {"include_usage": True}
    assert "stream" not in whole
    assert "stream_options" not in whole


@pytest.mark.parametrize("stream", [False, True])
async def test_a_server_that_does_not_count_is_counted_for(*, stream: bool) -> None:
    with ScriptedServer([Reply("word " * 40, usage=False)]) as server:
        response = await opened(server, stream=stream).respond(HELLO)
    assert response.usage is not None
    assert response.usage.estimated
    assert 30 <= response.usage.output_tokens <= 60


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_come_with_their_arguments(*, stream: bool) -> None:
    script = [
        tool_calls(("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})),
        Reply(tool_calls=(ToolCall("weather", "{bad"),)),
        Reply("Let me see.", tool_calls=(ToolCall("weather", ""),)),
    ]
    with ScriptedServer(script) as server:
        model = opened(server, stream=stream)
        both, bad, none = [await model.respond(HELLO, tools=[WEATHER]) for _ in script]
    assert [call["input"] for call in both.tool_calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert (bad.tool_calls[0]["input"], bad.tool_calls[0]["raw_input"]) == ({}, "{bad")
    assert (none.text, none.tool_calls[0]["input"]) == ("Let me see.", {})
    assert server.requests[0].tools == ["weather"]


async def test_what_a_model_thinks_is_kept_apart() -> None:
    with ScriptedServer([Reply("42", thinking="six times seven")]) as server:
        for stream in (False, True):
            response = await opened(server, stream=stream).respond(HELLO)
            assert [block["type"] for block in response.content] == ["thinking", "text"]
            assert response.text == "42"


async def test_messages_are_written_as_servers_take_them() -> None:
    call = ToolCallBlock(tool_call_id="c1", tool_name="weather", tool_kwargs={"city": "Århus"})
    picture = ImageBlock(url="data:image/png;base64,aGVsbG8=")
    messages = [
        ChatMessage("be brief", role="system"),
        ChatMessage(role="user", blocks=[TextBlock(text="look"), picture]),
        ChatMessage(role="assistant", blocks=[call]),
        ChatMessage("rain", role="tool", additional_kwargs={"tool_call_id": "c1", "name": "weather"}),
    ]
    with ScriptedServer(["hi"]) as server:
        await opened(server).respond(messages, tools=[WEATHER], tool_choice="weather")
    [request] = server.requests
    assert request.messages == [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Århus"}'}}
            ],
        },
        {"role": "tool", "content": "rain", "tool_call_id": "c1"},
    ]
    assert request.body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


async def test_a_busy_server_is_asked_three_times_and_no_more() -> None:
    with ScriptedServer([failure(503)]) as server:
        with pytest.raises(ModelUnavailable, match="try again later"):
            await opened(server, retry=QUICK).respond(HELLO)
        assert len(server.requests) == 3


async def test_what_the_server_asks_to_wait_is_waited() -> None:
    with ScriptedServer([failure(429, Retry_After="0.3"), "hello"]) as server:
        began = time.perf_counter()
        assert (await opened(server, retry=QUICK).respond(HELLO)).text == "hello"
        assert time.perf_counter() - began >= 0.3


async def test_a_wait_beyond_the_limit_is_not_begun() -> None:
    with ScriptedServer([failure(429, Retry_After="3600")]) as server:
        with pytest.raises(RateLimited) as caught:
            await opened(server, retry=QUICK).respond(HELLO)
        assert caught.value.retry_after == 3600
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failure(400, error="bad"), ModelRefused),
        (failure(401), ModelRefused),
        (failure(404), ModelRefused),
        (failure(400, error="maximum context length is 10"), ContextOverflow),
        (failure(429, error="You exceeded your current quota"), ModelRefused),
        (Reply(raw="<html>"), ModelError),
        (Reply(raw='{"choices": []}'), ModelError),
        (Reply(""), ModelError),
    ],
)
async def test_what_will_not_pass_is_asked_once(reply: Reply, kind: type[ModelError]) -> None:
    with ScriptedServer([reply]) as server:
        with pytest.raises(kind):
            await opened(server, retry=QUICK).respond(HELLO)
        assert len(server.requests) == 1


async def test_a_stream_that_is_dropped_is_asked_for_again() -> None:
    with ScriptedServer([Reply("half an ans", drop=True), "a whole answer"]) as server:
        response = await opened(server, stream=True, retry=QUICK).respond(HELLO)
        assert response.text == "a whole answer"
    with (
        ScriptedServer([Reply("half an ans", drop=True)]) as server,
        pytest.raises(ModelUnavailable, match="broke off"),
    ):
        await opened(server, stream=True, retry=QUICK).respond(HELLO)


async def test_a_server_that_hangs_up_is_asked_three_times_and_no_more() -> None:
    with ScriptedServer([Reply(hang_up=True)]) as server:
        with pytest.raises(ModelUnavailable, match="broke off its answer"):
            await opened(server, retry=QUICK).respond(HELLO)
        assert len(server.requests) == 3


async def test_a_silent_server_is_given_up() -> None:
    with (
        ScriptedServer([Reply("late", delay=20)]) as server,
        pytest.raises(ModelTimeout, match="gave no answer in time"),
    ):
        await opened(server, timeout=0.2).respond(HELLO)


@pytest.mark.parametrize("stream", [True, False])
async def test_without_a_timeout_the_attempts_share_the_time_that_there_is(*, stream: bool) -> None:
    policy = RetryPolicy(attempts=3, within=0.6, first=0.001)
    with ScriptedServer([Reply("late", delay=20)]) as server:
        model = OpenAIChatModel("gpt-4", "k", base_url=server.base_url, stream=stream, retry=policy)
        with pytest.raises(ModelTimeout):
            await model.respond(HELLO)
        assert len(server.requests) == 3


async def test_a_reply_that_keeps_coming_is_not_cut() -> None:
    policy = RetryPolicy(attempts=1, within=1.0)
    with ScriptedServer([Reply("word " * 20, piece=5, pause=0.1)]) as server:
        model = OpenAIChatModel("gpt-4", "k", base_url=server.base_url, stream=True, retry=policy)
        assert (await model.respond(HELLO)).text == "word " * 20


async def test_a_server_that_is_not_there_is_named() -> None:
    with ScriptedServer(["hello"]) as server:
        gone = opened(server)
    with pytest.raises(ModelUnavailable, match=r"No model server can be reached at 127\.0\.0\.1"):
        await gone.respond(HELLO)


@pytest.mark.parametrize("reply", [Reply("late", delay=20), Reply("word " * 100, pause=0.2)])
async def test_cancelled_the_connection_is_closed_at_once(reply: Reply) -> None:
    with ScriptedServer([reply]) as server:
        task = asyncio.create_task(opened(server, stream=True).respond(HELLO))
        while not server.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.perf_counter() - began < 1
        assert await asyncio.to_thread(server.requests[0].gone.wait, 5)


async def test_connections_are_kept() -> None:
    with ScriptedServer(["hi"]) as server:
        model = opened(server)
        for _ in range(5):
            await model.respond(HELLO)
        assert (len(server.requests), server.connections) == (5, 1)


def test_one_model_serves_several_event_loops_and_leaves_none_open() -> None:
    with ScriptedServer(["hi"]) as server:
        model = opened(server)

        async def twice() -> list[ChatResponse]:
            return [await model.respond(HELLO), await model.respond(HELLO)]

        for _ in range(3):
            asyncio.run(twice())
        assert (len(server.requests), server.connections) == (6, 3)
        assert str(model.llm.chat(HELLO).message.content) == "hi"


async def test_two_loops_at_once_share_a_model() -> None:
    with ScriptedServer([Reply("hi", delay=0.05)]) as server:
        model = opened(server)
        said = await asyncio.gather(
            *(asyncio.to_thread(asyncio.run, model.respond(HELLO)) for _ in range(4)), model.respond(HELLO)
        )
    assert [response.text for response in said] == ["hi"] * 5


async def test_called_as_a_function_it_answers_whole_or_streams() -> None:
    with ScriptedServer([Reply("a reply in pieces", piece=4)]) as server:
        whole = await opened(server)([{"role": "user", "content": "Hello"}])
        assert isinstance(whole, ChatResponse)
        streaming = await opened(server, stream=True)("Hello")
        assert not isinstance(streaming, ChatResponse)
        texts = [part.text async for part in streaming]
    assert whole.text == texts[-1] == "a reply in pieces"
    assert texts[0] == "a re"
    assert server.requests[0].messages == server.requests[1].messages


async def test_an_answer_has_the_form_that_was_asked_for() -> None:
    def by_schema(request: Request) -> str:
        schema = request.body["response_format"]["json_schema"]
        assert schema["strict"] is True
        assert schema["schema"]["required"] == ["name", "people"]
        return '{"name": "Oslo", "people": 700000}'

    with ScriptedServer([by_schema]) as server:
        response = await opened(server).respond(HELLO, structured=City)
    assert response.metadata == {"name": "Oslo", "people": 700_000}


async def test_a_server_that_knows_no_schema_is_asked_by_a_tool() -> None:
    def answer(request: Request) -> Reply:
        if "response_format" in request.body:
            return failure(400, error="response_format is not supported")
        [name] = request.tools
        return tool_call(name, name="Oslo", people=1)

    with ScriptedServer([answer]) as server:
        response = await opened(server).respond(HELLO, structured=City)
    assert response.metadata == {"name": "Oslo", "people": 1}
    assert response.tool_calls == []


@pytest.mark.parametrize(
    ("in_environment", "given", "sent"),
    [(None, None, True), ("/v1", None, True), ("/v1", "/v1/", True), ("https://other.example/v1", "/v1", False)],
)
async def test_the_key_goes_only_to_the_address_it_belongs_to(
    monkeypatch: pytest.MonkeyPatch, in_environment: str | None, given: str | None, *, sent: bool
) -> None:
    with ScriptedServer(["hi"]) as server:

        def at(path: str | None) -> str | None:
            return path if path is None or path.startswith("https") else server.root_url + path

        monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
        if in_environment:
            monkeypatch.setenv("OPENAI_BASE_URL", at(in_environment) or "")
        model = OpenAIChatModel("m", base_url=at(given), retry=ONCE)
        if not in_environment:
            assert model.base_url == OPENAI
            return
        await model.respond(HELLO)
        assert (server.requests[0].headers.get("authorization") == "Bearer sk-environment") is sent


async def test_dashscope_speaks_at_its_own_address_with_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(["hi"]) as server:
        monkeypatch.setenv("DASHSCOPE_BASE_URL", server.base_url)
        monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-dash")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
        await DashScopeChatModel(model_name="qwen-max", stream=True).respond(HELLO)
        await DashScopeChatModel(model_name="qwen-max", api_key="sk-given", enable_thinking=False).respond(HELLO)
    one, other = server.requests
    assert one.headers["authorization"] == "Bearer sk-dash"
    assert other.headers["authorization"] == "Bearer sk-given"
    assert (one.body["model"], other.body["enable_thinking"]) == ("qwen-max", False)


async def test_a_provider_is_not_asked_without_a_key() -> None:
    for model in (OpenAIChatModel("gpt-4o"), DashScopeChatModel("qwen-max")):
        with pytest.raises(ModelRefused, match=r"needs a key: set [A-Z]+_API_KEY, or pass `api_key`\."):
            await model.respond(HELLO)


async def test_a_redirect_is_not_followed() -> None:
    with ScriptedServer(["elsewhere"]) as elsewhere:
        moved = Reply(status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})
        with ScriptedServer([moved]) as server, pytest.raises(ModelRefused, match="307"):
            await opened(server).respond(HELLO)
        assert elsewhere.requests == []


async def test_a_local_model_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(["direct"]) as server, ScriptedServer(["by proxy"]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.host}")
        assert (await opened(server).respond(HELLO)).text == "direct"


async def test_offline_only_models_of_this_machine_are_asked() -> None:
    with isolated(), ScriptedServer(["hi"]) as server:
        init(offline=True)
        assert (await opened(server).respond(HELLO)).text == "hi"
        elsewhere = OpenAIChatModel("m", "sk", base_url="http://models.example.com/v1")
        with pytest.raises(ModelError, match=r"Offline: m at models\.example\.com was not asked"):
            await elsewhere.respond(HELLO)


def test_the_key_is_in_no_text() -> None:
    model = OpenAIChatModel("m", "sk-secret", base_url="http://127.0.0.1:9/v1")
    assert "sk-secret" not in repr(model) + repr(vars(model))


async def test_a_spec_brings_its_own_key_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(["hi"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
        await OpenAIChatModel.from_spec(ModelSpec("m", base_url=server.base_url)).respond(HELLO)
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("address", ["", " ", "localhost:8080", "ftp://host/v1", "http://", "http://host:99999/v1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    if not address:
        return
    with pytest.raises(ConfigError, match="is not the address of a model server"):
        OpenAIChatModel("m", "k", base_url=address)


@pytest.mark.parametrize("make", [lambda: Reply("hi", piece=1), lambda: Reply("日本語のテキスト", piece=1)])
async def test_letters_survive_any_cut(make: Callable[[], Reply]) -> None:
    reply = make()
    with ScriptedServer([reply]) as server:
        assert (await opened(server, stream=True).respond(HELLO)).text == reply.text


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("gpt-4o", {"temperature": 0.5, "max_tokens": 7}),
        ("gpt-5-mini", {"max_completion_tokens": 7}),
        ("o3", {"max_completion_tokens": 7}),
    ],
)
async def test_models_that_reason_are_asked_as_they_take_it(name: str, sent: dict[str, float]) -> None:
    with ScriptedServer(["hi"]) as server:
        model = OpenAIChatModel(name, "k", base_url=server.base_url, stream=False, temperature=0.5, max_tokens=7)
        await model.respond(HELLO)
    assert {key: value for key, value in server.requests[0].body.items() if key not in ("model", "messages")} == sent
