from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp.server.transport_security import TransportSecuritySettings

from agents.exceptions import McpError, ToolError
from agents.mcp import HttpStatefulClient, HttpStatelessClient, McpClient, StdIOStatefulClient, StdIOStatelessClient
from agents.tool import Toolkit
from tests.agents.mcp.servers import PROGRAM, free_port, serving, weather_server

HTTP = [HttpStatelessClient, HttpStatefulClient]
Client = Callable[..., Any]


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with serving(weather_server().streamable_http_app()) as port:
        yield f"http://127.0.0.1:{port}/mcp"


def program(kind: type[Any], *words: str, **options: Any) -> Any:
    return kind("weather", sys.executable, [str(PROGRAM), *words], **options)


async def closed(client: McpClient) -> None:
    if isinstance(client, HttpStatefulClient | StdIOStatefulClient):
        await client.close()


@pytest.mark.parametrize("kind", HTTP)
async def test_a_tool_of_a_server_is_a_function(kind: Client, address: str) -> None:
    client = kind(name="weather", url=address)
    function = await client.get_callable_function("get_weather")
    assert function.description == "Tell the weather of a city."
    assert function.json_schema["required"] == ["city"]
    response = await function(city="Brno", days=2)
    assert (response.text, response.is_error) == ("Brno: sunny for 2 day(s)", False)
    await closed(client)


@pytest.mark.parametrize("kind", HTTP)
async def test_servers_that_speak_sse_are_understood(kind: Client) -> None:
    async with serving(weather_server().sse_app()) as port:
        client = kind("weather", f"http://127.0.0.1:{port}/sse", "sse")
        function = await client.get_callable_function("get_weather")
        assert (await function(city="Brno")).text == "Brno: sunny for 1 day(s)"
        await closed(client)


@pytest.mark.parametrize("kind", [StdIOStatelessClient, StdIOStatefulClient])
async def test_a_program_serves_through_pipes_and_inherits_no_secret(
    kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    client = program(kind, env={"GIVEN": "yes"})
    function = await client.get_callable_function("environment")
    assert (await function(name="OPENAI_API_KEY")).text == "not set"
    assert (await function(name="GIVEN")).text == "yes"
    await closed(client)


async def test_a_kept_connection_keeps_its_program() -> None:
    async with program(StdIOStatefulClient) as client:
        count = await client.get_callable_function("count")
        assert [(await count()).value for _ in range(3)] == [1, 2, 3]
    assert not client.is_connected


async def test_every_kind_of_result_becomes_blocks(address: str) -> None:
    toolkit = Toolkit()
    await toolkit.register_mcp_client(HttpStatelessClient("weather", address))
    forecast = await toolkit.execute_tool_function("forecast", {"city": "Brno"})
    assert forecast.value == {"city": "Brno", "rain": 0.2}
    picture = await toolkit.execute_tool_function("picture", {})
    assert [block["type"] for block in picture.content] == ["text", "image"]
    assert picture.media[0]["source"] == {"type": "base64", "media_type": "image/png", "data": "aGk="}
    failed = await toolkit.execute_tool_function("fail", {})
    assert failed.is_error
    assert failed.text.startswith("Error")
    wrong = await toolkit.execute_tool_function("get_weather", {"city": "Brno", "days": "many"})
    assert wrong.is_error
    assert "integer" in wrong.text


async def test_an_unwrapped_function_gives_the_protocols_own_result(address: str) -> None:
    from mcp.types import CallToolResult

    client = HttpStatelessClient("weather", address)
    function = await client.get_callable_function("get_weather", wrap_tool_result=False)
    assert isinstance(await function(city="Brno"), CallToolResult)


async def test_a_whole_server_is_registered_by_lists_into_a_group(address: str) -> None:
    toolkit = Toolkit()
    toolkit.create_tool_group("weather", "The weather.")
    client = HttpStatelessClient("weather", address)
    names = await toolkit.register_mcp_client(
        client,
        "weather",
        enable_funcs=["get_weather", "odd.name/here", "count"],
        disable_funcs=["count"],
        preset_kwargs_mapping={"get_weather": {"days": 5}},
    )
    assert names == ["get_weather", "odd_name_here"]
    assert toolkit.json_schemas == []
    toolkit.update_tool_groups("weather", True)
    assert "days" not in toolkit.json_schemas[0]["function"]["parameters"]["properties"]
    assert (await toolkit.execute_tool_function("get_weather", {"city": "Brno"})).text == "Brno: sunny for 5 day(s)"
    assert (await toolkit.execute_tool_function("odd_name_here")).text == "odd"
    toolkit.remove_mcp_clients(["weather"])
    assert toolkit.tools == {}


async def test_a_name_that_the_server_lacks_is_told_with_those_it_has(address: str) -> None:
    client = HttpStatelessClient("weather", address)
    with pytest.raises(ToolError, match=r"weather has no tool nothing; it has: count, die"):
        await client.get_callable_function("nothing")
    with pytest.raises(ToolError, match="has no tool nothing"):
        await Toolkit().register_mcp_client(client, disable_funcs=["nothing"])


async def test_a_kept_connection_is_made_anew_when_the_server_was_restarted() -> None:
    port = free_port()
    client = HttpStatefulClient("weather", f"http://127.0.0.1:{port}/mcp")
    async with serving(weather_server().streamable_http_app(), port):
        assert await client.get_callable_function("count")
        await client.call_tool("count")
    async with serving(weather_server().streamable_http_app(), port):
        function = await client.get_callable_function("count")
        assert (await function()).value == 1
        await client.close()


async def test_a_server_that_is_just_being_restarted_is_waited_for() -> None:
    port = free_port()
    client = HttpStatefulClient("weather", f"http://127.0.0.1:{port}/mcp")
    async with serving(weather_server().streamable_http_app(), port):
        await client.connect()
    calling = asyncio.create_task(client.call_tool("count"))
    await asyncio.sleep(0.1)
    async with serving(weather_server().streamable_http_app(), port):
        assert (await calling).structured_content == {"result": 1}
        await client.close()


async def test_a_program_that_dies_during_a_call_is_not_asked_twice_and_started_again() -> None:
    async with program(StdIOStatefulClient) as client:
        await client.call_tool("count")
        with pytest.raises(McpError, match="whether it was carried out is not known"):
            await client.call_tool("die")
        count = await client.get_callable_function("count")
        assert (await count()).value == 1


@pytest.mark.parametrize("kind", HTTP)
async def test_a_server_that_is_not_there_is_named(kind: Client) -> None:
    client = kind("weather", f"http://user:secret@127.0.0.1:{free_port()}/mcp?key=secret")
    with pytest.raises(McpError, match=r"weather \(http://127\.0\.0\.1:\d+/mcp\) failed: ConnectError") as caught:
        await client.list_tools()
    assert "secret" not in str(caught.value)


async def test_an_address_is_used_exactly_as_it_is_given() -> None:
    async with serving(weather_server().streamable_http_app(streamable_http_path="/api")) as port:
        assert await HttpStatelessClient("weather", f"http://127.0.0.1:{port}/api").list_tools()
        with pytest.raises(McpError, match="Not Found"):
            await HttpStatelessClient("weather", f"http://127.0.0.1:{port}/mcp").list_tools()


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Any]:
    """A key and a certificate that no system trusts, for weather.example."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    files = {"ssl_keyfile": str(tmp_path / "key.pem"), "ssl_certfile": str(tmp_path / "certificate.pem")}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=weather.example",
         "-addext", "subjectAltName=DNS:weather.example",
         "-keyout", files["ssl_keyfile"], "-out", files["ssl_certfile"]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


async def test_certificates_of_the_environment_are_trusted_and_names_resolve_in_python(
    certificate: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo

    def resolved(host: Any, *rest: Any, **more: Any) -> Any:
        return known("127.0.0.1" if host in ("weather.example", b"weather.example") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = weather_server().streamable_http_app(streamable_http_path="/api", transport_security=open_to_all)
    async with serving(app, **certificate) as port:
        client = HttpStatelessClient("weather", f"https://weather.example:{port}/api")
        with pytest.raises(McpError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.list_tools()
        monkeypatch.setenv("SSL_CERT_FILE", certificate["ssl_certfile"])
        assert await client.list_tools()


@pytest.mark.parametrize("kind", [StdIOStatelessClient, StdIOStatefulClient])
async def test_a_program_that_ends_at_once_is_quoted(kind: type[Any]) -> None:
    with pytest.raises(McpError, match="The program wrote: no configuration was found"):
        await program(kind, "broken").list_tools()


async def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(McpError, match="No such file"):
        await StdIOStatefulClient("weather", str(tmp_path / "nothing")).connect()


async def test_a_slow_tool_is_given_up_after_its_time(address: str) -> None:
    client = HttpStatelessClient("weather", address)
    function = await client.get_callable_function("slow", execution_timeout=0.2)
    with pytest.raises(McpError, match="timed out"):
        await function(seconds=30)


async def test_cancelling_a_call_leaves_a_kept_connection_usable(address: str) -> None:
    async with HttpStatefulClient("weather", address) as client:
        task = asyncio.create_task(client.call_tool("slow", {"seconds": 30}))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.call_tool("get_weather", {"city": "Brno"})).structured_content


async def test_calls_on_one_connection_overlap(address: str) -> None:
    async with HttpStatefulClient("weather", address) as client:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*(client.call_tool("slow", {"seconds": 1.0}) for _ in range(5)))
        assert loop.time() - begun < 4


@pytest.mark.parametrize("url", ["", "weather", "ftp://127.0.0.1/mcp", "http:///mcp"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(McpError, match="begin it with http"):
        HttpStatelessClient("weather", url)


def test_an_unknown_transport_is_refused_at_once() -> None:
    with pytest.raises(McpError, match="write streamable_http or sse"):
        HttpStatelessClient("weather", "http://127.0.0.1/mcp", transport="carrier pigeon")  # type: ignore[arg-type]  # the point
