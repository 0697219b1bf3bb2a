"""Whether the service says of itself what it is like: ready or not, and how much waits."""

from __future__ import annotations

from pathlib import Path

from agents.testing import ScriptedModel, tool_call
from serve.metrics import Metrics, count_turn
from serve.service import Service
from serve.store.jobs import Jobs, UploadedFile, new_job
from serve.store.messages import Message
from serve.store.schema import now
from serve.store.turns import Outcome, ToolUse
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, UNKNOWN, asked, begun, client_of


async def readiness(service: Service) -> tuple[int, str]:
    async with client_of(service) as client:
        assert (await client.get("/healthz")).status_code == 200
        response = await client.get("/readyz")
        return response.status_code, response.json().get("reason", "")


async def test_a_service_without_its_database_is_not_ready(service: Service, tmp_path: Path) -> None:
    assert await readiness(service) == (200, "")
    service.store.close()
    for file in tmp_path.glob("store.sqlite*"):
        file.unlink()
    (tmp_path / "store.sqlite").mkdir()
    assert await readiness(service) == (503, "no database")


async def test_a_service_that_is_about_to_end_is_not_ready(service: Service) -> None:
    service.reception.stop_admitting()
    assert await readiness(service) == (503, "stopping")
    async with client_of(service) as client:
        assert "refdesk_draining 1" in (await client.get("/metrics")).text


async def test_a_service_without_a_bank_is_not_ready(open_served: Open) -> None:
    assert await readiness(open_served(banks=["nothing"])) == (503, "no banks")


async def test_what_waits_is_counted(service: Service) -> None:
    Jobs(service.store.database).add(new_job("banking", "k_1", [UploadedFile("a.md", 5)]))
    async with client_of(service) as client:
        id = await begun(client)
        await asked(client, id, UNKNOWN)
        await client.post(f"/api/conversations/{id}/handover", json={})
        text = (await client.get("/metrics")).text
    for line in (
        'refdesk_handovers_total{trigger="request"} 1',
        'refdesk_jobs{state="queued"} 1',
        'refdesk_jobs{state="running"} 0',
        'refdesk_tickets{state="waiting"} 1',
        'refdesk_tickets{state="human"} 0',
        'refdesk_deliveries{state="failed"} 0',
        "refdesk_turns_waiting 0",
        "refdesk_streams_open 0",
        "refdesk_draining 0",
    ):
        assert f"{line}\n" in text


async def test_models_are_timed(open_served: Open) -> None:
    searching = tool_call("search_documents", query="expedited")
    service = open_served(model=ScriptedModel([searching, f"{EXPEDITED} [1]"]))
    async with client_of(service) as client:
        await asked(client, await begun(client), FAST)
        text = (await client.get("/metrics")).text
    assert 'refdesk_model_seconds_count{model="scripted"} 1' in text


def test_calls_of_tools_are_counted() -> None:
    message = Message("a", "c", "assistant", "", "", now())
    tools = (ToolUse("create_support_ticket", {}, "T-1", 0.1), ToolUse("look_up", {}, "no", 0.1, failed=True))
    metrics = Metrics()
    count_turn(metrics, Outcome(message, "complete", state="waiting", trigger="agent", tools=tools))
    text = metrics.text([])
    assert 'refdesk_tool_calls_total{tool="create_support_ticket",failed="no"} 1' in text
    assert 'refdesk_tool_calls_total{tool="look_up",failed="yes"} 1' in text
    assert 'refdesk_handovers_total{trigger="agent"} 1' in text
