"""Asking over HTTP: a stream of events, kept whoever stays to hear, and resumed by whoever comes back."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import httpx

from agents.testing import Reply, ScriptedModel
from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import FAST, QUOTED, UNKNOWN, answer_of, asked, begun, client_of, events_of, serving


async def test_a_question_is_answered_as_events(client: httpx.AsyncClient) -> None:
    events = await asked(client, await begun(client), FAST)
    names = [event.name for event in events]
    assert names[0] == "accepted"
    assert names[-2:] == ["answer", "end"]
    message = answer_of(events)
    assert message["status"] == "complete"
    assert QUOTED in message["text"]
    assert message["citations"][0]["number"] == 1
    assert set(message["citations"][0]) == {
        "number", "title", "bank", "uri", "page", "headings", "quote", "start", "end", "kind"
    }  # fmt: skip
    deltas = [event.data for event in events if event.name == "delta"]
    assert "".join(delta["text"] for delta in deltas) == message["text"]
    assert {delta["id"] for delta in deltas} == {message["id"]}


async def test_a_question_that_nothing_answers_says_so_and_shows_what_is_closest(client: httpx.AsyncClient) -> None:
    message = answer_of(await asked(client, await begun(client), UNKNOWN))
    assert message["abstained"] is True
    assert message["closest"]
    assert message["citations"] == []


async def test_an_answer_goes_on_when_its_asker_leaves(open_served: Open) -> None:
    model = ScriptedModel([Reply("Hello, how can I help you?", delay=0.3)])
    service = open_served(model=model)
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            id = await begun(client)
            body = {"id": uuid4().hex, "text": "Hello"}
            async with client.stream("POST", f"/api/conversations/{id}/messages", json=body) as response:
                async for event in events_of(response):
                    assert event.name == "accepted"
                    break
            while (messages := (await client.get(f"/api/conversations/{id}")).json()["messages"])[-1][
                "status"
            ] == "pending":
                await asyncio.sleep(0.05)
            assert messages[-1]["text"] == "Hello, how can I help you?"
            again = await client.post(f"/api/conversations/{id}/messages", json=body)
            assert again.text.count("event: answer") == 1
    assert len(model.requests) == 1


async def test_an_answer_is_stopped(open_served: Open) -> None:
    model = ScriptedModel([Reply("late", delay=600)])
    with serving(open_served(model=model)) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            id = await begun(client)
            body = {"id": uuid4().hex, "text": "Hello"}
            async with client.stream("POST", f"/api/conversations/{id}/messages", json=body) as response:
                events = events_of(response)
                assert (await anext(events)).name == "accepted"
                busy = await client.post(f"/api/conversations/{id}/messages", json={"id": uuid4().hex, "text": "And?"})
                assert (busy.status_code, busy.json()["error"]["code"]) == (409, "busy")
                assert (await client.post(f"/api/conversations/{id}/stop")).status_code == 202
                rest = [event async for event in events]
    assert rest[-2].data["message"]["status"] == "stopped"
    assert model.cancelled == 1


async def test_what_happened_meanwhile_is_told_to_whoever_comes_back(service: Service) -> None:
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            id = await begun(client)
            await asked(client, id, FAST)
            async with client.stream("GET", f"/api/conversations/{id}/events") as response:
                events = events_of(response)
                first, second = await anext(events), await anext(events)
                assert [first.data["message"]["role"], second.data["message"]["role"]] == ["user", "assistant"]
                service.store.events.set_state(id, "waiting")
                service.live.ring(id)
                third = await anext(events)
                assert (third.name, third.data["state"]) == ("state", "waiting")
            headers = {"Last-Event-ID": second.id}
            async with client.stream("GET", f"/api/conversations/{id}/events", headers=headers) as response:
                assert (await anext(events_of(response))).id == third.id


async def test_live_events_end_with_their_conversation(service: Service) -> None:
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            id = await begun(client)
            async with client.stream("GET", f"/api/conversations/{id}/events") as response:
                assert (await client.delete(f"/api/conversations/{id}")).status_code == 204
                assert [event async for event in events_of(response)] == []


async def test_a_service_that_is_told_to_end_lets_streams_end(open_served: Open) -> None:
    service = open_served(model=ScriptedModel([Reply("Hello, how can I help you?", delay=0.5)]))
    async with httpx.AsyncClient() as client:
        with serving(service) as url:
            client.base_url = httpx.URL(url)
            id = await begun(client)
            listening = asyncio.create_task(client.get(f"/api/conversations/{id}/events"))
            asking = asyncio.create_task(asked(client, id, "Hello"))
            while service.reception.run_of(id) is None:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            leaving = asyncio.create_task(asyncio.to_thread(service.reception.stop_admitting))
            await leaving
            service.live.ring_all()
            assert answer_of(await asking)["status"] == "complete"
            assert (await listening).status_code == 200
            assert (await client.get("/readyz")).status_code == 503


async def test_a_message_has_to_say_something(client: httpx.AsyncClient) -> None:
    id = await begun(client)
    for body in (
        {"id": uuid4().hex, "text": "   "},
        {"id": uuid4().hex},
        {"id": "short", "text": "x"},
        {"id": "../../etc/passwd", "text": "x"},
        {"id": uuid4().hex, "text": "x", "role": "system"},
        {"id": uuid4().hex, "text": 5},
    ):
        response = await client.post(f"/api/conversations/{id}/messages", json=body)
        assert response.status_code == 422, body
        assert set(response.json()["error"]) == {"code", "message", "hint"}
    long = await client.post(f"/api/conversations/{id}/messages", json={"id": uuid4().hex, "text": "x" * 5_000})
    assert long.status_code == 413
    odd = await asked(client, id, "\ud800 \u202e what? \x00".encode("utf-8", "replace").decode() + FAST)
    assert odd[-1].name == "end"


async def test_a_client_that_invents_numbers_hears_nothing(service: Service) -> None:
    with serving(service) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            path = f"/api/conversations/{await begun(client)}/events"
            for headers in ({"Last-Event-ID": "9" * 20}, {"Last-Event-ID": "-1"}, {"Last-Event-ID": "x"}):
                async with client.stream("GET", path, headers=headers) as response:
                    assert response.status_code == 200
            assert (await client.get(path, params={"after": -1})).status_code == 422


async def test_two_hundred_conversations_are_answered_at_once(open_served: Open) -> None:
    model = ScriptedModel([Reply("Hello, how can I help you?", delay=0.2)], stream=True)
    with serving(open_served(model=model)) as url:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120) as client:
            ids = [await begun(client) for _ in range(200)]
            told = await asyncio.gather(*(asked(client, id, "Hello") for id in ids))
    assert all(answer_of(events)["text"] == "Hello, how can I help you?" for events in told)
    assert len(model.requests) == 200


async def test_nobody_asks_in_the_conversation_of_another(service: Service) -> None:
    talk = service.store.conversations.begin("v_other")
    async with client_of(service) as client:
        for path in ("messages", "retry"):
            body = {"id": uuid4().hex, "text": "x"} if path == "messages" else {"message": "x"}
            response = await client.post(f"/api/conversations/{talk.id}/{path}", json=body)
            assert response.status_code == 404
        assert (await client.post(f"/api/conversations/{talk.id}/stop")).status_code == 404
        assert (await client.delete(f"/api/conversations/{talk.id}")).status_code == 404
