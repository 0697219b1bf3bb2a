"""What runs beside the requests, from the first to the last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta

from starlette.applications import Starlette

from knowledge.errors import RefdeskError
from serve.http.mcp_mount import Desks
from serve.security.retention import upkeep
from serve.service import Service
from serve.store.schema import now

logger = logging.getLogger(__name__)
# Requests wait in threads for the database and for banks; a thread that waits costs little.
THREADS = 40
DAY = 86_400.0
MINUTE = 60.0
LAST_WORDS = 5.0


def living(service: Service, desks: Desks) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """The life of an application over `service`, in which clients have sessions at `desks`."""

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="refdesk")
        asyncio.get_running_loop().set_default_executor(threads)
        tending = [asyncio.create_task(kept_up(service)), asyncio.create_task(swept(service))]
        looking = asyncio.create_task(asyncio.to_thread(service.suggestions.look, service.banks))
        await asyncio.to_thread(service.jobs.start)
        service.handover.start()
        try:
            yield
        finally:
            for task in tending:
                task.cancel()
            await asyncio.wait(tending)
            await desks.close()
            with suppress(RefdeskError):
                await looking
            await service.reception.drain(LAST_WORDS)
            await service.guard.buckets.close()

    return life


async def kept_up(service: Service) -> None:
    """Once when the service starts, and daily: forget what is old, and take new secrets."""
    days = service.settings.retention_days
    while True:
        try:
            forgotten = await asyncio.to_thread(upkeep, service.store.database, service.guard, retention_days=days)
            if forgotten:
                logger.info("%d conversations were deleted, %d days after their last use", forgotten, days)
        except RefdeskError as error:  # another time, then
            logger.error("What is old could not be deleted: %s", error)
        await asyncio.sleep(DAY)


async def swept(service: Service) -> None:
    """Every minute: turns that nobody works on any more, since a process died or its database was full, have failed."""
    longest = timedelta(seconds=service.settings.limits.turn_seconds)
    while True:
        await asyncio.sleep(MINUTE)
        with suppress(RefdeskError):  # a database that is away is told of by every request
            await asyncio.to_thread(service.store.turns.end_interrupted, begun_before=now() - 2 * longest)
