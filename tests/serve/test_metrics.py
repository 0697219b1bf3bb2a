"""What the service counts of itself."""

from __future__ import annotations

import logging

import pytest

from agents.model.pricing import Price
from agents.testing import ScriptedModel, tool_call
from serve.metrics import Metrics
from serve.service import Service
from tests.serve.conftest import Open
from tests.serve.served import EXPEDITED, FAST, UNKNOWN, asked, begun, client_of


async def test_requests_turns_tokens_and_costs_are_counted(open_served: Open) -> None:
    searching = tool_call("search_documents", query="expedited")
    service = open_served(model=ScriptedModel([searching, f"{EXPEDITED} [1]"], price=Price(1_000_000, 0)))
    async with client_of(service) as client:
        await asked(client, await begun(client), FAST)
        text = (await client.get("/metrics")).text
    assert 'refdesk_turns_total{ending="complete"} 1' in text
    assert 'refdesk_answers_total{answered="yes"} 1' in text
    assert 'route="/api/conversations/{id}/messages",status="200"} 1' in text
    assert 'refdesk_tokens_total{model="scripted",direction="input"}' in text
    assert "refdesk_turn_seconds_count 1" in text
    assert "refdesk_turns_under_way 0" in text
    cost = next(line for line in text.splitlines() if line.startswith("refdesk_cost_dollars_total"))
    assert float(cost.split()[-1]) > 0


async def test_what_the_documents_did_not_answer_is_counted(service: Service) -> None:
    async with client_of(service) as client:
        await asked(client, await begun(client), UNKNOWN)
        assert 'refdesk_answers_total{answered="no"} 1' in (await client.get("/metrics")).text


async def test_metrics_are_not_for_visitors(service: Service) -> None:
    async with client_of(service, address="10.0.0.9") as client:
        await client.get("/api/session")
        assert (await client.get("/metrics")).status_code in (400, 401, 403)


async def test_the_log_has_routes_and_nobodys_words(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "serve")
    async with client_of(service) as client:
        id = await begun(client)
        await asked(client, id, FAST)
        await client.request("BREW", "/nowhere")
    told = [record for record in caplog.records if record.message == "request"]
    assert [vars(record)["route"] for record in told][-2:] == ["/api/conversations/{id}/messages", "(unknown)"]
    assert id not in caplog.text
    assert "replacement" not in caplog.text


def test_a_histogram_counts_what_lies_below_each_bound() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.2, 1000):
        metrics.observe("refdesk_turn_seconds", seconds)
    lines = metrics.text({}).splitlines()
    assert 'refdesk_turn_seconds_bucket{le="0.005"} 1' in lines
    assert 'refdesk_turn_seconds_bucket{le="0.25"} 2' in lines
    assert 'refdesk_turn_seconds_bucket{le="+Inf"} 3' in lines
    assert "refdesk_turn_seconds_sum 1000.201000" in lines


def test_a_label_cannot_break_its_line() -> None:
    metrics = Metrics()
    metrics.count("refdesk_tokens_total", 1, model='a"\n\\b', direction="input")
    assert r'model="a\"\n\\b"' in metrics.text({})
