"""The Model Context Protocol at /mcp: a real client reads as its key may, waits like others, and is kept account of."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from agents.model import OpenAIChatModel
from agents.testing import Reply, ScriptedModel, ScriptedServer
from serve.service import Service
from serve.store.people import People
from tests.serve.served import DATA, FAST, SECRET, client_of, opened, serving

SCOPES = ["ask", "search", "documents:read"]
AGENTS = """
agents:
  poet:
    description: Writes verse.
    instructions: You write verse.
"""


# The protocol of before 2026, in which clients have sessions, or what the server offers.
Mode = Literal["legacy", "auto"]


@asynccontextmanager
async def connected(url: str, key: str, mode: Mode = "auto") -> AsyncIterator[Client]:
    """A client with this key."""
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def text_of(result: Any) -> str:
    """What a tool said."""
    return "\n".join(getattr(one, "text", "") for one in result.content)


async def found(url: str, key: str, query: str) -> str:
    """What a client with this key finds, as text."""
    async with connected(url, key) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        assert tools == ["search", "ask", "open_document"]
        answer = await client.call_tool("ask", {"question": FAST})
        assert str(DATA) not in str(answer)
        assert "2–3 business days" in text_of(answer)
        address = answer.structured_content["citations"][0]["document"]
        assert address in text_of(answer)
        opened_text = text_of(await client.call_tool("open_document", {"document": address}))
        assert answer.structured_content["citations"][0]["quote"] in opened_text
        passages = await client.call_tool("search", {"query": query, "limit": 20})
        assert str(DATA) not in str(passages)
        listed = await client.list_resources()
        assert listed.resources
        assert str(DATA) not in str(listed)
        assert str(DATA) not in str(await client.read_resource(listed.resources[0].uri))
        return text_of(passages)


async def test_each_client_reads_as_its_key_may(banks: Path, tmp_path: Path) -> None:
    service = opened(banks, tmp_path / "store.sqlite")
    public, _ = service.guard.keys.make("public", scopes=SCOPES)
    staff, _ = service.guard.keys.make("staff", scopes=SCOPES, roles=["staff"])
    chat, _ = service.guard.keys.make("chat", scopes=["chat"])
    with serving(service) as url:
        assert "Internal" in await found(url, staff, SECRET)
        assert "Internal" not in await found(url, public, SECRET)
        async with httpx.AsyncClient(base_url=url) as client:
            assert (await client.post("/mcp", json={})).status_code == 401
            assert (await client.post("/mcp", headers={"Authorization": f"Bearer {chat}"})).status_code == 403
    service.close()


def kept_of(service: Service, id: str) -> list[dict[str, Any]]:
    """What is kept of a key's questions."""
    return People(service.store.database).everything_of(f"k_{id}")


async def test_what_a_client_asks_is_kept_under_its_key(banks: Path, tmp_path: Path) -> None:
    service = opened(banks, tmp_path / "store.sqlite")
    first, key = service.guard.keys.make("first", scopes=SCOPES)
    second, other = service.guard.keys.make("second", scopes=SCOPES)
    with serving(service) as url:
        async with connected(url, first) as client:
            answer = await client.call_tool("ask", {"question": FAST, "bank": "banking"})
        async with connected(url, second) as client:
            for wrong in ({"question": FAST, "bank": "none"}, {"question": " "}, {"question": "x" * 4_001}):
                refused = await client.call_tool("ask", wrong)
                assert refused.is_error, wrong
                assert text_of(refused)
    (conversation,) = kept_of(service, key.id)
    assert conversation["channel"] == "mcp"
    assert [one["text"] for one in conversation["messages"]] == [FAST, answer.structured_content["text"]]
    assert conversation["turns"][0]["status"] == "complete"
    assert conversation["retrievals"]
    assert kept_of(service, other.id) == []
    service.close()


async def test_an_agent_goes_on_with_a_conversation_of_the_same_key_alone(banks: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(banks, tmp_path / "root"))
    with (root / "refdesk.yaml").open("a", encoding="utf-8") as config:
        config.write(AGENTS)
    model = ScriptedModel(["Roses are red.", "Violets are blue."])
    service = opened(root, tmp_path / "store.sqlite", model=model)
    first, key = service.guard.keys.make("first", scopes=SCOPES)
    second, _ = service.guard.keys.make("second", scopes=SCOPES)
    with serving(service) as url:
        async with connected(url, first) as client:
            begun = (await client.call_tool("ask_poet", {"message": "A line, please."})).structured_content
        # Another session goes on with it: it is kept by the service.
        async with connected(url, first) as client:
            again = await client.call_tool("ask_poet", {"message": "More.", "conversation": begun["conversation"]})
        async with connected(url, second) as client:
            strange = await client.call_tool("ask_poet", {"message": "More.", "conversation": begun["conversation"]})
    assert (begun["agent"], begun["text"]) == ("poet", "Roses are red.")
    assert again.structured_content["text"] == "Violets are blue."
    assert "Roses are red." in model.requests[1].text
    assert strange.is_error
    assert "no such conversation" in text_of(strange)
    (conversation,) = kept_of(service, key.id)
    assert [one["role"] for one in conversation["messages"]] == ["user", "assistant"] * 2
    assert len(conversation["turns"]) == len(conversation["model_calls"]) == 2
    service.close()


async def test_a_question_waits_for_its_turn_like_others(banks: Path, tmp_path: Path) -> None:
    model = ScriptedModel([Reply("late", delay=600.0)])
    service = opened(banks, tmp_path / "store.sqlite", model=model, limits={"turns": 1, "queue": 0})
    whole, _ = service.guard.keys.make("program", scopes=SCOPES)
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {whole}"}, timeout=60) as http:
            asking = asyncio.create_task(http.post("/api/ask", json={"question": FAST}))
            while not model.requests:
                await asyncio.sleep(0.02)
            async with connected(url, whole) as client:
                refused = await client.call_tool("ask", {"question": FAST})
            asking.cancel()
            await asyncio.wait([asking])
        assert refused.is_error
        assert "Too many questions wait already" in text_of(refused)
    service.close()


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_cancelled_question_stops_its_work_and_frees_its_place(banks: Path, tmp_path: Path, mode: Mode) -> None:
    with ScriptedServer([Reply("late", delay=600.0), "The next one."]) as models:
        model = OpenAIChatModel("scripted", base_url=models.base_url, stream=True)
        service = opened(banks, tmp_path / "store.sqlite", model=model, limits={"turns": 1, "queue": 0})
        whole, key = service.guard.keys.make("program", scopes=SCOPES)
        with serving(service) as url:
            async with connected(url, whole, mode) as client:
                asking = asyncio.create_task(client.call_tool("ask", {"question": FAST}))
                while not models.requests:
                    await asyncio.sleep(0.02)
                asking.cancel()
                await asyncio.wait([asking])
                while service.reception.under_way:
                    await asyncio.sleep(0.02)
                assert await asyncio.to_thread(models.requests[0].gone.wait, 10)
                again = await client.call_tool("ask", {"question": FAST})
        assert asking.cancelled()
        assert "Too many questions" not in text_of(again)
        stopped, answered = kept_of(service, key.id)
        assert {stopped["turns"][0]["status"], answered["turns"][0]["status"]} == {"stopped", "complete"}
        service.close()


async def test_a_client_whose_session_is_over_is_told_to_begin_anew(banks: Path, tmp_path: Path) -> None:
    service = opened(banks, tmp_path / "store.sqlite")
    whole, _ = service.guard.keys.make("program", scopes=SCOPES)
    async with client_of(service, Authorization=f"Bearer {whole}") as http:
        headers = {"Mcp-Session-Id": "0" * 32, "Accept": "application/json, text/event-stream"}
        asked = await http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
    assert asked.status_code == 404  # which lets a client initialise anew, as the protocol says
    service.close()
