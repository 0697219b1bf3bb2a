"""Access tags from end to end: what is for staff reaches no visitor, whichever way they look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import FAST, ORIGIN, SECRET, answer_of, asked, begun, client_of

# A word of the document for staff, and of its title.
RESERVED = ("get_pending_replacement_orders", "Internal")
VISITOR = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class Callers:
    """Callers of one service that has keys."""

    service: Service
    visitor: httpx.AsyncClient
    staff: httpx.AsyncClient
    reader: httpx.AsyncClient


@pytest.fixture
async def callers(open_served: Open) -> AsyncIterator[Callers]:
    """A visitor, a key that reads as staff, and one that may read conversations and is not staff."""
    service = open_served()
    keys = service.guard.keys
    scopes = ["chat", "ask", "search", "documents:read"]
    staff, _ = keys.make("staff", scopes=scopes, roles=["staff"])
    reader, _ = keys.make("reader", scopes=["conversations:read", "chat", "admin"])
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(client_of(service, address=VISITOR, **headers))
            for headers in ({}, {"Authorization": f"Bearer {staff}"}, {"Authorization": f"Bearer {reader}"})
        ]
        session = (await clients[0].get("/api/session")).json()
        clients[0].headers.update({"X-Refdesk-CSRF": session["csrf"], "Origin": ORIGIN})
        yield Callers(service, *clients)


def holds_reserved(text: str) -> list[str]:
    """The reserved words in a text."""
    return [word for word in RESERVED if word in text]


async def test_staff_are_answered_from_what_is_for_staff(callers: Callers) -> None:
    message = answer_of(await asked(callers.staff, await begun(callers.staff), SECRET))
    assert holds_reserved(str(message)) == list(RESERVED)


async def test_nothing_of_it_is_in_anything_that_a_visitor_is_sent(callers: Callers) -> None:
    id = await begun(callers.visitor)
    stream = "".join(str(event) for event in await asked(callers.visitor, id, SECRET))
    # What the visitor asked for is on the way; what comes after it must not be.
    for question in (FAST, "Tell me about internal procedures for pending orders"):
        stream += "".join(str(event) for event in await asked(callers.visitor, id, question))
    looked_at = [stream]
    for path in ("", "/export"):
        looked_at.append((await callers.visitor.get(f"/api/conversations/{id}{path}")).text)
    looked_at.append((await callers.visitor.get("/api/session")).text)
    for text in looked_at:
        assert holds_reserved(text) == []


async def test_a_visitor_opens_no_citation_of_an_answer_to_staff(callers: Callers) -> None:
    id = await begun(callers.staff)
    message = answer_of(await asked(callers.staff, id, SECRET))
    path = f"/api/messages/{message['id']}/citations/1/source"
    assert (await callers.staff.get(path)).status_code == 200
    for answer in (
        await callers.visitor.get(path),
        await callers.visitor.get(f"/api/conversations/{id}"),
        await callers.visitor.get(f"/api/conversations/{id}/export"),
        await callers.visitor.get(f"/api/conversations/{id}/events"),
        await callers.visitor.delete(f"/api/conversations/{id}"),
        await callers.visitor.post(f"/api/messages/{message['id']}/feedback", json={"rating": "up"}),
    ):
        assert answer.status_code == 404
        assert holds_reserved(answer.text) == []


async def test_whoever_reads_everybodys_conversations_still_reads_as_who_they_are(callers: Callers) -> None:
    id = await begun(callers.staff)
    message = answer_of(await asked(callers.staff, id, SECRET))
    for path in (
        f"/api/conversations/{id}",
        f"/api/conversations/{id}/export",
        f"/api/messages/{message['id']}/citations/1/source",
    ):
        assert holds_reserved((await callers.reader.get(path)).text) == []


async def test_programs_are_held_to_the_roles_of_their_key(callers: Callers) -> None:
    public, _ = callers.service.guard.keys.make("public", scopes=["ask", "search", "documents:read"])
    async with client_of(callers.service, address=VISITOR, Authorization=f"Bearer {public}") as program:
        question = [{"role": "user", "content": SECRET}]
        looked_at = [
            await program.post("/api/ask", json={"question": SECRET}),
            await program.post("/api/ask", json={"question": SECRET, "stream": True}),
            await program.post("/api/search", json={"query": SECRET, "k": 50}),
            await program.get("/api/banks"),
            await program.get("/api/banks/banking/documents"),
            await program.post("/v1/chat/completions", json={"model": "refdesk", "messages": question}),
            await program.post("/v1/chat/completions", json={"model": "refdesk", "messages": question, "stream": True}),
        ]
    for answer in looked_at:
        assert answer.status_code in (200, 404), answer.text
        assert holds_reserved(answer.text) == [], answer.request.url
    found = await callers.staff.post("/api/search", json={"query": SECRET, "k": 50})
    assert holds_reserved(found.text) == list(RESERVED)
