"""The session, and whether the service is ready."""

from __future__ import annotations

from pathlib import Path

import httpx

from agents.testing import ScriptedModel
from knowledge.settings import process_environment
from knowledge.terminal.shell import Shell
from knowledge.types import Reader
from serve.http.session import banks_shown
from serve.samples import ready_shell
from serve.service import Service, open_service
from tests.serve.conftest import Open
from tests.serve.served import client_of


async def test_the_page_learns_what_it_shows(open_served: Open) -> None:
    service = open_served(title="Ask us", suggested=["How?"], accent="#112233", features={"handover": False})
    async with client_of(service) as client:
        session = (await client.get("/api/session")).json()
    assert (session["title"], session["suggested"], session["accent"]) == ("Ask us", ["How?"], "#112233")
    assert session["features"] == {"handover": False, "upload": False, "feedback": True}
    assert session["model"] is None
    assert [bank["name"] for bank in session["banks"]] == ["aviation", "banking"]
    assert session["csrf"]


async def test_the_page_learns_which_model_writes(open_served: Open) -> None:
    async with client_of(open_served(model=ScriptedModel(["x"]))) as client:
        assert (await client.get("/api/session")).json()["model"] == {"name": "scripted", "host": "scripted"}


async def test_only_banks_that_are_served_are_shown(open_served: Open) -> None:
    async with client_of(open_served(banks=["aviation"])) as client:
        assert [bank["name"] for bank in (await client.get("/api/session")).json()["banks"]] == ["aviation"]


async def test_a_bank_that_is_closed_to_a_visitor_is_not_named(tmp_path: Path) -> None:
    documents = tmp_path / "secret"
    documents.mkdir()
    (documents / "one.md").write_text("# Internal\n\nThe vault opens at nine in the morning.\n", "utf-8")
    text = f"banks:\n  vault:\n    sources: ['{documents}']\n    access: [{{allow: [staff]}}]\n"
    (tmp_path / "refdesk.yaml").write_text(text, "utf-8")
    shell = ready_shell(Shell(tmp_path, tmp_path / "refdesk.yaml", process_environment()))
    service = open_service(shell)
    assert banks_shown(service, Reader()) == []
    assert [bank.name for bank in banks_shown(service, Reader(frozenset({"staff"})))] == ["vault"]
    service.close()


async def test_a_service_says_that_it_lives_and_is_ready(service: Service) -> None:
    async with client_of(service) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        service.reception.stop_admitting()
        response = await client.get("/readyz")
        assert (response.status_code, response.json()["reason"]) == (503, "stopping")


async def test_everything_is_described(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "/api/conversations/{id}/messages" in document["paths"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), f"{method} {path}"
