"""A model is opened by its name and address, and its failures say what to do."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from agents.model.openai_llm import identify, model_failures
from agents.model.spec import ModelSpec, open_model
from agents.testing import Reply, ScriptedServer, failure
from knowledge.errors import ConfigError, ModelError

HELLO = [ChatMessage("Hello")]


def spec(server: ScriptedServer, *, api_key: str | None = None, retries: int = 0, timeout: float = 5.0) -> ModelSpec:
    return ModelSpec("scripted", base_url=server.base_url, api_key=api_key, retries=retries, timeout=timeout)


def failure_of(server: ScriptedServer, *, api_key: str | None = None, timeout: float = 5.0) -> str:
    model = open_model(spec(server, api_key=api_key, timeout=timeout))
    with pytest.raises(ModelError) as caught, model_failures(identify(model)):
        asyncio.run(model.achat(HELLO))
    return caught.value.sentence


def test_a_model_of_openai_has_the_window_that_it_is_known_for() -> None:
    assert open_model(ModelSpec("gpt-4o-mini", api_key="k")).metadata.context_window == 128_000
    assert open_model(ModelSpec("gpt-4", api_key="k")).metadata.context_window == 8_192


def test_a_model_that_is_not_known_is_opened_all_the_same() -> None:
    model = open_model(ModelSpec("gpt-of-tomorrow", api_key="k", context_window=1_000_000))
    assert model.metadata.context_window == 1_000_000


def test_a_model_elsewhere_is_as_configured() -> None:
    model = open_model(ModelSpec("small", base_url="http://127.0.0.1:9/v1", function_calling=False))
    assert model.metadata.is_chat_model
    assert not model.metadata.is_function_calling_model


def test_a_model_that_only_completes_is_opened_as_such() -> None:
    model = open_model(ModelSpec("old", base_url="http://127.0.0.1:9/v1", chat=False))
    assert isinstance(model, OpenAILike)
    assert not model.metadata.is_chat_model
    assert identify(model).host == "127.0.0.1:9"


def test_a_model_answers_one_event_loop_after_another() -> None:
    with ScriptedServer(["hello"]) as server:
        model = open_model(spec(server))
        said = [asyncio.run(model.achat(HELLO)).message.content for _ in range(2)]
        assert said == ["hello", "hello"]
        assert model.chat(HELLO).message.content == "hello"


def test_the_key_goes_to_the_server_and_into_no_text() -> None:
    with ScriptedServer(["hello"]) as server:
        described = spec(server, api_key="sk-secret")
        asyncio.run(open_model(described).achat(HELLO))
        assert server.requests[0].headers["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr(described)


def test_without_a_key_none_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    with ScriptedServer(["hello"]) as server:
        asyncio.run(open_model(spec(server)).achat(HELLO))
        assert "authorization" not in server.requests[0].headers


def test_a_local_model_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(["direct"]) as server, ScriptedServer(["by proxy"]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.host}")
        model = open_model(spec(server))
        assert asyncio.run(model.achat(HELLO)).message.content == "direct"
        assert model.chat(HELLO).message.content == "direct"


def test_a_redirect_is_not_followed() -> None:
    with ScriptedServer(["elsewhere"]) as elsewhere:
        moved = Reply(status=307, headers={"Location": f"{elsewhere.base_url}/chat/completions"})
        with ScriptedServer([moved]) as server:
            assert "307" in failure_of(server)
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (failure(401), "refuses the key: set OPENAI_API_KEY"),
        (failure(403), "may not use scripted"),
        (failure(404), "does not know the model scripted: check its name"),
        (failure(429, error="slow down"), "takes no more requests now (slow down): wait"),
        (failure(500), "failed with HTTP status 500 (scripted error): try again later."),
        (failure(400, error="maximum context length is 10"), "too long for scripted"),
        (failure(400, error="tools are not supported"), "set `function_calling: false`"),
        (failure(418), "refused the request with HTTP status 418: scripted error"),
        (Reply(raw="<html>a page</html>"), "is no completion (it is not JSON): its address usually ends in /v1."),
        (Reply(raw='{"choices": []}'), "is no completion (it holds no choices)"),
    ],
)
def test_a_failure_says_what_to_do(reply: Reply, words: str) -> None:
    with ScriptedServer([reply]) as server:
        sentence = failure_of(server)
        assert words in sentence
        assert server.host in sentence or "scripted" in sentence


def test_a_key_that_is_refused_is_to_be_checked() -> None:
    with ScriptedServer([failure(401)]) as server:
        assert failure_of(server, api_key="sk-old").endswith("refuses the key: check OPENAI_API_KEY.")


def test_a_model_that_is_too_slow_is_named() -> None:
    with ScriptedServer([Reply("late", delay=20)]) as server:
        assert "gave no answer in time" in failure_of(server, timeout=0.2)


def test_a_server_that_is_not_there_is_named() -> None:
    with ScriptedServer(["hello"]) as server:
        gone = server
    assert (
        failure_of(gone)
        == f"No model server can be reached at {gone.host}: check the address, and that the server runs."
    )


def test_a_busy_server_is_asked_again() -> None:
    with ScriptedServer([failure(429, Retry_After="0.01"), "hello"]) as server:
        model = open_model(spec(server, retries=1))
        assert asyncio.run(model.achat(HELLO)).message.content == "hello"
        assert len(server.requests) == 2


def test_retries_are_bounded() -> None:
    with ScriptedServer([failure(503, Retry_After="0.01")]) as server:
        model = open_model(spec(server, retries=2))
        with pytest.raises(ModelError), model_failures(identify(model)):
            asyncio.run(model.achat(HELLO))
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("address", "host", "local"),
    [
        ("http://127.0.0.1:8080/v1", "127.0.0.1:8080", True),
        ("http://localhost:11434/v1", "localhost:11434", True),
        ("http://[::1]:80/v1", "[::1]:80", True),
        ("https://api.openai.com/v1", "api.openai.com", False),
        ("http://127.0.0.1.example.com/v1", "127.0.0.1.example.com", False),
        ("http://user:secret@models.example.com/v1", "models.example.com", False),
        ("http://0.0.0.0:80/v1", "0.0.0.0:80", False),
    ],
)
def test_a_host_is_shown_and_known_to_be_local_or_not(address: str, host: str, *, local: bool) -> None:
    described = ModelSpec("m", base_url=address)
    assert (described.host, described.is_local) == (host, local)


@pytest.mark.parametrize("address", ["", "localhost:8080", "ftp://host/v1", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a model server"):
        ModelSpec("m", base_url=address)


def test_a_model_that_only_completes_is_asked_at_the_path_for_prompts() -> None:
    with ScriptedServer(["hello"]) as server:
        model = open_model(ModelSpec("old", base_url=server.base_url, chat=False, max_tokens=5, retries=0))
        with pytest.raises(ModelError, match="does not know the model old"), model_failures(identify(model)):
            model.complete("Hello")
        [request] = server.others
    assert (request.path, request.body["prompt"]) == ("/v1/completions", "Hello")
