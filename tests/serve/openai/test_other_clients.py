"""LlamaIndex's OpenAILike and LiteLLM, unchanged, against the service."""

from __future__ import annotations

import warnings
from typing import Any

import httpx
import pytest
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from tests.serve.openai.conftest import Served
from tests.serve.served import FAST, QUOTED


def llamaindex(served: Served, model: str, **connections: Any) -> OpenAILike:
    return OpenAILike(
        model=model, api_base=served.base_url, api_key="anything", is_chat_model=True, max_retries=0, **connections
    )


def test_llamaindex_chats_and_streams(quoting: Served) -> None:
    with httpx.Client() as http:
        llm = llamaindex(quoting, "refdesk", http_client=http)
        answer = llm.chat([ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=FAST)])
        assert QUOTED in str(answer.message.content)
        assert answer.raw.model_extra["refdesk"]["citations"]  # type: ignore[union-attr]  # OpenAI's own completion
        assert QUOTED in llm.complete(FAST).text
        pieces = list(llm.stream_chat([ChatMessage(role="user", content=FAST)]))
        assert pieces[-1].message.content == answer.message.content


async def test_llamaindex_awaits(quoting: Served) -> None:
    async with httpx.AsyncClient() as http:
        llm = llamaindex(quoting, "banking", async_http_client=http)
        answer = await llm.achat([ChatMessage(role="user", content=FAST)])
        assert QUOTED in str(answer.message.content)
        stream = await llm.astream_chat([ChatMessage(role="user", content=FAST)])
        assert "".join([piece.delta or "" async for piece in stream]) == answer.message.content


def test_litellm_chats_streams_and_embeds(quoting: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    # It would look for prices on another host.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own making, at import and in its types
        import litellm

        where: dict[str, Any] = {"api_base": quoting.base_url, "api_key": "anything"}
        messages = [{"role": "user", "content": FAST}]
        answer: Any = litellm.completion(model="openai/refdesk", messages=messages, **where)
        assert QUOTED in answer.choices[0].message.content
        pieces: Any = litellm.completion(
            model="openai/refdesk", messages=messages, stream=True, stream_options={"include_usage": True}, **where
        )
        text = "".join(choice.delta.content or "" for piece in pieces for choice in piece.choices)
        assert text == answer.choices[0].message.content
        vectors: Any = litellm.embedding(model="openai/refdesk", input=["days of leave"], **where)
        assert len(vectors.data[0]["embedding"]) == 384
        # It keeps its connections for good.
        for kept in litellm.in_memory_llm_clients_cache.cache_dict.values():
            kept.close()
