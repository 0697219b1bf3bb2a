"""What programs ask is kept like what people ask: under its key, for its time, and for whoever may read it."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agents.testing import Reply, ScriptedModel, tool_call
from serve.http.app import make_app
from serve.service import Service
from serve.store.people import People
from serve.store.schema import now
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, ORIGIN, PLANE, SECRET, answer_of, asked, begun, client_of, events_in

COMPLETION = {"model": "refdesk", "messages": [{"role": "user", "content": FAST}]}


def key_of(service: Service, *scopes: str, **given: Any) -> tuple[str, dict[str, str]]:
    """A key's id and the header that sends it."""
    whole, key = service.guard.keys.make("-".join(scopes), scopes=scopes, **given)
    return f"k_{key.id}", {"Authorization": f"Bearer {whole}"}


def kept(service: Service, channel: Any) -> list[dict[str, Any]]:
    """Everything that is kept of one channel, newest first."""
    people = People(service.store.database)
    found = service.store.conversations.of_everybody(channel=channel)
    return [next(row for row in people.everything_of(one.owner) if row["id"] == one.id) for one in found]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_question_is_kept_with_what_it_took(open_served: Open, stream: bool) -> None:
    model = ScriptedModel([tool_call("search_documents", query="expedited"), f"{EXPEDITED} [1]"], stream=True)
    service = open_served(model=model)
    owner, header = key_of(service, "ask", "chat")
    async with client_of(service, **header) as client:
        response = await client.post("/api/ask", json={"question": FAST, "stream": stream})
        answer = events_in(response.text)[-2].data if stream else response.json()
        rated = await client.post(f"/api/messages/{answer['message']}/feedback", json={"rating": "up"})
        assert rated.status_code == 204
        assert (await client.get("/api/conversations")).json() == []
        export = (await client.get(f"/api/conversations/{answer['conversation']}/export")).json()
    (conversation,) = kept(service, "api")
    assert (conversation["owner"], conversation["id"]) == (owner, answer["conversation"])
    assert conversation["title"] == FAST
    question, said = conversation["messages"]
    assert (question["text"], said["text"], said["rating"]) == (FAST, answer["text"], "up")
    assert said["citations"][0]["quote"] == answer["citations"][0]["quote"]
    (turn,) = export["turns"]
    assert turn["status"] == "complete"
    assert turn["retrievals"]
    assert turn["timings"]["total"] > 0
    assert turn["models"][0]["input_tokens"] == answer["usage"]["input_tokens"] > 0
    assert "refdesk_turns_total" in service.metrics.text(())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_completion_is_kept_too(service: Service, stream: bool) -> None:
    async with client_of(service) as client:
        response = await client.post("/v1/chat/completions", json={**COMPLETION, "stream": stream})
        assert response.status_code == 200
    (conversation,) = kept(service, "openai")
    assert conversation["messages"][0]["text"] == FAST
    assert conversation["messages"][1]["id"] in response.text
    assert kept(service, "api") == []


async def test_what_fails_and_what_is_given_up_is_kept_as_that(open_served: Open) -> None:
    model = ScriptedModel([Reply(status=500, error="overloaded")])
    service = open_served(model=model)
    async with client_of(service) as client:
        assert (await client.post("/api/ask", json={"question": FAST})).status_code == 502
        model._script = (Reply("late", delay=600.0),)
        asking = asyncio.create_task(client.post("/api/ask", json={"question": PLANE}))
        while kept(service, "api")[0]["messages"][0]["text"] != PLANE:
            await asyncio.sleep(0.02)
        asking.cancel()
        await asyncio.wait([asking])
    stopped, failed = kept(service, "api")
    assert [one["messages"][1]["status"] for one in (stopped, failed)] == ["stopped", "failed"]
    assert failed["turns"][0]["error"]
    assert service.reception.under_way == 0


async def test_what_is_given_up_while_it_is_put_down_is_kept_as_that(open_served: Open) -> None:
    service = open_served()
    entered, free = threading.Event(), threading.Event()

    def hold() -> None:
        with service.store.database.writing():
            entered.set()
            free.wait(30)

    holding = asyncio.create_task(asyncio.to_thread(hold))
    assert await asyncio.to_thread(entered.wait, 30)
    async with client_of(service) as client:
        asking = asyncio.create_task(client.post("/api/ask", json={"question": FAST}))
        while not service.reception.under_way:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.sleep(0.01)
        free.set()
        await asyncio.wait([asking, holding])
    (stopped,) = kept(service, "api")
    assert stopped["messages"][1]["status"] == "stopped"
    assert service.reception.under_way == 0


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "The question cannot be answered right now. Try again later."),
        (401, "The question cannot be answered right now. Try again later."),
        (429, "Too many questions are being asked right now. Wait a little, then ask again."),
    ],
)
async def test_what_a_model_server_says_is_for_the_record_and_not_for_customers(
    open_served: Open, status: int, told: str
) -> None:
    service = open_served(model=ScriptedModel([Reply(status=status, error="no more for org-1234")]))
    async with client_of(service) as client:
        events = await asked(client, await begun(client), FAST)
    assert answer_of(events)["text"] == told
    assert "1234" not in str(events)
    assert "scripted" not in str(events)
    [one] = kept(service, "chat")
    assert one["messages"][1]["text"] == told
    assert "scripted" in one["turns"][0]["error"]


async def test_whoever_runs_the_service_lists_them_by_channel(service: Service) -> None:
    _, caller = key_of(service, "ask", "chat")
    _, operator = key_of(service, "conversations:read")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(make_app(service)), base_url=ORIGIN) as client:
        client.headers.update(caller)
        await asked(client, await begun(client), FAST)
        await client.post("/api/ask", json={"question": FAST})
        await client.post("/v1/chat/completions", json=COMPLETION)
        assert (await client.get("/api/records")).status_code == 403
        client.headers.update(operator)
        listed = (await client.get("/api/records")).json()["conversations"]
        assert [one["channel"] for one in listed] == ["openai", "api", "chat"]
        older = await client.get("/api/records", params={"before": listed[0]["updated"], "limit": 1})
        assert [one["channel"] for one in older.json()["conversations"]] == ["api"]
        for channel in ("chat", "api", "openai", "mcp"):
            one = (await client.get("/api/records", params={"channel": channel})).json()["conversations"]
            assert [found["channel"] for found in one] == ([channel] if channel != "mcp" else [])
        assert (await client.get("/api/records", params={"channel": "fax"})).status_code == 422


async def test_they_are_deleted_with_their_owner_and_in_time(service: Service) -> None:
    owner, header = key_of(service, "ask", "chat")
    async with client_of(service, **header) as client:
        first, second = [(await client.post("/api/ask", json={"question": FAST})).json() for _ in range(2)]
        assert (await client.delete(f"/api/conversations/{first['conversation']}")).status_code == 204
    people = People(service.store.database)
    assert [one["id"] for one in people.everything_of(owner)] == [second["conversation"]]
    assert people.forget_unused_since(now() - timedelta(days=1)) == 0
    assert people.forget_unused_since(now() + timedelta(seconds=1)) == 1
    assert kept(service, "api") == []


async def test_others_and_those_who_may_not_read_the_documents_see_nothing(service: Service) -> None:
    _, staff = key_of(service, "ask", "chat", roles=["staff"])
    _, other = key_of(service, "chat", "search", roles=["staff"])
    _, operator = key_of(service, "chat", "conversations:read")
    async with client_of(service, **staff) as client:
        answer = (await client.post("/api/ask", json={"question": SECRET})).json()
    assert "Internal" in answer["citations"][0]["title"]
    async with client_of(service, **other) as client:
        assert (await client.get(f"/api/conversations/{answer['conversation']}")).status_code == 404
    async with client_of(service, **operator) as client:
        read = (await client.get(f"/api/conversations/{answer['conversation']}/export")).json()
    assert answer["text"] not in str(read)
    assert read["turns"] == []


async def test_what_no_database_keeps_is_replaced(service: Service) -> None:
    async with client_of(service) as client:
        assert (await client.post("/api/ask", json={"question": f"{FAST}\x00"})).status_code == 200
    assert kept(service, "api")[0]["messages"][0]["text"] == f"{FAST}\ufffd"
