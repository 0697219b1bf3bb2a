"""News for every process that shares a Redis: what one of them tells, those who listen at the others hear too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from knowledge.errors import ConfigError
from serve.live import Bell, LocalLive
from serve.store.schema import new_id

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

logger = logging.getLogger(__name__)
CHANNEL = "refdesk:news"
# How long a Redis that cannot be reached is left alone, in seconds.
PAUSE = 1.0
TIMEOUT = 5.0
# News that waits to be told; whoever reconnects looks at everything anew, so that older news may be dropped.
MOST_WAITING = 10_000


class RedisLive:
    """News through the Redis at a URL, in a thread of its own. While it cannot be reached a warning says so, and news
    stays within this process; afterwards everybody looks at what happened meanwhile.
    """

    def __init__(self, connect: Callable[[], Redis]) -> None:
        self._connect = connect
        self._local = LocalLive()
        self._id = new_id()
        self._loop = asyncio.new_event_loop()
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._ready = Event()
        self._work: asyncio.Task[None] | None = None
        self._thread = Thread(target=self._run, name="refdesk-news", daemon=True)
        self._thread.start()

    def ring(self, topic: str) -> None:
        """There is news of `topic`; callable from any thread."""
        self._local.ring(topic)
        with suppress(RuntimeError):  # it is closed, and so is the service
            self._loop.call_soon_threadsafe(self._put, topic)

    def ring_all(self) -> None:
        """There is news for everybody at this process, as when it ends; callable from any thread."""
        self._local.ring_all()

    def listen(self, topic: str) -> AbstractContextManager[Bell]:
        """Within, news of `topic` rings."""
        return self._local.listen(topic)

    def wait_until_connected(self, seconds: float) -> bool:
        """Whether news of others is heard within so long."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """Hear nothing more; what was told before has gone out."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(TIMEOUT)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._work = self._loop.create_task(self._keep_connected())
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._work)
        finally:
            self._loop.close()

    def _stop(self) -> None:
        if self._work is not None:
            self._work.cancel()

    def _put(self, topic: str) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(topic)

    async def _keep_connected(self) -> None:
        from redis.exceptions import RedisError

        told = False
        while True:
            try:
                await self._exchange()
            except* (RedisError, OSError) as failed:
                if not told or self._ready.is_set():
                    why = failed.exceptions[0]
                    logger.warning("Redis does not answer, so that news stays within this process: %s", why)
                told = True
                self._ready.clear()
            await asyncio.sleep(PAUSE)

    async def _exchange(self) -> None:
        """Tell and hear, until the connection is lost."""
        client = self._connect()
        try:
            async with client.pubsub(ignore_subscribe_messages=True) as hearing:
                await hearing.subscribe(CHANNEL)
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._hear(hearing))
                    both.create_task(self._tell(client))
        finally:
            await client.aclose()

    async def _hear(self, hearing: PubSub) -> None:
        # The first message says that the subscription holds: from here on nothing is missed.
        await hearing.get_message(ignore_subscribe_messages=False, timeout=TIMEOUT)
        self._ready.set()
        self._local.ring_all()
        while True:
            message = await hearing.get_message(timeout=TIMEOUT)
            if message is None:
                await hearing.ping()
                continue
            sender, _, topic = str(message["data"].decode("utf-8", "replace")).partition(" ")
            if sender != self._id and message["type"] == "message":
                self._local.ring(topic)

    async def _tell(self, client: Redis) -> None:
        while True:
            await client.publish(CHANNEL, f"{self._id} {await self._waiting.get()}")


def open_redis_live(url: str, *, password: str | None = None) -> RedisLive:
    """News through the Redis at `url`. Raises `ConfigError` for an address that means nothing."""
    try:
        from redis.asyncio import Redis  # comes with an extra
    except ImportError:
        raise ConfigError("Redis is configured and not installed:", hint="pip install 'refdesk[redis]'.") from None

    def connect() -> Redis:
        # A password in the address takes precedence.
        return Redis.from_url(url, socket_connect_timeout=TIMEOUT, password=password)

    try:
        connect()
    except ValueError:
        raise ConfigError("server.redis is not the address of a Redis:", hint="write redis://HOST:6379/0.") from None
    return RedisLive(connect)
