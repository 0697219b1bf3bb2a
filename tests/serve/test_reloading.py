"""Settings that are read anew while answers are written and streams are open."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import ref

import httpx
import pytest

from agents.testing import Reply, ScriptedModel, tool_call
from serve.config.changes import Changes, changes
from serve.config.settings import parse_server_settings
from serve.reloading import Reloading
from serve.service import Service, open_service
from serve.serving import make_server
from tests.serve.handover.test_proposals import taught
from tests.serve.http.test_mcp import Mode, connected
from tests.serve.served import EXPEDITED, FAST, ORIGIN, answer_of, begun, events_of, listening, shell_at
from tests.serve.test_serving import process


@pytest.fixture
def home(banks: Path, tmp_path: Path) -> Path:
    """The banks, with a refdesk.yaml that may be changed."""
    return Path(shutil.copytree(banks, tmp_path / "home"))


def said(home: Path, server: str) -> None:
    """Let refdesk.yaml say this under `server:`."""
    text = (home / "refdesk.yaml").read_text("utf-8").partition("server:")[0]
    (home / "refdesk.yaml").write_text(f"{text}server:\n{server}", "utf-8")


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    """A service with a model that takes its time."""
    said(home, "  title: Before\n")
    replies = [tool_call("search_documents", query="expedited"), Reply(f"{EXPEDITED} [1]", pause=0.1)]
    made = open_service(shell_at(home), model=ScriptedModel(replies, stream=True))
    yield made
    made.close()


async def gone(application: ref[Any]) -> None:
    """Returns once nothing holds the application any more."""
    while application() is not None:
        await asyncio.sleep(0.02)
        gc.collect()


async def test_new_requests_see_new_settings_and_an_answer_goes_on(service: Service, home: Path) -> None:
    app = Reloading(service)
    with listening(make_server(app, service)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            id = await begun(client)
            body = {"id": uuid4().hex, "text": FAST}
            async with client.stream("POST", f"/api/conversations/{id}/messages", json=body) as stream:
                happened = events_of(stream)
                assert (await anext(happened)).name == "accepted"
                first = ref(app._app)
                said(home, '  title: After\n  suggested: ["What now?"]\n  banks: [banking]\n  retention_days: 5\n')
                done = (await client.post("/api/admin/reload")).json()
                assert done == {"changed": ["title", "suggested", "banks"], "next_start": ["retention_days"]}
                session = (await client.get("/api/session")).json()
                assert (session["title"], session["suggested"]) == ("After", ["What now?"])
                assert [bank["name"] for bank in session["banks"]] == ["banking"]
                gc.collect()
                assert first() is not None
                assert EXPEDITED in answer_of([event async for event in happened])["text"]
            await gone(first)
            second = ref(app._app)
            assert (await asyncio.to_thread(httpx.post, f"{url}/api/admin/reload")).status_code == 200
            await gone(second)
            shown = (await client.get(f"/api/conversations/{id}")).json()["messages"]
            assert len(shown) == 2


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_clients_of_mcp_go_on_in_their_sessions_by_the_new_settings(
    service: Service, home: Path, mode: Mode
) -> None:
    whole, _ = service.guard.keys.make("program", scopes=["ask", "search", "documents:read", "admin"])
    with listening(make_server(Reloading(service), service)) as url:
        async with connected(url, whole, mode=mode) as client:
            before = (await client.list_resources()).resources
            said(home, "  banks: [aviation]\n")
            key = {"Authorization": f"Bearer {whole}"}
            assert (await asyncio.to_thread(httpx.post, f"{url}/api/admin/reload", headers=key)).status_code == 200
            after = (await client.list_resources()).resources
            refused = await client.call_tool("search", {"query": "fees", "bank": "banking"})
            found = await client.call_tool("search", {"query": "airplane", "bank": "aviation"})
    assert len(before) > len(after) == 1
    assert refused.is_error
    assert not found.is_error


async def test_what_people_answer_is_proposed_for_a_bank_that_is_served_now(service: Service, home: Path) -> None:
    transport = httpx.ASGITransport(Reloading(service), client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=60) as client:
        said(home, "  banks: [aviation]\n")
        assert (await client.post("/api/admin/reload")).status_code == 200
        assert (await taught(client))["bank"] == "aviation"


async def test_a_wrong_file_changes_nothing_and_its_line_is_logged(
    service: Service, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    transport = httpx.ASGITransport(Reloading(service), client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        for wrong in ("  title: After\n  titel: x\n", "  banks: [nothing]\n", "  flow: {tier1: {name: A, model: x}}\n"):
            said(home, wrong)
            caplog.clear()
            response = await client.post("/api/admin/reload")
            assert response.status_code == 422
            assert "refdesk.yaml, line" in response.json()["error"]["message"]
            (logged,) = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
            assert logged.startswith("The settings stay as they were: ")
            assert "refdesk.yaml, line" in logged
        assert (await client.get("/api/session")).json()["title"] == "Before"


async def test_limits_hold_from_now_on(service: Service, home: Path) -> None:
    app = Reloading(service)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        id = await begun(client)
        said(home, "  limits: {question_chars: 5, turns: 1}\n")
        app.begin()
        body = {"id": uuid4().hex, "text": FAST}
        while True:
            response = await client.post(f"/api/conversations/{id}/messages", json=body)
            if response.status_code == 413:
                break
            await asyncio.sleep(0.05)


async def test_only_those_who_run_the_service_reload_it(service: Service) -> None:
    whole, _ = service.guard.keys.make("shop", scopes=["ask"])
    transport = httpx.ASGITransport(Reloading(service), client=("127.0.0.1", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        assert (await client.post("/api/admin/reload")).status_code == 401
        key = {"Authorization": f"Bearer {whole}"}
        assert (await client.post("/api/admin/reload", headers=key)).status_code == 403


def test_a_signal_lets_a_process_read_its_settings_anew(home: Path) -> None:
    said(home, "  title: Before\n")
    with process(home) as (running, url), httpx.Client(base_url=url, timeout=60) as client:
        assert client.get("/api/session").json()["title"] == "Before"
        said(home, "  title: After\n")
        running.send_signal(signal.SIGHUP)
        while client.get("/api/session").json()["title"] == "Before":
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0


def test_what_was_opened_at_the_start_waits_for_the_next() -> None:
    old = parse_server_settings({"title": "A"}, None)
    new = parse_server_settings({"database": "sqlite:///x", "handover": {"inbox_url": "https://a.example"}}, None)
    assert changes(old, new) == Changes(("title",), ("database", "handover.inbox_url"))
    rules = parse_server_settings({"title": "A", "handover": {"unanswered": 2}}, None)
    assert changes(old, rules) == Changes(("handover",), ())
