"""What the service counts of itself, for Prometheus."""

import asyncio

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from serve.http.described import described
from serve.metrics import CONTENT_TYPE, Gauge, Labels
from serve.security.caller import require
from serve.service import Service
from serve.store.census import waiting

MEANINGS = {
    "jobs": "Ingestion jobs that are not over, by state.",
    "tickets": "Conversations that wait for a person or are with one, by state.",
    "deliveries": "News of tickets that has not arrived, by state.",
}


def metrics_routes(service: Service) -> APIRouter:
    """The one route of the metrics."""
    router = APIRouter(tags=["health"])
    admin = Depends(require(service, "admin"))

    @router.get("/metrics", response_class=Response, responses=described(), dependencies=[admin])
    async def metrics() -> Response:
        """Counters, histograms and gauges in Prometheus' text format."""
        gauges = await asyncio.to_thread(gauges_of, service)
        return Response(service.metrics.text(gauges), media_type=CONTENT_TYPE)

    return router


def gauges_of(service: Service) -> list[Gauge]:
    """What is under way and what waits, now; of what several processes share, all of it."""
    reception = service.reception
    alone: Labels = ()
    found = [
        Gauge("refdesk_turns_under_way", "Questions that are worked on or wait, here.", {alone: reception.under_way}),
        Gauge("refdesk_turns_waiting", "Those of them that wait for their turn.", {alone: reception.waiting}),
        Gauge("refdesk_streams_open", "Streams that somebody follows, here.", {alone: service.guard.streams.open}),
        Gauge("refdesk_draining", "Whether the service is about to end.", {alone: reception.is_draining}),
    ]
    counted = waiting(service.store.database)
    return found + [
        Gauge(f"refdesk_{name}", MEANINGS[name], {(("state", state),): count for state, count in states.items()})
        for name, states in counted.items()
    ]
