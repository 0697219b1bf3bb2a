"""What a client says about how words are drawn and where they end reaches the model, ends the text, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.model import OpenAIChatModel
from agents.testing import ScriptedServer, tool_call
from tests.agents.model.test_integrated_chat import anthropic, gemini, ollama
from tests.agents.model.test_sampling import asked_by
from tests.serve.openai.conftest import Served
from tests.serve.openai.test_openai_client import ASK, client_of
from tests.serve.served import EXPEDITED, opened, serving

SAID = f"{EXPEDITED} [1]"


@pytest.fixture
def spoken(banks: Path, tmp_path: Path) -> Iterator[tuple[Served, ScriptedServer]]:
    """A service whose language model is behind HTTP, with a temperature of its own."""
    with ScriptedServer([tool_call("search_documents", query="expedited"), SAID]) as server:
        model = OpenAIChatModel("scripted", base_url=server.base_url, temperature=0.1)
        service = opened(banks, tmp_path / "store.sqlite", model=model)
        with serving(service) as url:
            yield Served(service, url), server
        service.close()


@pytest.mark.parametrize("model", ["refdesk", "banking"])
def test_a_model_is_asked_as_the_client_says(spoken: tuple[Served, ScriptedServer], model: str) -> None:
    served, server = spoken
    with client_of(served) as client:
        given: Any = {"temperature": 0.7, "top_p": 0.5, "seed": 7, "max_completion_tokens": 900}
        client.chat.completions.create(model=model, messages=ASK, **given)
        first = len(server.requests)
        client.chat.completions.create(model=model, messages=ASK, max_tokens=400)
        client.chat.completions.create(model=model, messages=ASK)
    bodies = [request.body for request in server.requests]
    for body in bodies[:first]:
        assert (body["temperature"], body["top_p"], body["seed"], body["max_tokens"]) == (0.7, 0.5, 7, 900)
    assert {body.get("max_tokens") for body in bodies[first:]} == {400, None}
    assert {(body["temperature"], body.get("seed")) for body in bodies[first:]} == {(0.1, None)}


@pytest.mark.parametrize(
    ("opened_at", "told"),
    [
        (anthropic, {"temperature": 0.7, "max_tokens": 900}),
        (gemini, {"temperature": 0.7, "topP": 0.5, "seed": 7, "maxOutputTokens": 900}),
        (ollama, {"temperature": 0.7, "top_p": 0.5, "seed": 7, "num_predict": 900}),
    ],
)
def test_a_model_of_another_protocol_is_asked_as_the_client_says(
    banks: Path, tmp_path: Path, opened_at: Any, told: dict[str, Any]
) -> None:
    with ScriptedServer([tool_call("search_documents", query="expedited"), SAID]) as server:
        service = opened(banks, tmp_path / "store.sqlite", model=opened_at(server, stream=True))
        with serving(service) as url, client_of(Served(service, url)) as client:
            given: Any = {"temperature": 0.7, "top_p": 0.5, "seed": 7, "max_completion_tokens": 900}
            completion = client.chat.completions.create(model="refdesk", messages=ASK, **given)
        service.close()
    assert EXPEDITED in str(completion.choices[0].message.content)
    assert asked_by(server) == [told] * len(server.requests)
    assert len(server.requests) >= 2


def test_a_model_can_search_however_short_its_answer_is_to_be(spoken: tuple[Served, ScriptedServer]) -> None:
    served, server = spoken
    with client_of(served) as client:
        completion = client.chat.completions.create(model="refdesk", messages=ASK, max_tokens=3)
    assert {request.body["max_tokens"] for request in server.requests} == {256}
    choice = completion.choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.content
    assert EXPEDITED.startswith(choice.message.content)
    assert (completion.model_extra or {})["refdesk"]["text"] == choice.message.content


@pytest.mark.parametrize("stop", ["business", ["nowhere", "business"]])
@pytest.mark.parametrize("which", ["spoken", "quoting"])
def test_a_text_ends_where_it_is_to_stop(request: pytest.FixtureRequest, which: str, stop: Any) -> None:
    found = request.getfixturevalue(which)
    served = found if which == "quoting" else found[0]
    with client_of(served) as client:
        whole = client.chat.completions.create(model="refdesk", messages=ASK, stop=stop)
        chunks = list(client.chat.completions.create(model="refdesk", messages=ASK, stop=stop, stream=True))
    text = str(whole.choices[0].message.content)
    assert text.replace("**", "").endswith("2–3 ")
    assert "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices) == text
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_quoted_text_ends_after_so_many_tokens_too(quoting: Served) -> None:
    with client_of(quoting) as client:
        chunks = list(client.chat.completions.create(model="refdesk", messages=ASK, max_tokens=3, stream=True))
    assert chunks[-1].choices[0].finish_reason == "length"
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text
    assert len(text.split()) <= 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 2.1),
        ("temperature", -1),
        ("top_p", 1.5),
        ("seed", "many"),
        ("max_tokens", 0),
        ("max_completion_tokens", -5),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("stop", ""),
        ("logprobs", True),
        ("response_format", {"type": "json_object"}),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(quoting: Served, name: str, value: Any) -> None:
    with client_of(quoting) as client, pytest.raises(openai.BadRequestError) as error:
        client.chat.completions.create(model="refdesk", messages=ASK, extra_body={name: value})
    assert (error.value.param, error.value.type) == (name, "invalid_request_error")
