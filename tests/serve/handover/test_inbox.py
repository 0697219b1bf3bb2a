"""The inbox over HTTP: tickets, who has them, live answers, and a bot that is silent meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import update

from agents.testing import Reply, ScriptedModel
from knowledge.types import Reader
from serve.service import Service
from serve.store.events import events
from serve.store.schema import now
from serve.store.tickets import Call
from tests.serve.conftest import Open
from tests.serve.served import ORIGIN, SECRET, UNKNOWN, Event, asked, begun, client_of, events_of, serving


async def handed_over(client: httpx.AsyncClient, question: str = UNKNOWN) -> tuple[str, str]:
    """A conversation in which somebody asked for a person, and its ticket."""
    conversation = await begun(client)
    await asked(client, conversation, question)
    path = f"/api/conversations/{conversation}/handover"
    response = await client.post(path, json={"reason": "I need help", "contact": "a@example.com"})
    assert response.json() == {"state": "waiting"}
    assert (await client.post(path, json={"reason": "again", "contact": ""})).json() == {"state": "waiting"}
    (ticket,) = (await client.get("/api/inbox")).json()["tickets"]
    return conversation, ticket["id"]


async def done(client: httpx.AsyncClient, ticket: str, verb: str, status: int = 200, **body: Any) -> Any:
    response = await client.post(f"/api/inbox/{ticket}/{verb}", json=body)
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def state_of(client: httpx.AsyncClient, conversation: str) -> str:
    return str((await client.get(f"/api/conversations/{conversation}")).json()["state"])


async def test_a_ticket_goes_from_waiting_to_a_person_and_back_to_the_bot(client: httpx.AsyncClient) -> None:
    conversation, ticket = await handed_over(client)
    shown = (await client.get(f"/api/inbox/{ticket}")).json()
    assert shown["ticket"]["number"] == "T-1"
    assert (shown["ticket"]["trigger"], shown["ticket"]["reason"]) == ("request", "I need help")
    assert shown["conversation"]["messages"][0]["text"] == UNKNOWN
    assert shown["evidence"]["abstained"]
    assert shown["evidence"]["passages"]
    assert (await done(client, ticket, "answer", 409, id=uuid4().hex, text="Hello"))["error"]["code"] == "not_claimed"
    claimed = await done(client, ticket, "claim", name="Anna")
    assert (claimed["state"], claimed["holder"], claimed["mine"]) == ("human", "Anna", True)
    assert await state_of(client, conversation) == "human"
    assert [event.name for event in await asked(client, conversation, "Are you there?")] == ["accepted", "end"]
    said = await done(client, ticket, "answer", id="answer-0001", text="Yes. Ulaanbaatar is cold.")
    assert (said["role"], said["author"]) == ("agent", "Anna")
    again = await done(client, ticket, "answer", id="answer-0001", text="Yes. Ulaanbaatar is cold.")
    assert again["id"] == said["id"]
    assert (await done(client, ticket, "return"))["state"] == "returned"
    assert await state_of(client, conversation) == "bot"
    events = await asked(client, conversation, "And what is the annual fee of the Gold Rewards Card?")
    assert "answer" in [event.name for event in events]
    roles = [one["role"] for one in (await client.get(f"/api/conversations/{conversation}")).json()["messages"]]
    assert roles == ["user", "assistant", "user", "agent", "user", "assistant"]
    assert (await client.get("/api/inbox")).json()["tickets"] == []
    (over,) = (await client.get("/api/inbox", params={"ended": True})).json()["tickets"]
    assert over["last_text"] == "And what is the annual fee of the Gold Rewards Card?"


async def test_only_whoever_has_a_ticket_answers_in_it(service: Service, client: httpx.AsyncClient) -> None:
    conversation, ticket = await handed_over(client)
    async with client_of(service) as anna, client_of(service) as ben:
        for one in (anna, ben):
            one.headers["X-Refdesk-CSRF"] = (await one.get("/api/session")).json()["csrf"]
            one.headers["Origin"] = ORIGIN
        claims = await asyncio.gather(
            *(
                one.post(f"/api/inbox/{ticket}/claim", json={"name": name})
                for one, name in ((anna, "Anna"), (ben, "Ben"))
            )
        )
        assert sorted(one.status_code for one in claims) == [200, 409]
        won, lost = (anna, ben) if claims[0].status_code == 200 else (ben, anna)
        await done(won, ticket, "claim", name="Once more")
        for verb in ("return", "close"):
            assert (await done(lost, ticket, verb, 409))["error"]["code"] == "held"
        assert (await done(lost, ticket, "answer", 409, id=uuid4().hex, text="Hello"))["error"]["code"] == "held"
        await done(lost, ticket, "claim", name="Cleo", take_over=True)
        assert (await done(won, ticket, "answer", 409, id=uuid4().hex, text="Hello"))["error"]["code"] == "held"
        await done(lost, ticket, "close")
    assert await state_of(client, conversation) == "closed"
    response = await client.post(f"/api/conversations/{conversation}/messages", json={"id": uuid4().hex, "text": "Hi"})
    assert response.json()["error"]["code"] == "closed"


async def test_the_inbox_is_for_those_with_its_scope(open_served: Open) -> None:
    service = open_served()
    whole, _ = service.guard.keys.make("desk", scopes=["inbox"], roles=["staff"])
    other, _ = service.guard.keys.make("shop", scopes=["ask"])
    for key, status in ((whole, 200), (other, 403)):
        async with client_of(service, authorization=f"Bearer {key}") as calling:
            assert (await calling.get("/api/inbox")).status_code == status
            assert (await calling.get("/api/proposals")).status_code == 403
    async with client_of(service, address="10.0.0.9") as visitor:
        assert (await visitor.get("/api/inbox")).status_code == 401


async def test_staff_read_as_their_own_roles(open_served: Open) -> None:
    service = open_served()
    customer, _ = service.guard.keys.make("customer", scopes=["chat"], roles=["staff"])
    for roles, sees in ((["staff"], True), ([], False)):
        async with client_of(service, authorization=f"Bearer {customer}") as asking:
            conversation = await begun(asking)
            await asked(asking, conversation, SECRET)
            await asking.post(f"/api/conversations/{conversation}/handover", json={})
        key, _ = service.guard.keys.make(f"desk {len(roles)}", scopes=["inbox"], roles=roles)
        async with client_of(service, authorization=f"Bearer {key}") as desk:
            listed = (await desk.get("/api/inbox")).json()["tickets"][-1]
            shown = (await desk.get(f"/api/inbox/{listed['id']}")).json()
        assert ("rests on documents that you may not read" not in shown["conversation"]["messages"][1]["text"]) is sees
        titles = " ".join(one["title"] for one in shown["evidence"]["passages"])
        assert ("Internal" in titles) is sees


async def test_the_customer_sees_who_writes_and_the_inbox_what_happens(service: Service) -> None:
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            conversation, ticket = await handed_over(client)
            seq = (await client.get(f"/api/conversations/{conversation}")).json()["seq"]
            await done(client, ticket, "claim", name="Anna")
            await done(client, ticket, "typing", 204)
            await done(client, ticket, "typing", 204)
            await done(client, ticket, "answer", id=uuid4().hex, text="Here I am.")
            told = await first(client, f"/api/conversations/{conversation}/events?after={seq}", 3)
            assert [event.name for event in told] == ["state", "typing", "message"]
            assert told[1].data == {"author": "Anna"}
            news = await first(client, f"/api/inbox/events?after={seq}", 2)
            assert [event.name for event in news] == ["state", "message"]
            assert news[0].data == {"ticket": ticket, "conversation": conversation}


async def test_whoever_answers_sees_that_the_customer_writes_and_nothing_of_what(service: Service) -> None:
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            conversation, ticket = await handed_over(client)
            typing = f"/api/conversations/{conversation}/typing"
            seq = (await client.get(f"/api/conversations/{conversation}")).json()["seq"]
            # Nobody has it yet, so that it is nobody's news.
            assert (await client.post(typing, json={})).status_code == 204
            await done(client, ticket, "claim", name="Anna")
            for _ in range(5):
                assert (await client.post(typing, json={})).status_code == 204
            assert (await client.post(typing, json={"text": "secret"})).status_code == 422
            news = await first(client, f"/api/inbox/events?after={seq}", 2)
            assert [event.name for event in news] == ["state", "customer_typing"]
            assert news[1].data == {"ticket": ticket, "conversation": conversation}
            kept = [one for one in service.store.events.after(conversation, 0) if one.kind == "customer_typing"]
            assert [(one.data, one.message) for one in kept] == [({}, None)]
            await done(client, ticket, "answer", id=uuid4().hex, text="Here I am.")
            told = await first(client, f"/api/conversations/{conversation}/events?after={seq}", 2)
            assert [event.name for event in told] == ["state", "message"]


async def test_that_a_customer_writes_is_told_in_time_and_again_after_a_while(service: Service) -> None:
    store = service.store
    conversation = store.conversations.begin("v_1").id
    store.events.set_state(conversation, "human")
    assert [store.events.customer_typing(conversation) for _ in range(3)] == [True, False, False]
    late = now() - timedelta(seconds=10)
    with store.database.writing() as connection:
        connection.execute(update(events).values(created=late).where(events.c.kind == "customer_typing"))
    (old,) = [one for one in store.events.after(conversation, 0) if one.kind == "customer_typing"]
    assert old.is_past
    assert store.events.customer_typing(conversation)
    (new,) = [one for one in store.events.after(conversation, 0) if one.kind == "customer_typing"]
    assert (new.seq > old.seq, new.is_past) == (True, False)
    store.events.set_state(conversation, "bot")
    assert not store.events.customer_typing(conversation)


async def test_nobody_writes_in_anothers_conversation(open_served: Open) -> None:
    service = open_served()
    conversation = service.store.conversations.begin("v_another").id
    service.store.events.set_state(conversation, "human")
    async with client_of(service) as client:
        assert (await client.post(f"/api/conversations/{conversation}/typing", json={})).status_code == 404
    assert "customer_typing" not in [one.kind for one in service.store.events.after(conversation, 0)]


async def first(client: httpx.AsyncClient, path: str, count: int) -> list[Event]:
    """The first events of a stream."""
    found: list[Event] = []
    async with client.stream("GET", path) as response:
        async for event in events_of(response):
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_what_a_person_is_told_too_late_for_the_bot_waits_for_the_person(service: Service) -> None:
    talk = service.store.conversations.begin("v_1")
    service.handover.desk.call(talk.id, Call("request"))
    run = await service.reception.ask(talk, uuid4().hex, "Which state was read before the call?", Reader())
    assert run.ended
    assert [one.role for one in service.store.messages.of(talk.id)] == ["user"]


async def test_the_bot_falls_silent_when_a_person_takes_over(open_served: Open) -> None:
    model = ScriptedModel([Reply("Too late.", delay=600)], stream=True)
    service = open_served(model=model)
    async with client_of(service) as client:
        conversation = await begun(client)
        await service.handover.desk.open(conversation, "A card to be replaced")
        talk = service.store.conversations.find(conversation)
        assert talk is not None
        run = await service.reception.ask(talk, uuid4().hex, "What about my card?", Reader())
        while not model.requests:
            await asyncio.sleep(0.01)
        (ticket,) = (await client.get("/api/inbox")).json()["tickets"]
        await done(client, ticket["id"], "claim", name="Anna")
        assert run.ended
        said = service.store.messages.of(conversation)
    assert [(one.role, one.status) for one in said] == [("user", "complete"), ("assistant", "stopped")]


async def test_a_deleted_conversation_takes_its_ticket_along(client: httpx.AsyncClient) -> None:
    conversation, ticket = await handed_over(client)
    await client.delete(f"/api/conversations/{conversation}")
    assert (await client.get(f"/api/inbox/{ticket}")).status_code == 404
    assert (await client.get("/api/inbox")).json()["tickets"] == []


async def test_a_ticket_that_an_agent_files_leaves_the_bot_in_charge(
    service: Service, client: httpx.AsyncClient
) -> None:
    conversation = await begun(client)
    assert await service.handover.desk.open(conversation, "A card to be replaced") == "T-1"
    assert await service.handover.desk.open(conversation, "Sent abroad") == "T-1"
    assert await state_of(client, conversation) == "bot"
    (ticket,) = (await client.get("/api/inbox")).json()["tickets"]
    assert (ticket["state"], ticket["reason"]) == ("filed", "A card to be replaced\nSent abroad")
    await client.post(f"/api/conversations/{conversation}/handover", json={"reason": "Now\x00", "contact": ""})
    (ticket,) = (await client.get("/api/inbox")).json()["tickets"]
    assert (ticket["state"], ticket["trigger"]) == ("waiting", "request")
    assert ticket["reason"].endswith("\nNow\ufffd")
