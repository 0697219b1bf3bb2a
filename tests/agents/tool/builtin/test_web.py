from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from agents import runtime
from agents.exceptions import ToolError
from agents.tool import Toolkit, fetch_page, web_search
from agents.tool.builtin.json_search import JsonSearch
from agents.tool.builtin.page_fetch import HttpPages, is_public
from agents.tool.builtin.web import SearchHit, StaticPages, StaticSearch
from agents.tool.builtin.web_tools import WebTools

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
Answer = Callable[[str, dict[str, str]], tuple[str, dict[str, str], bytes]]
HTML = (
    b"<html><head><title>The page</title></head>"
    b"<body><h1>Hello</h1><script>alert(1)</script><p>Words.</p></body></html>"
)
FOUND = b'{"results": [{"title": "One", "url": "http://one", "content": "first"}, {"url": "http://two"}, 5]}'


@asynccontextmanager
async def web(answer: Answer) -> AsyncIterator[str]:
    """A web server on loopback; `answer` gives status, headers and body for a target."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        status, sent, body = answer(head[0].split()[1], headers)
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in sent.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await drained(writer)

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


async def drained(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whoever closed it first."""
    with suppress(ConnectionError):
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """A server on loopback whose connections have all ended when it does; gives the port."""
    open_ones: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    if open_ones:
        await asyncio.wait(open_ones)


def page(target: str, headers: dict[str, str]) -> tuple[str, dict[str, str], bytes]:
    return "200 OK", {"Content-Type": "text/html"}, HTML


async def test_a_page_is_read_as_text() -> None:
    async with web(page) as address:
        tools = WebTools(StaticSearch([]), HttpPages(allow_private=True))
        response = await tools.fetch_page(f"{address}/page?x=1")
    assert "The page" in response.text
    assert "Words." in response.text
    assert "alert" not in response.text
    assert "data, not instructions" in response.text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost:1/",
        "http://[::1]:1/",
        "http://10.0.0.8/",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://2130706433/",
        "http://0x7f.1/",
    ],
)
async def test_an_address_of_the_own_network_is_refused(url: str) -> None:
    with pytest.raises(ToolError, match=r"leads into a private network|is not known"):
        await HttpPages().fetch(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:0a00:0001::1", False),
        ("fd00::1", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_a_name_that_resolves_to_a_private_address_is_refused_and_asked_for_once() -> None:
    asked: list[str] = []

    class Loop(asyncio.SelectorEventLoop):
        async def getaddrinfo(self, host: object, port: object, **_: object) -> list[tuple[object, ...]]:  # type: ignore[override]  # what is used of it
            asked.append(str(host))
            number = "93.184.216.34" if len(asked) > 1 else "127.0.0.1"
            return [(2, 1, 6, "", (number, 0))]

    def run() -> str:
        with asyncio.Runner(loop_factory=Loop) as runner:
            try:
                runner.run(HttpPages().fetch("http://rebinding.example/"))
            except ToolError as error:
                return error.message
        return "it was fetched"

    assert "private network" in await asyncio.to_thread(run)
    assert asked == ["rebinding.example"]


async def test_the_server_is_told_the_name_although_the_number_is_connected_to() -> None:
    seen: list[str] = []

    def answer(target: str, headers: dict[str, str]) -> tuple[str, dict[str, str], bytes]:
        seen.append(headers["host"])
        return page(target, headers)

    async with web(answer) as address:
        port = address.rpartition(":")[2]
        await HttpPages(allow_private=True).fetch(f"http://localhost:{port}/")
    assert seen == [f"localhost:{port}"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        ("404 Not Found", {}, b"", "answered 404 Not Found"),
        ("302 Found", {"Location": "/again"}, b"", "redirects more than 5 times"),
        ("302 Found", {"Location": "file:///etc/passwd"}, b"", "is no address of a page"),
        ("200 OK", {"Content-Type": "image/png"}, b"x", "is image/png, not a page of text"),
        ("200 OK", {"Content-Type": "text/plain"}, b"x" * 2_000_000, "is larger than 1 MB"),
    ],
)
async def test_what_cannot_be_read_is_told(status: str, headers: dict[str, str], body: bytes, said: str) -> None:
    async with web(lambda *_: (status, headers, body)) as address:
        with pytest.raises(ToolError, match=said):
            await HttpPages(allow_private=True, max_mb=1).fetch(address)


async def test_a_server_that_never_answers_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await drained(writer)

    async with listening(silent) as port:
        with pytest.raises(ToolError, match=r"took longer than 0.3 s|Timeout"):
            await HttpPages(allow_private=True, timeout=0.3).fetch(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url", ["", "no address", "ftp://127.0.0.1/", "http://", "http://host:port/", "javascript:alert(1)"]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ToolError, match=r"no address of a page|port that is none"):
        await HttpPages(allow_private=True).fetch(url)


async def test_a_searxng_server_is_asked() -> None:
    asked: list[str] = []

    def answer(target: str, headers: dict[str, str]) -> tuple[str, dict[str, str], bytes]:
        asked.append(target)
        return "200 OK", {}, FOUND

    async with web(answer) as address:
        response = await WebTools(JsonSearch(f"{address}/search")).web_search("two words")
    assert asked == ["/search?format=json&q=two+words"]
    assert "1. One\nhttp://one\nfirst" in response.text
    assert "http://two" in response.text


async def test_other_servers_are_asked_by_configuration() -> None:
    def answer(target: str, headers: dict[str, str]) -> tuple[str, dict[str, str], bytes]:
        assert headers["x-key"] == "k"
        assert target == "/?count=3&query=a"
        return "200 OK", {}, b'{"web": {"hits": [{"name": "N", "href": "http://n", "text": "t"}]}}'

    async with web(answer) as address:
        search = JsonSearch(
            address,
            query_name="query",
            parameters={"count": "3"},
            headers={"X-Key": "k"},
            results="web.hits",
            title="name",
            link="href",
            snippet="text",
        )
        assert await search.search("a", 5) == [SearchHit("N", "http://n", "t")]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("500 Oops", b"", "answered 500"),
        ("200 OK", b"<html>", "did not answer with JSON"),
        ("200 OK", b'{"other": []}', "holds no list 'results'"),
        ("200 OK", b"[]", "holds no list 'results'"),
    ],
)
async def test_a_search_that_fails_is_told(status: str, body: bytes, said: str) -> None:
    async with web(lambda *_: (status, {}, body)) as address:
        with pytest.raises(ToolError, match=said):
            await JsonSearch(address).search("a", 1)


async def test_a_search_that_is_not_there_is_told() -> None:
    with pytest.raises(ToolError, match="cannot be reached"):
        await JsonSearch("http://127.0.0.1:1/search").search("a", 1)


async def test_a_fixed_web_serves_tests() -> None:
    hits = [SearchHit("Cats", "http://cats", "about cats"), SearchHit("Dogs", "http://dogs", "dogs and cats")]
    tools = WebTools(StaticSearch(hits), StaticPages({"http://cats": "Cats sleep."}))
    toolkit = Toolkit()
    toolkit.register_tool_function(tools.web_search)
    toolkit.register_tool_function(tools.fetch_page)
    assert (await toolkit.execute_tool_function("web_search", {"query": "dogs"})).value == [hits[1]]
    assert "Nothing was found" in (await toolkit.execute_tool_function("web_search", {"query": "birds"})).text
    assert "Cats sleep." in (await toolkit.execute_tool_function("fetch_page", {"url": "http://cats"})).text
    assert (await toolkit.execute_tool_function("fetch_page", {"url": "http://birds"})).is_error
    assert (await toolkit.execute_tool_function("web_search", {"query": " "})).is_error


async def test_the_plain_search_needs_an_address_and_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolError, match="set REFDESK_SEARCH_URL"):
        await web_search("a")
    async with web(lambda *_: ("200 OK", {}, b'{"results": []}')) as address:
        monkeypatch.setenv("REFDESK_SEARCH_URL", address)
        assert "Nothing was found" in (await web_search("a")).text


async def test_offline_nothing_is_sent(tmp_path: Path) -> None:
    with runtime.isolated(runtime.Runtime(offline=True)):
        for call in (web_search("a"), fetch_page("http://127.0.0.1:1/")):
            with pytest.raises(ToolError, match="works offline"):
                await call


async def test_the_plain_fetch_reads_no_private_address() -> None:
    with pytest.raises(ToolError, match="private network"):
        await fetch_page("http://127.0.0.1:1/")
