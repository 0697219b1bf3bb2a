"""What no route is asked about: hosts, sizes and headers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from serve.security.edge import MEGABYTE
from serve.security.headers import HEADERS
from tests.serve.security.conftest import ELSEWHERE, MakeGuarded

PUBLIC = {"loopback": False, "allowed_hosts": ["support.example"]}


async def answers(client: httpx.AsyncClient) -> list[httpx.Response]:
    """One response of every kind: fine, unknown, refused, too large, unreadable."""
    return [
        await client.get("/api/session"),
        await client.get("/nothing/here"),
        await client.get("/api/session", headers={"Host": "attacker.example"}),
        await client.post("/api/echo", content=b"x" * (MEGABYTE + 1)),
        await client.post("/api/echo", content=b"{"),
        await client.request("BREW", "/api/session"),
    ]


async def test_every_response_says_what_the_browser_may_do(guarded: MakeGuarded) -> None:
    for answer in await answers(guarded().client()):
        assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
        assert "strict-transport-security" not in answer.headers
    assert {answer.status_code for answer in await answers(guarded().client())} == {200, 404, 400, 413, 422, 405}


def test_nothing_in_a_page_runs_or_is_loaded_from_elsewhere() -> None:
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_over_tls_browsers_are_told_to_stay_with_it(guarded: MakeGuarded) -> None:
    for answer in await answers(guarded(**PUBLIC).client("https://support.example")):
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_what_a_route_says_itself_stands(guarded: MakeGuarded) -> None:
    answer = await guarded().client().get("/widget")
    assert answer.headers.get_list("content-security-policy") == ["frame-ancestors *"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_the_service_tells_one_caller_nobody_keeps(guarded: MakeGuarded) -> None:
    client = guarded().client()
    assert (await client.get("/api/session")).headers["cache-control"] == "no-store"
    assert (await client.get("/v1/models")).headers["cache-control"] == "no-store"
    assert (await client.get("/")).headers["cache-control"] == "no-cache"


async def test_a_request_that_grows_too_large_is_refused_while_it_comes(guarded: MakeGuarded) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MEGABYTE:
            sent += MEGABYTE // 4
            yield b" " * (MEGABYTE // 4)

    answer = await guarded().client().post("/api/echo", content=endless())
    assert answer.status_code == 413
    assert answer.json()["error"] == {
        "code": "too_large",
        "message": "This request holds more than 1 MB.",
        "hint": "Send less at once.",
    }
    assert sent < 3 * MEGABYTE


async def test_a_size_that_is_no_number_is_found_out_by_counting(guarded: MakeGuarded) -> None:
    client = guarded().client()
    for length in ("-1", "1e9", "٣", " "):
        headers = [(b"Content-Length", length.encode()), (b"Content-Type", b"application/json")]
        answer = await client.post("/api/echo", content=b"{}", headers=headers)
        assert answer.status_code == 200


async def test_an_upload_may_be_larger(guarded: MakeGuarded) -> None:
    client = guarded().client()
    assert (await client.post("/api/uploads", content=b"x" * (2 * MEGABYTE))).status_code == 200
    assert (await client.post("/api/uploads", content=b"x" * (3 * MEGABYTE))).status_code == 413


async def test_a_proxy_that_is_not_trusted_is_named_once(
    guarded: MakeGuarded, caplog: pytest.LogCaptureFixture
) -> None:
    made = guarded(**PUBLIC, trusted_proxies=["10.0.0.1"])
    with caplog.at_level(logging.WARNING):
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
            client = made.client("http://support.example", address=address)
            await client.get("/api/session", headers={"X-Forwarded-For": ELSEWHERE})
    assert [record.getMessage() for record in caplog.records if record.name == "serve.security.edge"] == [
        "X-Forwarded-For from 10.0.0.2 is not believed: if that is your proxy, add it to server.trusted_proxies."
    ]
