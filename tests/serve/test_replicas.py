"""Two services that share a PostgreSQL and a Redis: customers and staff need not know which of them they reach."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from agents.testing import Reply, ScriptedModel, tool_call
from serve.config.settings import parse_server_settings
from serve.redis_live import RedisLive
from serve.service import Service, open_service
from tests.serve.served import EXPEDITED, FAST, QUOTED, answer_of, asked, begun, events_of, serving, shell_at


@dataclass(frozen=True, slots=True)
class Replica:
    """A service and where it is."""

    service: Service
    url: str

    def client(self) -> httpx.AsyncClient:
        """Somebody at this machine."""
        return httpx.AsyncClient(base_url=self.url, timeout=60)


@pytest.fixture(params=[False], ids=["quoting"])
def replicas(
    request: pytest.FixtureRequest,
    banks: Path,
    postgres_url: str,
    redis_server: tuple[str, subprocess.Popen[bytes]],
) -> Iterator[tuple[Replica, Replica]]:
    """Two services on one database; with a parameter, each with a model that takes its time."""
    with ExitStack() as stack:
        made = []
        for _ in range(2):
            settings = parse_server_settings({"database": postgres_url, "redis": redis_server[0]}, None)
            said = f"{EXPEDITED} [1]" + " And more" * 2000
            replies = [tool_call("search_documents", query="expedited"), Reply(said, pause=0.1)]
            model = ScriptedModel(replies, stream=True) if request.param else None
            service = open_service(shell_at(banks), settings, model=model)
            stack.callback(service.close)
            assert isinstance(service.live, RedisLive)
            assert service.live.wait_until_connected(30)
            made.append(Replica(service, stack.enter_context(serving(service))))
        yield made[0], made[1]


async def test_a_conversation_goes_on_at_the_other_replica(replicas: tuple[Replica, Replica]) -> None:
    first, second = replicas
    async with first.client() as here, second.client() as there:
        id = await begun(here)
        question = uuid4().hex
        said = answer_of(await asked(here, id, FAST, id=question))
        assert QUOTED in said["text"]
        shown = (await there.get(f"/api/conversations/{id}")).json()["messages"]
        assert [one["id"] for one in shown] == [question, said["id"]]
        again = await asked(there, id, FAST, id=question)
        assert answer_of(again)["id"] == said["id"]
        both = await asyncio.gather(*(asked(one, id, FAST, id="the-same-question") for one in (here, there)))
        assert answer_of(both[0]) == answer_of(both[1])
        assert len((await here.get(f"/api/conversations/{id}")).json()["messages"]) == 4


async def test_a_person_answers_at_one_replica_a_customer_who_listens_at_the_other(
    replicas: tuple[Replica, Replica],
) -> None:
    first, second = replicas
    async with first.client() as customer, second.client() as staff:
        id = await begun(customer)
        await customer.post(f"/api/conversations/{id}/handover", json={"reason": "help", "contact": ""})
        async with customer.stream("GET", f"/api/conversations/{id}/events") as stream:
            happened = events_of(stream)
            assert (await anext(happened)).data["state"] == "waiting"
            (ticket,) = (await staff.get("/api/inbox")).json()["tickets"]
            await staff.post(f"/api/inbox/{ticket['id']}/claim", json={"name": "Anna"})
            answer = {"id": uuid4().hex, "text": "I am here."}
            response = await staff.post(f"/api/inbox/{ticket['id']}/answer", json=answer)
            assert response.status_code == 200, response.text
            assert await until_said(happened) == "I am here."


@pytest.mark.parametrize("replicas", [True], indirect=True, ids=["with a model"])
async def test_a_turn_at_one_replica_is_known_and_stopped_at_the_other(replicas: tuple[Replica, Replica]) -> None:
    first, second = replicas
    async with first.client() as here, second.client() as there:
        id = await begun(here)
        body = {"id": uuid4().hex, "text": FAST}
        path = f"/api/conversations/{id}"
        async with here.stream("POST", f"{path}/messages", json=body) as stream:
            happened = events_of(stream)
            while (await anext(happened)).name != "delta":
                pass
            refused = await there.post(f"{path}/messages", json={"id": uuid4().hex, "text": "And by mail?"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "busy")
            following = asyncio.create_task(asked(there, id, FAST, id=body["id"]))
            assert (await there.post(f"{path}/stop")).status_code == 202
            answer = answer_of([event async for event in happened])
        assert answer["status"] == "stopped"
        assert answer_of(await following) == answer


async def until_said(happened: AsyncIterator[object]) -> str:
    """What is said next, within less time than a stream takes to look by itself."""
    async with asyncio.timeout(10):
        async for event in happened:
            if getattr(event, "name", "") == "message":
                return str(event.data["message"]["text"])  # type: ignore[attr-defined]  # an `Event`, as its name says
    raise AssertionError
