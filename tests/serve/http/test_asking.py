"""Asking and searching over HTTP, by programs."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from agents.testing import Reply, ScriptedModel
from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, PLANE, QUOTED, SECRET, UNKNOWN, client_of, events_in


async def test_a_question_is_answered_with_citations(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/ask", json={"question": FAST})
    assert response.status_code == 200, response.text
    answer = response.json()
    assert QUOTED in answer["text"]
    first = answer["citations"][0]
    document = (await client.get(f"/api/banks/{first['bank']}/documents/{first['document']}")).json()
    assert document["text"][first["start"] : first["end"]] == first["quote"]
    assert (answer["model"], answer["usage"]) == (None, {"input_tokens": 0, "output_tokens": 0})


async def test_history_and_banks_count(client: httpx.AsyncClient) -> None:
    history = [{"role": "user", "text": FAST}, {"role": "assistant", "text": EXPEDITED}]
    body = {"question": "And by standard shipping?", "history": history, "banks": ["banking"]}
    answer = (await client.post("/api/ask", json=body)).json()
    assert "tandard" in answer["text"]
    elsewhere = (await client.post("/api/ask", json={"question": FAST, "banks": ["aviation"]})).json()
    assert EXPEDITED not in elsewhere["text"]
    assert (await client.post("/api/ask", json={"question": UNKNOWN})).json()["abstained"]


async def test_a_stream_tells_what_is_done_and_ends_with_the_answer(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/ask", json={"question": PLANE, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_in(response.text)
    assert {"progress", "delta", "answer", "end"} == {event.name for event in events}
    answer = events[-2].data
    assert answer["text"] == "".join(event.data["text"] for event in events if event.name == "delta")
    assert answer["citations"][0]["page"] is not None


async def test_a_model_that_fails_is_told_in_one_sentence(open_served: Open) -> None:
    service = open_served(model=ScriptedModel([Reply(status=500, error="overloaded")]))
    async with client_of(service) as client:
        response = await client.post("/api/ask", json={"question": FAST})
        assert response.status_code == 502
        events = events_in((await client.post("/api/ask", json={"question": FAST, "stream": True})).text)
        assert events[-2].data == response.json()


async def test_passages_are_found_with_what_they_scored(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"query": "replacement card", "k": 3, "explain": True, "banks": ["banking"]}
    passages = (await client.post("/api/search", json=body)).json()["passages"]
    assert len(passages) == 3
    assert passages[0]["scores"]["total"] == passages[0]["score"] >= passages[1]["score"]
    plain = (await client.post("/api/search", json={"query": "replacement card"})).json()["passages"]
    assert plain[0]["scores"] is None
    none = {"query": "replacement card", "filters": {"title": "No such title"}}
    assert (await client.post("/api/search", json=none)).json() == {"passages": []}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/ask", {"question": " "}, 422),
        ("/api/ask", {"question": "x" * 4_001}, 413),
        ("/api/ask", {"question": "x", "nonsense": 1}, 422),
        ("/api/ask", {"question": "x", "banks": ["none"]}, 404),
        ("/api/search", {"query": "x", "banks": ["none"]}, 404),
        ("/api/search", {"query": "x", "filters": {'a"b': 1}}, 422),
        ("/api/search", {"query": "x", "k": 0}, 422),
        ("/api/search", {"query": "\ud800"}, 422),
    ],
)
async def test_what_is_wrong_is_told(client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int) -> None:
    content = json.dumps(body)
    response = await client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert response.json()["error"]["message"]


async def test_a_key_reads_with_its_roles_and_does_what_its_scopes_allow(service: Service) -> None:
    scopes = ["ask", "search", "documents:read"]
    public, _ = service.guard.keys.make("public", scopes=scopes)
    staff, _ = service.guard.keys.make("staff", scopes=scopes, roles=["staff"])
    chat, _ = service.guard.keys.make("chat", scopes=["chat"])
    found = {}
    for name, key in (("public", public), ("staff", staff)):
        async with client_of(service, Authorization=f"Bearer {key}") as client:
            body = {"query": SECRET, "k": 20, "banks": ["banking"]}
            passages = (await client.post("/api/search", json=body)).json()["passages"]
            listed = (await client.get("/api/banks")).json()["banks"]
            answer = (await client.post("/api/ask", json={"question": SECRET})).json()
            internal = [one for one in (*passages, *answer["citations"]) if "Internal" in one["title"]]
            found[name] = (bool(internal), next(one["documents"] for one in listed if one["name"] == "banking"))
    assert found["staff"][0]
    assert not found["public"][0]
    assert found["public"][1] < found["staff"][1]
    async with client_of(service, Authorization=f"Bearer {chat}") as client:
        assert (await client.post("/api/ask", json={"question": FAST})).status_code == 403
        assert (await client.post("/api/search", json={"query": FAST})).status_code == 403
        assert (await client.get("/api/banks")).status_code == 403
    async with client_of(service) as client:
        assert (await client.post("/api/ask", json={"question": FAST})).status_code == 401


async def test_only_the_banks_that_are_served_are_there(open_served: Open) -> None:
    service = open_served(banks=["aviation"])
    async with client_of(service) as client:
        assert [one["name"] for one in (await client.get("/api/banks")).json()["banks"]] == ["aviation"]
        assert (await client.get("/api/banks/banking/documents")).status_code == 404
        assert (await client.post("/api/ask", json={"question": FAST, "banks": ["banking"]})).status_code == 404
        found = (await client.post("/api/search", json={"query": FAST})).json()["passages"]
        assert {one["bank"] for one in found} <= {"aviation"}


async def test_documents_are_read_in_parts(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/banks/banking/documents", params={"limit": 1})).json()
    assert (len(listed["documents"]), listed["next"]) == (1, 1)
    assert not listed["documents"][0]["uri"].startswith("/")
    path = f"/api/banks/banking/documents/{listed['documents'][0]['id']}"
    whole = (await client.get(path)).json()
    part = (await client.get(path, params={"offset": 10, "length": 5})).json()
    assert part["text"] == whole["text"][10:15]
    assert part["length"] == whole["length"] == len(whole["text"])
    assert (await client.get("/api/banks/banking/documents/999999")).status_code == 404
    assert (await client.get(f"{path}/source", params={"start": 5, "end": 5})).status_code == 422
    assert (await client.get(f"{path}/source", params={"start": 0, "end": 10**8})).status_code == 422
    shown = (await client.get(f"{path}/source", params={"start": 3, "end": 9})).json()
    assert shown["quote"] == whole["text"][3:9]
