"""Conversations over HTTP: begun, listed, read, rated, given out and deleted."""

from __future__ import annotations

import httpx

from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import FAST, answer_of, asked, begun, client_of


async def test_a_conversation_survives_a_restart(open_served: Open) -> None:
    async with client_of(open_served()) as client:
        id = await begun(client)
        message = answer_of(await asked(client, id, FAST))
    async with client_of(open_served()) as client:
        found = (await client.get(f"/api/conversations/{id}")).json()
        assert found["messages"][-1] == message
        assert found["title"] == FAST
        assert (found["state"], found["seq"] > 0) == ("bot", True)
        assert [one["id"] for one in (await client.get("/api/conversations")).json()] == [id]


async def test_an_answer_is_rated_and_the_rating_taken_back(client: httpx.AsyncClient) -> None:
    id = await begun(client)
    message = answer_of(await asked(client, id, FAST))["id"]
    path = f"/api/messages/{message}/feedback"
    assert (await client.post(path, json={"rating": "down", "reason": "Too short"})).status_code == 204
    said = (await client.get(f"/api/conversations/{id}")).json()["messages"]
    assert said[-1]["feedback"] == {"rating": "down", "reason": "Too short"}
    assert (await client.post(path, json={"rating": None})).status_code == 204
    assert (await client.get(f"/api/conversations/{id}")).json()["messages"][-1]["feedback"] is None
    assert (await client.post(path, json={"rating": "sideways"})).status_code == 422
    question = said[0]["id"]
    assert (await client.post(f"/api/messages/{question}/feedback", json={"rating": "up"})).status_code == 404


async def test_everything_that_is_kept_is_given_out(client: httpx.AsyncClient) -> None:
    id = await begun(client)
    await asked(client, id, FAST)
    given = (await client.get(f"/api/conversations/{id}/export")).json()
    assert [one["role"] for one in given["conversation"]["messages"]] == ["user", "assistant"]
    assert given["turns"][0]["retrievals"][0]["query"]


async def test_a_deleted_conversation_is_gone(client: httpx.AsyncClient) -> None:
    id = await begun(client)
    await asked(client, id, FAST)
    assert (await client.delete(f"/api/conversations/{id}")).status_code == 204
    assert (await client.get(f"/api/conversations/{id}")).status_code == 404
    assert (await client.delete(f"/api/conversations/{id}")).status_code == 404
    assert (await client.get("/api/conversations")).json() == []


async def test_nobody_reads_the_conversation_of_another(service: Service) -> None:
    talk = service.store.conversations.begin("v_other")
    async with client_of(service, address="10.0.0.9") as client:
        await client.get("/api/session")
        response = await client.get(f"/api/conversations/{talk.id}")
        assert response.status_code == 404
        assert (await client.get(f"/api/conversations/{talk.id}/export")).status_code == 404


async def test_an_unknown_address_is_told_as_every_failure_is(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/nothing")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    assert (await client.put("/api/conversations")).json()["error"]["code"] == "method_not_allowed"
