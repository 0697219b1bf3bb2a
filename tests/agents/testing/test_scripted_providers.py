"""The scripted server beyond completions: vectors, lists of models, slow streams, and clients that hang up."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import openai
import pytest

from agents.model.openai_chat import OpenAIChatModel
from agents.testing import Reply, ScriptedModel, ScriptedServer, failure


def client(server: ScriptedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="test-key", max_retries=0)


def fetched(url: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data)) as response:
        return json.loads(response.read())


def test_texts_that_share_words_have_vectors_near_each_other() -> None:
    with ScriptedServer() as server, client(server) as asking:
        made = asking.embeddings.create(
            model="small", input=["leave of absence", "absence and leave", "train"], encoding_format="float"
        )
        one, other, far = (each.embedding for each in made.data)
    assert sum(map(float.__mul__, one, other)) > 0.5 > sum(map(float.__mul__, one, far))
    assert sum(value * value for value in one) == pytest.approx(1.0)
    [request] = server.embedding_requests
    assert request.body["model"] == "small"
    assert server.requests == []


def test_vectors_may_be_scripted_and_may_fail() -> None:
    replies = iter([Reply(vectors=[[1.0, 0.0]]), failure(429)])
    with ScriptedServer(embedding=lambda _: next(replies)) as server, client(server) as asking:
        made = asking.embeddings.create(model="m", input="x", encoding_format="float")
        assert made.data[0].embedding == [1.0, 0.0]
        with pytest.raises(openai.RateLimitError):
            asking.embeddings.create(model="m", input="x", encoding_format="float")


def test_models_are_listed() -> None:
    with ScriptedServer(models=["one", "two"]) as server, client(server) as asking:
        assert [model.id for model in asking.models.list()] == ["one", "two"]


def test_what_is_no_path_of_a_model_is_recorded_and_refused() -> None:
    with ScriptedServer() as server:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(f"{server.root_url}/elsewhere", {"a": 1})
        [request] = server.others
        assert (request.path, request.body) == ("/elsewhere", {"a": 1})


async def test_a_client_that_hangs_up_is_noted_and_one_that_stays_is_not() -> None:
    with ScriptedServer([Reply("word " * 50, pause=0.05), "whole"]) as server:
        model = OpenAIChatModel("m", "k", base_url=server.base_url)
        task = asyncio.create_task(model("Hello"))
        stream: Any = await task
        await anext(stream)
        await stream.aclose()
        await model.respond([])
        assert await asyncio.to_thread(server.requests[0].gone.wait, 5)
        assert server.hung_up == [server.requests[0]]


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/v1/messages", {"model": "m"}, lambda found: found["content"][0]["text"]),
        ("/api/chat", {"model": "m", "stream": False}, lambda found: found["message"]["content"]),
        (
            "/v1beta/models/m:generateContent",
            {},
            lambda found: found["candidates"][0]["content"]["parts"][0]["text"],
        ),
    ],
)
def test_other_protocols_are_spoken_too(path: str, body: dict[str, Any], text: Any) -> None:
    with ScriptedServer(["hello"]) as server:
        assert text(fetched(server.root_url + path, body)) == "hello"
        assert len(server.requests) == 1


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        ScriptedModel([])
