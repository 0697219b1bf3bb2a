"""What is kept of a person, over HTTP, and who looked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import FAST, ORIGIN, asked, begun, client_of

ADDRESS = "ann@mail.example"


@dataclass(frozen=True, slots=True)
class Parties:
    """A visitor who left an address, and whoever runs the service."""

    service: Service
    visitor: httpx.AsyncClient
    id: str
    admin: httpx.AsyncClient
    conversation: str

    def noted(self, action: str) -> list[tuple[str, str]]:
        """Who did this, and to what."""
        return [(entry.actor, entry.target) for entry in self.service.guard.audit.table.entries(action=action)]


@pytest.fixture
async def parties(open_served: Open) -> AsyncIterator[Parties]:
    """A visitor who asked something, and a key for all the rest."""
    service = open_served()
    whole, _ = service.guard.keys.make("admin", scopes=["admin"])
    async with AsyncExitStack() as stack:
        visitor = await stack.enter_async_context(client_of(service, address="203.0.113.7"))
        admin = await stack.enter_async_context(client_of(service, Authorization=f"Bearer {whole}"))
        session = (await visitor.get("/api/session")).json()
        visitor.headers.update({"X-Refdesk-CSRF": session["csrf"], "Origin": ORIGIN})
        conversation = await begun(visitor)
        await asked(visitor, conversation, f"{FAST} Write to {ADDRESS}.")
        yield Parties(service, visitor, session["visitor"], admin, conversation)


async def test_a_person_is_found_by_an_address_that_stands_in_no_log(parties: Parties) -> None:
    found = (await parties.admin.post("/api/people/search", json={"words": ADDRESS.upper()})).json()["found"]
    assert [(one["person"], one["conversation"]) for one in found] == [(parties.id, parties.conversation)]
    nobody = await parties.admin.post("/api/people/search", json={"words": "bob@mail.example"})
    assert nobody.json() == {"found": []}
    assert ADDRESS not in str(parties.service.guard.audit.table.entries())


async def test_everything_is_given_out_and_that_is_noted(parties: Parties) -> None:
    given = (await parties.admin.get(f"/api/people/{parties.id}/export")).json()
    (conversation,) = given["conversations"]
    assert [message["role"] for message in conversation["messages"]] == ["user", "assistant"]
    assert conversation["retrievals"]
    ((actor, target),) = parties.noted("person.exported")
    assert (actor[:6], target) == ("key:k_", parties.id)


async def test_a_person_is_deleted_for_good_and_that_is_noted(parties: Parties) -> None:
    deleted = await parties.admin.delete(f"/api/people/{parties.id}")
    assert deleted.json() == {"conversations": 1}
    assert (await parties.visitor.get(f"/api/conversations/{parties.conversation}")).status_code == 404
    assert (await parties.visitor.get("/api/conversations")).json() == []
    assert (await parties.admin.delete(f"/api/people/{parties.id}")).status_code == 404
    assert (await parties.admin.get(f"/api/people/{parties.id}/export")).status_code == 404
    assert len(parties.noted("person.deleted")) == 1


async def test_nobody_else_may(parties: Parties) -> None:
    for answer in (
        await parties.visitor.post("/api/people/search", json={"words": ADDRESS}),
        await parties.visitor.get(f"/api/people/{parties.id}/export"),
        await parties.visitor.delete(f"/api/people/{parties.id}"),
        await parties.visitor.get("/api/audit"),
    ):
        assert answer.status_code == 403
    assert (await parties.visitor.get(f"/api/conversations/{parties.conversation}")).status_code == 200


async def test_what_visitors_take_out_and_delete_is_noted(parties: Parties) -> None:
    await parties.visitor.get(f"/api/conversations/{parties.conversation}/export")
    await parties.visitor.delete(f"/api/conversations/{parties.conversation}")
    who = (f"visitor:{parties.id}", parties.conversation)
    assert parties.noted("conversation") == [who, who]


async def test_the_log_is_read_by_action_and_time(parties: Parties) -> None:
    await parties.admin.post("/api/people/search", json={"words": "nobody"})
    entries = (await parties.admin.get("/api/audit", params={"action": "person"})).json()["entries"]
    assert [entry["action"] for entry in entries] == ["person.searched"]
    assert entries[0]["details"] == {"found": 0}
    later = {"since": "2100-01-01T00:00:00Z"}
    assert (await parties.admin.get("/api/audit", params=later)).json() == {"entries": []}
    for wrong in ({"since": "2100-01-01"}, {"limit": "0"}, {"limit": "10000"}):
        assert (await parties.admin.get("/api/audit", params=wrong)).status_code == 422
