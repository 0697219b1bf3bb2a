"""An MCP server behind HTTPS, at exactly the address that the tutorial gives."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from agents import ReActAgent
from agents.testing import tool_call
from agents.tool import Toolkit
from tests.agents.tutorial.blocks import block, needs_tutorial, run
from tests.agents.tutorial.conftest import Serve
from tests.agents.tutorial.test_operation import names_resolve

pytestmark = needs_tutorial
HOST = "weather-mcp.example.com"


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Paths of a certificate for `host`, which is its own authority, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path


def weather_server() -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("weather")

    @server.tool()
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"It rains in {city}."

    @server.tool()
    def search_location(query: str) -> str:
        """Find a place."""
        return f"{query} lies by the sea."

    return server


@contextmanager
def https(application: Any, folder: Path) -> Iterator[int]:
    """Serves over TLS on a free port of this machine."""
    certificate_path, key_path = certificate(folder, HOST)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, ssl_certfile=str(certificate_path), ssl_keyfile=str(key_path), log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = monotonic() + 10
    while not server.started and monotonic() < deadline:
        sleep(0.02)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


async def test_tools_of_an_mcp_server_are_found_registered_and_called(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve([tool_call("get_weather", city="Porto"), "Rain in Porto."])
    open_to_all = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    application = weather_server().streamable_http_app(streamable_http_path="/api", transport_security=open_to_all)
    with https(application, tmp_path) as port, names_resolve(monkeypatch, HOST):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        code = block("setup_mcp_integration").replace(HOST, f"{HOST}:{port}")
        names = await run(code, Toolkit=Toolkit, ReActAgent=ReActAgent)
        agent = await names["setup_mcp_integration"]()
        offered = {schema["function"]["name"] for schema in agent.toolkit.get_json_schemas()}
        assert offered >= {"get_weather", "search_location"}
        reply = await agent("How is the weather in Porto?")
        assert reply.content == "Rain in Porto."
        called = await agent.toolkit.execute_tool_function("search_location", {"query": "Porto"})
        assert "Porto lies by the sea." in called.text


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.exceptions import McpError

    application = weather_server().streamable_http_app(streamable_http_path="/api")
    with https(application, tmp_path) as port, names_resolve(monkeypatch, HOST):
        code = block("setup_mcp_integration").replace(HOST, f"{HOST}:{port}")
        names = await run(code, Toolkit=Toolkit, ReActAgent=ReActAgent)
        with pytest.raises(McpError):
            await names["setup_mcp_integration"]()


def test_the_certificate_is_one_that_clients_accept(tmp_path: Path) -> None:
    certificate_path, _ = certificate(tmp_path, HOST)
    assert ssl.create_default_context(cafile=str(certificate_path)).cert_store_stats()["x509_ca"] == 1
