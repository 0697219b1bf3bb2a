from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError

from agents.answers.scope import Scope
from agents.exceptions import McpError
from agents.mcp import HttpStatelessClient, StdIOStatefulClient
from agents.mcp.cli import is_local, parsed_address
from agents.mcp.desk import Desk
from agents.mcp.protocol_server import desk_server, http_app
from agents.tool import Toolkit
from knowledge.errors import UsageError
from knowledge.library import Library
from knowledge.types import Reader
from tests.agents.mcp.servers import free_port, serving
from tests.conftest import Refdesk

STAFF = Reader(frozenset({"staff"}))
PAY = "What does the top pay band begin at?"


def desk(handbook: Path, *, reader: Reader = STAFF, banks: tuple[str, ...] | None = None) -> Desk:
    return Desk(Library(handbook), Scope(reader, banks))


async def with_client(served: Desk, use: Callable[[Client], Awaitable[None]]) -> None:
    """What a real client sees of a desk, over HTTP."""
    app = http_app(desk_server(served), host="127.0.0.1", token=None)
    async with serving(app) as port, Client(f"http://127.0.0.1:{port}/mcp") as client:
        await use(client)


def text_of(result: object) -> str:
    return "\n".join(item.text for item in getattr(result, "content", ()))


async def test_a_client_searches_asks_and_opens_what_it_found(handbook: Path) -> None:
    async def use(client: Client) -> None:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "ask", "open_document"]
        found = await client.call_tool("search", {"query": "days of paid leave", "bank": "hr", "limit": 1})
        passage = found.structured_content["passages"][0]
        assert "25 days of paid leave" in text_of(found)
        assert passage["document"] in text_of(found)
        answer = await client.call_tool("ask", {"question": "How many days of paid leave are there?"})
        assert "25 days of paid leave" in text_of(answer)
        citation = answer.structured_content["citations"][0]
        opened = await client.call_tool("open_document", {"document": passage["document"]})
        text = opened.structured_content["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
        part = await client.call_tool("open_document", {"document": passage["document"], "start": 2, "length": 5})
        assert part.structured_content["text"] == text[2:7]
        assert "[characters 2 to 7 of" in text_of(part)

    await with_client(desk(handbook), use)


async def test_documents_are_resources(handbook: Path) -> None:
    async def use(client: Client) -> None:
        listed = (await client.list_resources()).resources
        assert sorted(item.title or "" for item in listed)[:2] == ["Hotels", "Internal: pay bands"]
        assert (await client.list_resource_templates()).resource_templates
        leave = next(item for item in listed if item.title == "Leave")
        (content,) = (await client.read_resource(leave.uri)).contents
        assert "25 days of paid leave" in getattr(content, "text", "")

    await with_client(desk(handbook), use)


async def test_what_a_reader_may_not_see_does_not_exist_for_a_client(handbook: Path) -> None:
    (secret,) = [item.uri for item in desk(handbook).entries() if item.title.startswith("Internal")]

    async def use(client: Client) -> None:
        assert not [item for item in (await client.list_resources()).resources if item.uri == secret]
        calls: dict[str, dict[str, Any]] = {"search": {"query": PAY, "limit": 50}, "ask": {"question": PAY}}
        for tool, arguments in calls.items():
            assert "91,000" not in str(await client.call_tool(tool, arguments))
        opened = await client.call_tool("open_document", {"document": secret})
        assert opened.is_error
        assert "91,000" not in text_of(opened)
        with pytest.raises(MCPError, match="for this reader"):
            await client.read_resource(secret)

    await with_client(desk(handbook, reader=Reader()), use)


async def test_only_the_banks_that_are_served_can_be_reached(handbook: Path) -> None:
    hotels = next(item.uri for item in desk(handbook).entries() if item.title == "Hotels")

    async def use(client: Client) -> None:
        assert "travel" not in str(await client.list_resources())
        for tool, arguments in (
            ("search", {"query": "hotel", "bank": "travel"}),
            ("ask", {"question": "hotel", "bank": "travel"}),
            ("open_document", {"document": hotels}),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert "There is no bank travel. The banks are: hr." in text_of(result)

    await with_client(desk(handbook, banks=("hr",)), use)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {"query": ""}, "Nothing was asked"),
        ("search", {}, "`query` is missing"),
        ("ask", {"question": "x" * 20_000}, "characters"),
        ("open_document", {"document": "file:///etc/passwd"}, "is no document"),
        ("open_document", {"document": "refdesk://hr/99999"}, "no document 99999"),
        ("open_document", {"document": "refdesk://hr/" + "9" * 40}, "is no document"),
        ("open_document", {"document": "refdesk://../1"}, "There is no bank"),
        ("nothing", {}, "There is no tool nothing"),
    ],
)
async def test_a_bad_call_is_answered_with_a_sentence(
    handbook: Path, tool: str, arguments: dict[str, object], said: str
) -> None:
    async def use(client: Client) -> None:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        assert said in text_of(result)

    await with_client(desk(handbook), use)


async def test_a_token_is_asked_for_where_there_is_one(handbook: Path) -> None:
    app = http_app(desk_server(desk(handbook)), host="127.0.0.1", token="the token")
    async with serving(app) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        async with httpx.AsyncClient() as client:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "the token"}):
                assert (await client.post(url, json={}, headers=headers)).status_code == 401
        known = HttpStatelessClient("desk", url, headers={"Authorization": "Bearer the token"})
        assert len(await known.list_tools()) == 3


async def test_a_page_of_another_site_cannot_use_a_server_without_a_token(handbook: Path) -> None:
    app = http_app(desk_server(desk(handbook)), host="127.0.0.1", token=None)
    async with serving(app) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}/mcp"
        assert (await client.post(url, json={}, headers={"Host": "evil.example"})).status_code == 421
        assert (await client.post(url, json={}, headers={"Origin": "http://evil.example"})).status_code == 403


async def test_the_command_serves_an_agents_toolkit_through_pipes(handbook: Path) -> None:
    arguments = ["-m", "serve", "--root", str(handbook), "mcp", "--banks", "hr", "--as", "staff"]
    environment = {name: value for name, value in os.environ.items() if name.startswith(("REFDESK_", "XDG_"))}
    project = str(Path(__file__).parents[3])
    async with StdIOStatefulClient("desk", sys.executable, arguments, environment, project, timeout=120) as client:
        toolkit = Toolkit()
        assert await toolkit.register_mcp_client(client) == ["search", "ask", "open_document"]
        response = await toolkit.execute_tool_function("ask", {"question": PAY})
        assert "91,000" in response.text
        assert response.value["citations"][0]["bank"] == "hr"


async def test_the_command_serves_over_http_and_says_where(handbook: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "serve", "--root", str(handbook), "mcp", "--json", "--http", address]
    server = subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = json.loads(await asyncio.to_thread(server.stdout.readline))["url"]
        client = HttpStatelessClient("desk", url)
        for _ in range(100):
            try:
                tools = await client.list_tools()
                break
            except McpError:  # it says where it serves before it listens
                await asyncio.sleep(0.1)
        assert [tool.name for tool in tools] == ["search", "ask", "open_document"]
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_json_is_refused_where_the_protocol_has_the_output(refdesk: Refdesk, handbook: Path) -> None:
    outcome = refdesk(["--root", str(handbook), "mcp", "--json"])
    assert (outcome.code, outcome.out) == (2, "")
    assert "use --json with --http" in outcome.err


def test_the_command_ends_with_its_input(handbook: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serve", "--root", str(handbook), "mcp"],
        cwd=Path(__file__).parents[3],
        input=b"",
        capture_output=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("address", ["0.0.0.0:8700", "[::]:8700", "192.0.2.1:8700", "host.example:8700"])
def test_beyond_this_machine_a_token_is_needed(refdesk: Refdesk, handbook: Path, address: str) -> None:
    outcome = refdesk(["--root", str(handbook), "mcp", "--http", address])
    assert outcome.code == 2
    assert "set REFDESK_MCP_TOKEN, or use 127.0.0.1" in outcome.err


@pytest.mark.parametrize("address", ["", "8700", "host", "host:", "host:port", "host:70000", ":8700"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        parsed_address(address)


def test_addresses_of_both_versions_are_read() -> None:
    assert parsed_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert parsed_address("[::1]:80") == ("::1", 80)
    assert [is_local(host) for host in ("::1", "127.8.8.8", "LOCALHOST", "::", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_bank_that_is_not_there_is_told_before_anything_is_served(refdesk: Refdesk, handbook: Path) -> None:
    outcome = refdesk(["--root", str(handbook), "mcp", "--banks", "hr,nothing"])
    assert outcome.code == 2
    assert "nothing" in outcome.err
