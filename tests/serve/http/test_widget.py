"""The widget over HTTP: grants for sites that are allowed, passes that may chat and nothing else."""

from __future__ import annotations

import httpx
import pytest

from tests.serve.conftest import Open
from tests.serve.served import FAST, answer_of, asked, begun, client_of

SHOP = "https://shop.example"
WIDGET = {"widget": {"origins": [f"{SHOP}/"]}}


async def grant(client: httpx.AsyncClient, origin: str = SHOP) -> httpx.Response:
    return await client.post("/api/widget/grant", headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})


async def test_a_visitor_of_an_allowed_site_may_chat_and_nothing_else(open_served: Open) -> None:
    async with client_of(open_served(**WIDGET)) as client:
        allowed = await grant(client)
        assert allowed.headers["access-control-allow-origin"] == SHOP
        admitted = await client.post("/api/widget/token", json={"grant": allowed.json()["grant"]})
        for word in ("HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/"):
            assert word in admitted.headers["set-cookie"]
        client.headers["Authorization"] = f"Bearer {admitted.json()['token']}"
        client.headers["Origin"] = str(client.base_url).rstrip("/")
        session = (await client.get("/api/session")).json()
        assert (session["csrf"], session["features"]["upload"]) == ("", False)
        assert answer_of(await asked(client, await begun(client), FAST))["citations"]
        # Whoever sits at a fresh install may do everything; not so through the widget.
        assert (await client.get("/api/jobs")).status_code == 403
        assert (await client.get("/api/inbox")).status_code in (403, 404)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "https://shop.example.evil.example"])
async def test_other_sites_are_given_nothing(open_served: Open, origin: str) -> None:
    async with client_of(open_served(**WIDGET)) as client:
        refused = await grant(client, origin)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "wrong_origin"
    assert "access-control-allow-origin" not in refused.headers


async def test_a_wrong_grant_and_a_wrong_pass_are_refused(open_served: Open) -> None:
    async with client_of(open_served(**WIDGET)) as client:
        assert (await client.post("/api/widget/token", json={"grant": "x.y"})).status_code == 403
        refused = await client.get("/api/session", headers={"Authorization": "Bearer rw_x.y"})
        assert refused.status_code == 401


async def test_only_allowed_sites_may_hold_the_frame_and_any_may_load_the_script(open_served: Open) -> None:
    async with client_of(open_served(**WIDGET)) as client:
        frame, script, page = [await client.get(path) for path in ("/widget", "/widget.js", "/")]
    assert f"frame-ancestors {SHOP}" in frame.headers["content-security-policy"]
    assert "x-frame-options" not in frame.headers
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"


async def test_without_sites_the_frame_is_held_by_nobody(open_served: Open) -> None:
    async with client_of(open_served()) as client:
        frame = await client.get("/widget")
    assert "frame-ancestors 'none'" in frame.headers["content-security-policy"]
