"""Models behind OpenAI's protocol as LlamaIndex LLMs, with their failures as one clear sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
from llama_index.core.llms import LLM
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai.utils import ALL_AVAILABLE_MODELS
from llama_index.llms.openai_like import OpenAILike

from agents.model import OPENAI, ModelSpec
from knowledge.errors import ModelError

UNUSED_KEY = "no-key"

Explanation = tuple[str, str]
REFUSALS: Mapping[int, Explanation] = {
    403: ("The key may not use {model} at {host}:", "use another model or another key."),
    404: ("{host} does not know the model {model}:", "check its name, and that the address ends in /v1."),
    429: ("{host} takes no more requests now ({words}):", "wait a little, or check the quota."),
}
WRONG_REQUESTS: Mapping[str, Explanation] = {
    "context": ("The conversation is too long for {model} ({words}):", "ask a shorter question, or start a new chat."),
    "tool": ("{model} takes no tools ({words}):", "set `function_calling: false` for it in refdesk.yaml."),
}
OUT_OF_ORDER: Explanation = ("{host} failed with HTTP status {status} ({words}):", "try again later.")


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A model's name and where it runs, as far as the LLM object tells."""

    name: str
    host: str
    has_key: bool = False


class UnreadableReply(openai.OpenAIError):
    """What came back is no completion; the client passes errors of its own kind on without trying again."""


def open_openai_model(spec: ModelSpec) -> LLM:
    """The model as `OpenAI` where LlamaIndex knows its name, else as `OpenAILike`.

    Retries are left to the client, which honours Retry-After; LlamaIndex would add a second loop around it.
    """
    client = httpx.Client(**_http_options(spec), event_hooks={"response": [_check]})
    async_client = httpx.AsyncClient(**_http_options(spec), event_hooks={"response": [_acheck]})
    shared: dict[str, Any] = {
        "model": spec.name,
        "api_base": spec.base_url,
        "api_key": spec.api_key or UNUSED_KEY,
        "temperature": spec.temperature,
        "max_tokens": spec.max_tokens,
        "timeout": spec.timeout,
        "max_retries": 0,
        "openai_client": openai.OpenAI(http_client=client, **_client_options(spec)),
        "async_openai_client": openai.AsyncOpenAI(http_client=async_client, **_client_options(spec)),
    }
    if spec.base_url == OPENAI and spec.name in ALL_AVAILABLE_MODELS:
        try:
            return OpenAI(**shared)
        except ValueError as error:
            raise ModelError(f"{spec.name}: {error}") from error
    return OpenAILike(
        **shared,
        context_window=spec.context_window,
        is_chat_model=spec.chat,
        is_function_calling_model=spec.function_calling,
    )


def identify(llm: LLM) -> ModelIdentity:
    """Name and host of any LlamaIndex LLM; one without an address is named by its class."""
    address = getattr(llm, "api_base", None) or getattr(llm, "base_url", None)
    host = urlsplit(str(address)).netloc.rpartition("@")[2] if address else ""
    key = getattr(llm, "api_key", None)
    return ModelIdentity(llm.metadata.model_name, host or llm.class_name(), bool(key) and key != UNUSED_KEY)


@contextmanager
def model_failures(model: ModelIdentity) -> Iterator[None]:
    """Turns what goes wrong while the model is asked into a `ModelError` that says what to do."""
    try:
        yield
    except openai.OpenAIError as error:
        message, hint = _explained(error, model)
        raise ModelError(message, hint=hint) from error


def _client_options(spec: ModelSpec) -> dict[str, Any]:
    return {
        "api_key": spec.api_key or UNUSED_KEY,
        "base_url": spec.base_url,
        "max_retries": spec.retries,
        "timeout": spec.timeout,
    }


def _http_options(spec: ModelSpec) -> dict[str, Any]:
    """No connection is kept, so that one model serves several event loops, one after the other.

    A model on this machine is never asked through a proxy, which may stand elsewhere. Redirects are not
    followed: the words go to the host that was named and to no other.
    """
    return {
        "timeout": spec.timeout,
        "trust_env": not spec.is_local,
        "follow_redirects": False,
        "limits": httpx.Limits(max_keepalive_connections=0),
    }


def _check(response: httpx.Response) -> None:
    if _is_whole(response):
        response.read()
        _check_completion(response)


async def _acheck(response: httpx.Response) -> None:
    if _is_whole(response):
        await response.aread()
        _check_completion(response)


def _is_whole(response: httpx.Response) -> bool:
    streamed = response.headers.get("content-type", "").startswith("text/event-stream")
    return response.status_code == httpx.codes.OK and not streamed


def _check_completion(response: httpx.Response) -> None:
    """Refuses a body without choices, which LlamaIndex would stumble over with an AttributeError."""
    try:
        body = response.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableReply("it is not JSON") from error
    if not isinstance(body, dict) or not body.get("choices"):
        raise UnreadableReply("it holds no choices")


def _explained(error: openai.OpenAIError, model: ModelIdentity) -> Explanation:
    match error:
        case openai.APIStatusError():
            return _explained_status(error, model)
        case openai.APITimeoutError():
            sentence = f"{model.name} at {model.host} gave no answer in time:"
            return sentence, "try again, or raise its `timeout` in refdesk.yaml."
        case openai.APIConnectionError():
            return f"No model server can be reached at {model.host}:", "check the address, and that the server runs."
        case UnreadableReply():
            return f"What {model.host} sent is no completion ({error}):", "its address usually ends in /v1."
    return f"{model.name} at {model.host} failed: {error}.", ""


def _explained_status(error: openai.APIStatusError, model: ModelIdentity) -> Explanation:
    words, status = _words(error), error.status_code
    known = REFUSALS.get(status)
    if status == 401:
        return f"{model.host} refuses the key:", _key_hint(model)
    if status == 400:
        known = next((refusal for word, refusal in WRONG_REQUESTS.items() if word in words.lower()), None)
    if status >= 500:
        known = OUT_OF_ORDER
    message, hint = known or ("{host} refused the request with HTTP status {status}: {words}", "")
    return message.format(host=model.host, model=model.name, status=status, words=words), hint


def _key_hint(model: ModelIdentity) -> str:
    if model.has_key:
        return "check OPENAI_API_KEY."
    return "set OPENAI_API_KEY, and OPENAI_BASE_URL to the same address so that the key is sent there."


def _words(error: openai.APIStatusError) -> str:
    """What the server said, as one line of at most 200 characters."""
    body = error.body
    words = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(words or error.message).split())[:200]
