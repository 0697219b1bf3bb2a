"""The command `refdesk serve`: the service on an address, from the first request to the last."""

from __future__ import annotations

import errno
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import click

from agents.cli import tell
from knowledge.errors import UsageError
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell
from serve.samples import ready_shell

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Server

    from serve.reloading import Reloading
    from serve.service import Service

# How long answers that are being written when the service is told to end may take, in seconds.
GRACE = 30
BACKLOG = 2048
OPEN = (
    "No key was made yet: everybody at this machine may do everything. Before you put a proxy in front, or share the"
    " machine: refdesk keys create NAME --scope admin"
)
REASONS = {
    errno.EADDRINUSE: "is taken: stop what uses it, or use --port 0 for one that is free",
    errno.EACCES: "may not be used: take one above 1023",
    errno.EADDRNOTAVAIL: "is no address of this machine",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for."""

    host: str
    port: int
    model: str | None
    as_json: bool
    log: str = "warnings"


def run_service(shell: Shell, wanted: Wanted) -> None:
    """Serve until told to end; then let what is being answered end first. Raises `UsageError` where it may not."""
    from agents.studio.admission import is_loopback
    from serve.config.checking import check_banks
    from serve.config.settings import read_server_settings
    from serve.reloading import Reloading  # takes a second, with what it stands on
    from serve.security.policy import check_exposure
    from serve.service import Listening, open_service
    from serve.store.schema import now
    from serve.turns.opening import default_model

    begin_log(shell, wanted.log)
    shell = ready_shell(shell)
    settings = read_server_settings(shell)
    check_banks(settings, open_library(shell).names(), shell.config)
    model, note = default_model(shell, wanted.model)
    tell(note)
    listener = listening_socket(wanted.host, wanted.port)
    port = listener.getsockname()[1]
    where = Listening(wanted.host, port, loopback=is_loopback(wanted.host))
    service = open_service(shell, settings, listening=where, model=model)
    try:
        check_exposure(wanted.host, has_keys=service.sign_in is not None or service.guard.keys.any())
        with only_one(service) as alone:
            longest = timedelta(seconds=service.settings.limits.turn_seconds)
            service.store.turns.end_interrupted(begun_before=None if alone else now() - 2 * longest)
            tell(OPEN if service.guard.is_open() else "")
            announce(wanted, port)
            serve_app(Reloading(service), service, listener)
    finally:
        service.close()


def begin_log(shell: Shell, kind: str) -> None:
    """Log to standard error from now on, without secrets: every request, or warnings only."""
    from serve.security.logs import log_to, redactor_for

    log_to(sys.stderr, redactor_for(shell.environment), as_json=kind == "json", level=logging.WARNING)
    if kind != "warnings":
        logging.getLogger("serve").setLevel(logging.INFO)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; `UsageError` says what is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        said = REASONS.get(getattr(error, "errno", 0) or 0)
        place = f"{host}, port {port}," if said is not REASONS[errno.EADDRNOTAVAIL] else host
        raise UsageError(f"{place} {said or f'cannot be listened at: {error}'}.") from error


@contextmanager
def only_one(service: Service) -> Iterator[bool]:
    """Within, no other process serves from the same SQLite file: each would know nothing of what the other tells.

    Gives whether this is so; other databases may be shared.
    """
    from filelock import FileLock, Timeout

    url = service.store.database.engine.url
    if url.get_backend_name() != "sqlite" or not url.database:
        yield False
        return
    try:
        with FileLock(f"{url.database}.serving", timeout=0):
            yield True
    except Timeout:
        raise UsageError(
            f"Another `refdesk serve` uses {url.database}:",
            hint="stop it, or give this one a `server.database` of its own.",
        ) from None


def announce(wanted: Wanted, port: int) -> None:
    """Say where the service is."""
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    url = f"http://{host}:{port}"
    click.echo(json.dumps({"url": url}) if wanted.as_json else f"Refdesk is at {url}. Stop it with Ctrl-C.")
    sys.stdout.flush()


def serve_app(app: Reloading, service: Service, listener: socket.socket) -> None:
    """Answer requests until a signal ends it; SIGHUP lets it read its settings anew."""
    import asyncio

    async def answering() -> None:
        if hasattr(signal, "SIGHUP"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, app.begin)
        await make_server(app, service).serve(sockets=[listener])

    asyncio.run(answering())


def make_server(app: ASGIApp, service: Service) -> Server:
    """What answers requests to `app`; told to end, it lets streams that never end by themselves end at once."""
    import uvicorn

    class DrainingServer(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            service.reception.stop_admitting()
            service.live.ring_all()
            # The signal is not raised again afterwards: the service has ended as it was told to.
            self.should_exit, self.force_exit = True, self.should_exit

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    return DrainingServer(config)
