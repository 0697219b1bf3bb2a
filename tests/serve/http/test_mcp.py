"""The Model Context Protocol at /mcp: a real client reads as its key may, and nobody else does."""

from __future__ import annotations

from pathlib import Path

import httpx
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.serve.served import DATA, FAST, SECRET, opened, serving


async def found(url: str, key: str, query: str) -> str:
    """What a client with this key finds, as text."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert tools == ["search", "ask", "open_document"]
        answer = await client.call_tool("ask", {"question": FAST})
        assert str(DATA) not in str(answer)
        assert "2–3 business days" in "\n".join(getattr(one, "text", "") for one in answer.content)
        passages = await client.call_tool("search", {"query": query, "limit": 20})
        assert str(DATA) not in str(passages)
        listed = await client.list_resources()
        assert listed.resources
        assert str(DATA) not in str(listed)
        assert str(DATA) not in str(await client.read_resource(listed.resources[0].uri))
        return "\n".join(getattr(one, "text", "") for one in passages.content)


async def test_each_client_reads_as_its_key_may(banks: Path, tmp_path: Path) -> None:
    service = opened(banks, tmp_path / "store.sqlite")
    scopes = ["ask", "search", "documents:read"]
    public, _ = service.guard.keys.make("public", scopes=scopes)
    staff, _ = service.guard.keys.make("staff", scopes=scopes, roles=["staff"])
    chat, _ = service.guard.keys.make("chat", scopes=["chat"])
    with serving(service) as url:
        assert "Internal" in await found(url, staff, SECRET)
        assert "Internal" not in await found(url, public, SECRET)
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.post("/mcp", json={})).status_code == 401
            assert (await client.post("/mcp", headers={"Authorization": f"Bearer {chat}"})).status_code == 403
    service.close()
