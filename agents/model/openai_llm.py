"""LlamaIndex's own classes for OpenAI's protocol: models that only complete prompts, and LLMs that users bring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
from llama_index.core.llms import LLM
from llama_index.llms.openai_like import OpenAILike

from agents.model.failures import ModelIdentity, refusal, timed_out, unreachable
from agents.model.llm_face import ChatModelLLM
from agents.model.spec import ModelSpec
from knowledge.errors import ModelError

UNUSED_KEY = "no-key"
# Three attempts fit into 100 s.
SILENCE = 30.0


def open_completing_model(spec: ModelSpec) -> LLM:
    """A model that completes prompts and knows no chat.

    Retries are left to the client, which honours Retry-After; LlamaIndex would add a second loop around it.
    """
    return OpenAILike(
        model=spec.name,
        api_base=spec.base_url,
        api_key=spec.api_key or UNUSED_KEY,
        temperature=spec.temperature,
        max_tokens=spec.max_tokens,
        timeout=spec.timeout or SILENCE,
        max_retries=0,
        **_clients(spec),
        context_window=spec.context_window,
        is_chat_model=False,
        is_function_calling_model=False,
    )


def identify(llm: LLM) -> ModelIdentity:
    """Name and host of any LlamaIndex LLM; one without an address is named by its class."""
    if isinstance(llm, ChatModelLLM):
        return ModelIdentity(llm.chat_model.model_name, llm.chat_model.host)
    address = getattr(llm, "api_base", None) or getattr(llm, "base_url", None)
    host = urlsplit(str(address)).netloc.rpartition("@")[2] if address else ""
    key = getattr(llm, "api_key", None)
    return ModelIdentity(llm.metadata.model_name, host or llm.class_name(), bool(key) and key != UNUSED_KEY)


@contextmanager
def model_failures(model: ModelIdentity) -> Iterator[None]:
    """Turns what OpenAI's client raises while the model is asked into a `ModelError` that says what to do."""
    try:
        yield
    except openai.OpenAIError as error:
        raise _explained(error, model) from error


def _clients(spec: ModelSpec) -> dict[str, Any]:
    """Both clients, as the arguments under which LlamaIndex takes them."""
    client, async_client = httpx.Client(**_http_options(spec)), httpx.AsyncClient(**_http_options(spec))
    return {
        "openai_client": openai.OpenAI(http_client=client, **_client_options(spec)),
        "async_openai_client": openai.AsyncOpenAI(http_client=async_client, **_client_options(spec)),
    }


def _client_options(spec: ModelSpec) -> dict[str, Any]:
    return {
        "api_key": spec.api_key or UNUSED_KEY,
        "base_url": spec.base_url,
        "max_retries": spec.retries,
        "timeout": spec.timeout or SILENCE,
    }


def _http_options(spec: ModelSpec) -> dict[str, Any]:
    """No connection is kept, so that one model serves several event loops, one after the other.

    A model on this machine is never asked through a proxy, which may stand elsewhere. Redirects are not
    followed: the words go to the host that was named and to no other.
    """
    return {
        "timeout": spec.timeout or SILENCE,
        "trust_env": not spec.is_local,
        "follow_redirects": False,
        "limits": httpx.Limits(max_keepalive_connections=0),
    }


def _explained(error: openai.OpenAIError, model: ModelIdentity) -> ModelError:
    match error:
        case openai.APIStatusError():
            return refusal(model, error.status_code, _words(error), error.response.headers)
        case openai.APITimeoutError():
            return timed_out(model)
        case openai.APIConnectionError():
            return unreachable(model)
    return ModelError(f"{model.name} at {model.host} failed: {error}.")


def _words(error: openai.APIStatusError) -> str:
    body = error.body
    words = body.get("message") if isinstance(body, dict) else None
    return str(words or error.message)
