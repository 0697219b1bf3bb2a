"""Settings that change while the service runs: new requests see them, and what is under way goes on as it began."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from knowledge.errors import RefdeskError
from serve.asking.answerers import Answerers
from serve.config.changes import Changes, changes, taken_over
from serve.config.checking import check_banks
from serve.config.settings import ServerSettings, read_server_settings
from serve.http.app import make_routes
from serve.http.lifespan import living
from serve.http.mcp_mount import Desks
from serve.security.opening import open_guard, open_sign_in
from serve.service import Service, open_tiers, served_banks
from serve.turns.suggestions import Suggestions

logger = logging.getLogger(__name__)


class Reloading:
    """An ASGI application over a service whose settings can be read anew.

    Each reading makes an application of its own over the same store, turns and connections; requests that come later
    go to it, and those that an earlier one answers, streams above all, stay there until they end. With the last of
    them it goes. What runs beside the requests is begun once.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._desks = Desks(service)
        self._life = Router(lifespan=living(service, self._desks))
        self._app = make_routes(service, self._desks, reload=self.reload)
        self._one_at_a_time = asyncio.Lock()
        self._told: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by the settings in force; live from the first request to the last."""
        app = self._life if scope["type"] == "lifespan" else self._app
        await app(scope, receive, send)

    async def reload(self) -> Changes:
        """Take over what refdesk.yaml says now. Raises `ConfigError`, and changes nothing, where it is wrong."""
        async with self._one_at_a_time:
            try:
                return await self._take_over()
            except RefdeskError as error:
                logger.error("The settings stay as they were: %s", error.sentence)
                raise

    def begin(self) -> None:
        """Reload, as a signal asks; what comes of it stands in the log. Called in the event loop."""
        self._told = asyncio.get_running_loop().create_task(self._reload_as_told())

    async def _reload_as_told(self) -> None:
        try:
            await self.reload()
        except RefdeskError:
            return  # `reload` has logged it
        except Exception as error:  # the edge of a signal: nobody else hears of it
            logger.error("The settings stay as they were.", exc_info=error)

    async def _take_over(self) -> Changes:
        old = self._service
        settings = await asyncio.to_thread(read_server_settings, old.shell)
        found = changes(old.settings, settings)
        service = await asyncio.to_thread(renewed, old, taken_over(old.settings, settings))
        app = make_routes(service, self._desks, reload=self.reload)
        old.reception.change(open_tiers(service), service.settings.limits)
        self._desks.renew(service)
        self._service, self._app = service, app
        logger.info("settings were read anew", extra={"changed": found.now, "next_start": found.next_start})
        return found


def renewed(old: Service, settings: ServerSettings) -> Service:
    """The service under other settings, over the same store and connections. Raises `ConfigError`; blocks."""
    check_banks(settings, old.library.names(), old.shell.config)
    guard = open_guard(old.store.database, settings, loopback=old.listening.loopback, former=old.guard)
    service = replace(
        old,
        settings=settings,
        guard=guard,
        sign_in=open_sign_in(old.shell, guard),
        handover=old.handover.over(lambda: served_banks(old.library, settings)),
        answerers=Answerers(old.shell, settings, old.library, model=old.model),
        suggestions=Suggestions(old.library, settings.suggested),
    )
    open_tiers(service)  # what is wrong with them shows now
    service.suggestions.look(service.banks)
    return service
