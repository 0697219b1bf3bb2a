"""Programs that ask the service by real clients: of its own, of OpenAI and of the Model Context Protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from openai import AsyncOpenAI

from serve.client import Answer, AsyncClient

QUESTION = "What does expedited shipping of a replacement card cost?"
Ask = Callable[[], Awaitable[bool]]


@asynccontextmanager
async def programs(url: str) -> AsyncIterator[Mapping[str, Ask]]:
    """By the name of each way, what asks one question by it and gives whether it was answered."""
    async with AsyncClient(url, timeout=300.0) as own, AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as openai:

        async def whole() -> bool:
            return bool((await own.ask(QUESTION)).text)

        async def streamed() -> bool:
            return any([isinstance(one, Answer) async for one in own.ask_stream(QUESTION)])

        async def completed() -> bool:
            stream = await openai.chat.completions.create(
                model="refdesk", messages=[{"role": "user", "content": QUESTION}], stream=True
            )
            reasons = [choice.finish_reason async for chunk in stream for choice in chunk.choices]
            return bool(reasons) and reasons[-1] == "stop"

        async def called() -> bool:
            """In a session of its own, which is over with the question."""
            async with (
                httpx2.AsyncClient(timeout=300.0) as http,
                Client(streamable_http_client(f"{url}/mcp", http_client=http), mode="legacy") as client,
            ):
                return not (await client.call_tool("ask", {"question": QUESTION})).is_error

        yield {"/api/ask": whole, "/api/ask, streamed": streamed, "/v1, streamed": completed, "/mcp": called}
