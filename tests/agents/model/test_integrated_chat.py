"""Providers that LlamaIndex integrates, each against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import LLM, ChatMessage
from pydantic import BaseModel

from agents.exceptions import IntegrationMissing, ModelRefused, ModelTimeout, RateLimited
from agents.model.addresses import Endpoint, ollama_address
from agents.model.chat import ChatModel
from agents.model.integrated_chat import IntegratedChatModel
from agents.model.retrying import ONCE, RetryPolicy
from agents.testing import Reply, ScriptedServer, ToolCall, failure, tool_call

HELLO = [ChatMessage("be brief", role="system"), ChatMessage("Hello")]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
Opened = Callable[[ScriptedServer], ChatModel]


class City(BaseModel):
    """A city."""

    name: str
    people: int


def anthropic(server: ScriptedServer, *, stream: bool = False) -> ChatModel:
    pytest.importorskip("llama_index.llms.anthropic")
    from agents.model.anthropic_chat import AnthropicChatModel

    return AnthropicChatModel(
        "claude-sonnet-4-5-20250929", "sk-own", base_url=server.root_url, stream=stream, retry=ONCE
    )


def gemini(server: ScriptedServer, *, stream: bool = False) -> ChatModel:
    pytest.importorskip("llama_index.llms.google_genai")
    from agents.model.gemini_chat import GeminiChatModel

    return GeminiChatModel("gemini-2.5-flash", "sk-own", base_url=server.root_url, stream=stream, retry=ONCE)


def ollama(server: ScriptedServer, *, stream: bool = False) -> ChatModel:
    pytest.importorskip("llama_index.llms.ollama")
    from agents.model.ollama_chat import OllamaChatModel

    return OllamaChatModel("llama3", host=server.root_url, stream=stream, retry=ONCE)


@pytest.fixture(params=[anthropic, gemini, ollama])
def opened(request: pytest.FixtureRequest) -> Callable[..., ChatModel]:
    made: Callable[..., ChatModel] = request.param
    return made


@pytest.mark.parametrize("stream", [False, True])
async def test_a_text_comes_whole_with_its_usage(opened: Callable[..., ChatModel], *, stream: bool) -> None:
    with ScriptedServer([Reply("Hello to you all there", input_tokens=11, output_tokens=5)]) as server:
        model = opened(server, stream=stream)
        seen: list[str] = []
        response = await model.respond(HELLO, on_delta=lambda part: seen.append(part.text))
    assert response.text == "Hello to you all there"
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.estimated) == (11, 5, False)
    assert response.usage.cost is not None
    assert response.host == server.host
    assert not stream or (len(seen) > 2 and seen == sorted(seen, key=len))
    assert "be brief" in server.requests[0].text


@pytest.mark.parametrize("stream", [False, True])
async def test_a_tool_is_offered_called_and_its_result_told(opened: Callable[..., ChatModel], *, stream: bool) -> None:
    with ScriptedServer([tool_call("weather", city="Oslo"), "It snows."]) as server:
        model = opened(server, stream=stream)
        response = await model.respond(HELLO, tools=[WEATHER])
        [call] = response.tool_calls
        assert (call["name"], call["input"]) == ("weather", {"city": "Oslo"})
        asked = ToolCallBlock(tool_call_id=call["id"], tool_name=call["name"], tool_kwargs=call["input"])
        told = {"tool_call_id": call["id"], "name": call["name"]}
        followed = await model.respond(
            [
                *HELLO,
                ChatMessage(role="assistant", blocks=[asked]),
                ChatMessage("snow", role="tool", additional_kwargs=told),
            ],
            tools=[WEATHER],
        )
    assert followed.text == "It snows."
    assert "snow" in server.requests[1].text
    assert "weather" in server.requests[0].text


async def test_two_calls_of_one_tool_have_two_ids(opened: Callable[..., ChatModel]) -> None:
    calls = tuple(ToolCall("weather", json.dumps({"city": city})) for city in ("Oslo", "Rome"))
    with ScriptedServer([Reply(tool_calls=calls)]) as server:
        response = await opened(server).respond(HELLO, tools=[WEATHER])
    assert [call["input"]["city"] for call in response.tool_calls] == ["Oslo", "Rome"]
    assert len({call["id"] for call in response.tool_calls}) == 2


async def test_an_answer_has_the_form_that_was_asked_for(opened: Callable[..., ChatModel]) -> None:
    with ScriptedServer([tool_call("generate_structured_output", name="Oslo", people=700_000)]) as server:
        response = await opened(server).respond(HELLO, structured=City)
    assert response.metadata == {"name": "Oslo", "people": 700_000}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_server_that_is_silent_is_asked_three_times_in_the_time_that_there_is(
    opened: Callable[..., ChatModel], *, stream: bool
) -> None:
    with ScriptedServer([Reply("late", delay=20)]) as server:
        model = opened(server, stream=stream)
        model.retry = RetryPolicy(attempts=3, within=0.9, first=0.001)
        with pytest.raises(ModelTimeout, match="gave no answer in time"):
            await model.respond(HELLO)
        assert len(server.requests) == 3


async def test_failures_are_told_apart(opened: Callable[..., ChatModel]) -> None:
    with ScriptedServer([failure(401), failure(429, Retry_After="7"), failure(400, error="no")]) as server:
        model = opened(server)
        with pytest.raises(ModelRefused, match="refuses the key"):
            await model.respond(HELLO)
        with pytest.raises(RateLimited):
            await model.respond(HELLO)
        with pytest.raises(ModelRefused):
            await model.respond(HELLO)
    assert len(server.requests) == 3


def test_one_model_serves_one_event_loop_after_another(opened: Callable[..., ChatModel]) -> None:
    with ScriptedServer(["hello"]) as server:
        model = opened(server)
        assert [asyncio.run(model.respond(HELLO)).text for _ in range(2)] == ["hello", "hello"]
        assert str(model.llm.chat(HELLO).message.content) == "hello"


class Unheard(IntegratedChatModel):
    packages = ("llama-index-llms-unheard-of>=1,<2",)
    module = "llama_index.llms.unheard_of"

    def __init__(self) -> None:
        super().__init__(
            "m",
            Endpoint("http://127.0.0.1:9"),
            stream=False,
            window=1000,
            timeout=1.0,
        )

    def open(self) -> LLM:
        raise AssertionError

    def drawing(self, llm: LLM, wanted: object) -> LLM:
        raise AssertionError

    @staticmethod
    async def close(llm: LLM) -> None:
        raise AssertionError


def test_an_integration_that_is_not_installed_names_its_command() -> None:
    with pytest.raises(IntegrationMissing, match=r'pip install "llama-index-llms-unheard-of>=1,<2"'):
        Unheard()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":9000", "http://127.0.0.1:9000"),
        ("gpu.example.com", "http://gpu.example.com:11434"),
        ("https://gpu.example.com", "https://gpu.example.com"),
        ("http://gpu.example.com:80/ollama/", "http://gpu.example.com:80/ollama"),
        ("http://[::1]:11434", "http://[::1]:11434"),
    ],
)
def test_the_host_of_ollama_is_read_as_ollama_reads_it(host: str, address: str) -> None:
    assert ollama_address(host) == address
