"""How words are drawn for one request, and for no other."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.llms import ChatMessage

from agents.model import FallbackChatModel, OpenAIChatModel
from agents.model.chat import ChatModel
from agents.model.retrying import ONCE
from agents.model.sampling import Sampling, sampled
from agents.testing import ScriptedModel, ScriptedServer
from tests.agents.model.test_integrated_chat import anthropic, gemini, ollama

HELLO = [ChatMessage("Hello")]


async def test_options_of_one_request_leave_the_model_as_it_is() -> None:
    with ScriptedServer(["yes"]) as server:
        model = OpenAIChatModel("scripted", base_url=server.base_url, temperature=0.1)
        other = sampled(FallbackChatModel([model]), Sampling(temperature=1.0, seed=3))
        await other.respond([ChatMessage("Say yes.")])
        await model.respond([ChatMessage("Say yes.")])
    told = [(request.body["temperature"], request.body.get("seed")) for request in server.requests]
    assert told == [(1.0, 3), (0.1, None)]
    reasoning = sampled(OpenAIChatModel("gpt-5-mini", "key"), Sampling(temperature=1.0, top_p=0.5, max_tokens=9))
    assert isinstance(reasoning, OpenAIChatModel)
    assert reasoning._options == {"max_completion_tokens": 9}


def asked_by(server: ScriptedServer) -> list[dict[str, Any]]:
    """What each request said of how words are drawn, wherever its protocol puts that."""
    bodies = [request.body for request in server.requests]
    told = [{**body, **(body.get("options") or {}), **(body.get("generationConfig") or {})} for body in bodies]
    names = ("temperature", "top_p", "topP", "seed", "max_tokens", "maxOutputTokens", "num_predict")
    return [{name: one[name] for name in names if one.get(name) is not None} for one in told]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("opened", "told"),
    [
        (anthropic, {"temperature": 0.7, "max_tokens": 300}),
        (gemini, {"temperature": 0.7, "topP": 0.5, "seed": 8, "maxOutputTokens": 300}),
        (ollama, {"temperature": 0.7, "top_p": 0.5, "seed": 2**31 + 8, "num_predict": 300}),
    ],
)
async def test_other_protocols_are_asked_under_their_own_names_for_one_request(
    opened: Any, told: dict[str, Any], *, stream: bool
) -> None:
    with ScriptedServer(["yes"]) as server:
        model = opened(server, stream=stream)
        other = sampled(FallbackChatModel([model]), Sampling(0.7, 0.5, 2**31 + 8, 300))
        for one in (model, other, model):
            await one.respond(HELLO)
    before, asked, after = asked_by(server)
    assert asked == told
    assert before == after
    assert not before.items() & told.items()


async def test_one_request_after_the_other_shares_the_connections(opened_by: Any) -> None:
    with ScriptedServer(["yes"]) as server:
        model = opened_by(server)
        for seed in range(3):
            await sampled(model, Sampling(seed=seed)).respond(HELLO)
        await model.respond(HELLO)
        assert server.connections == 1


@pytest.fixture(params=[anthropic, gemini, ollama])
def opened_by(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_the_llm_of_a_model_that_is_asked_otherwise_is_asked_so_too(opened_by: Any) -> None:
    with ScriptedServer(["yes"]) as server:
        model = opened_by(server)
        model.llm.chat(HELLO)
        sampled(model, Sampling(temperature=0.4)).llm.chat(HELLO)
    assert [one.get("temperature") == 0.4 for one in asked_by(server)] == [False, True]


@pytest.mark.parametrize(
    ("name", "thinking", "sampling", "told"),
    [
        ("claude-sonnet-4-5", None, Sampling(temperature=1.8), {"temperature": 1.0, "max_tokens": 4096}),
        ("claude-sonnet-4-5", None, Sampling(top_p=0.5), {"top_p": 0.5, "max_tokens": 4096}),
        ("claude-opus-4-7", None, Sampling(temperature=0.5, top_p=0.5), {"max_tokens": 4096}),
        (
            "claude-sonnet-4-5",
            {"type": "enabled", "budget_tokens": 2000},
            Sampling(temperature=0.5, max_tokens=300),
            {"temperature": 1, "max_tokens": 2300},
        ),
    ],
)
async def test_anthropic_is_asked_for_nothing_that_it_refuses(
    name: str, thinking: Any, sampling: Sampling, told: dict[str, Any]
) -> None:
    pytest.importorskip("llama_index.llms.anthropic")
    from agents.model.anthropic_chat import AnthropicChatModel

    with ScriptedServer(["yes"]) as server:
        model: ChatModel = AnthropicChatModel(name, "key", base_url=server.root_url, thinking=thinking, retry=ONCE)
        await sampled(model, sampling).respond(HELLO)
    assert asked_by(server) == [told]


def test_a_model_that_nobody_can_tell_how_to_draw_stays_as_it_is() -> None:
    model = ScriptedModel()
    assert sampled(model, Sampling(temperature=1.0)) is model
