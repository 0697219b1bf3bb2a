"""Where alerts go: the log, a list, a callback, a webhook."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from threading import Thread
from typing import Any

logger = logging.getLogger(__name__)

OnAlert = Callable[[str], Awaitable[None] | None]
WEBHOOK_SECONDS = 5.0


class Alerts:
    """Sends texts. A callback may be async. A webhook that fails is logged and holds nothing up."""

    def __init__(self, on_alert: OnAlert | None, webhook: str | None) -> None:
        self.sent: list[str] = []
        self._on_alert = on_alert
        self._webhook = webhook
        self._running: set[asyncio.Task[None]] = set()

    @property
    def has_listener(self) -> bool:
        """Whether anybody besides the log hears of an alert."""
        return self._on_alert is not None or self._webhook is not None

    async def send(self, text: str, facts: Mapping[str, Any]) -> None:
        """Log `text`, keep it, and tell the callback and the webhook, which gets `facts` too."""
        logger.warning("%s", text)
        self.sent.append(text)
        if self._on_alert is not None:
            told = self._on_alert(text)
            if isawaitable(told):
                await told
        if self._webhook is not None:
            await self._post(self._webhook, {"text": text, **facts})

    def send_soon(self, text: str, facts: Mapping[str, Any]) -> None:
        """The same for a caller who cannot await: as a task of the running loop, else in a thread of its own."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            Thread(target=asyncio.run, args=(self.send(text, facts),), name="alert", daemon=True).start()
            return
        task = loop.create_task(self.send(text, facts))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _post(self, url: str, body: Mapping[str, Any]) -> None:
        import aiohttp  # for its errors

        from agents.model.aiohttp_connections import Connections  # only where there is a webhook

        try:
            async with Connections(url, headers={}, timeout=WEBHOOK_SECONDS).post("", body) as response:
                if response.status >= 400:
                    logger.warning("The webhook for alerts answered with status %s.", response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("The webhook for alerts cannot be reached: %s", error)
