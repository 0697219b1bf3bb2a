"""The service as a whole: everything that the routes work with, made once."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.model.chat import ChatModel
from knowledge.library import CHROMA_FROM, Library
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell
from serve.asking.answerers import Answerers
from serve.config.settings import ServerSettings, read_server_settings
from serve.handover.deciding import HandingOver
from serve.handover.opening import Handover, open_handover
from serve.jobs.running import IngestJobs
from serve.jobs.uploads import Uploads
from serve.live import Live, LocalLive
from serve.metrics import Metrics
from serve.security.guard import Guard
from serve.security.opening import open_guard, open_sign_in
from serve.security.rates import Buckets
from serve.security.sign_in import SignIn
from serve.sources.showing import Sources, open_sources
from serve.store.jobs import Jobs
from serve.store.store import Store, open_store
from serve.turns.flow import Answering
from serve.turns.opening import open_answering
from serve.turns.reception import Reception
from serve.turns.suggestions import Suggestions
from serve.turns.words import Speaking

LOOPBACK = "127.0.0.1"
PORT = 8080


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the service listens; `loopback` says that only this machine can reach it."""

    host: str = LOOPBACK
    port: int = PORT
    loopback: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with. `model` is the language model, and `sign_in` the way in for staff, if configured."""

    shell: Shell
    settings: ServerSettings
    library: Library
    store: Store
    live: Live
    guard: Guard
    reception: Reception
    sources: Sources
    jobs: IngestJobs
    answerers: Answerers
    suggestions: Suggestions
    handover: Handover
    metrics: Metrics
    model: ChatModel | None = None
    sign_in: SignIn | None = None
    listening: Listening = field(default_factory=Listening)

    @property
    def banks(self) -> tuple[str, ...]:
        """The names of the banks that are served."""
        return served_banks(self.library, self.settings)

    def close(self) -> None:
        """Give back what is held."""
        self.handover.close()
        self.jobs.close()
        self.sources.close()
        self.live.close()
        self.library.close()
        self.store.close()


def open_service(
    shell: Shell,
    settings: ServerSettings | None = None,
    *,
    listening: Listening | None = None,
    model: ChatModel | None = None,
    chroma_from: int = CHROMA_FROM,
) -> Service:
    """The service over the banks of `shell`; `settings` are those of its refdesk.yaml unless given.

    `model` answers where the flow names none of its own; without one, answers are quoted. Banks of `chroma_from` chunks
    or more are searched through Chroma. Raises `ConfigError` where the settings are wrong and `StorageError` where the
    store cannot be opened.
    """
    chosen = settings or read_server_settings(shell)
    where = listening or Listening()
    library, metrics = open_library(shell, chroma_from=chroma_from), Metrics()
    store = open_store(shell.root, chosen.database, password=shell.environment.database_password)
    live = open_live(shell, chosen)
    jobs = IngestJobs(shell, Jobs(store.database), Uploads(shell.root), ring=live.ring)
    handover = open_handover(
        shell,
        chosen.handover,
        library,
        store=store,
        live=live,
        jobs=jobs,
        banks=lambda: served_banks(library, chosen),
    )
    answering = _tiers(shell, chosen, library, model=model, handover=handover)
    guard = open_guard(store.database, chosen, loopback=where.loopback, buckets=open_buckets(shell, chosen))
    return Service(
        shell=shell,
        settings=chosen,
        library=library,
        store=store,
        live=live,
        guard=guard,
        reception=Reception(store, live, answering, chosen.limits, metrics),
        sources=open_sources(shell, library),
        answerers=Answerers(shell, chosen, library, model=model),
        jobs=jobs,
        suggestions=Suggestions(library, chosen.suggested),
        handover=handover,
        metrics=metrics,
        model=model,
        sign_in=open_sign_in(shell, guard),
        listening=where,
    )


def open_tiers(service: Service) -> Answering:
    """Who answers, by the settings of the service. Raises `ConfigError`."""
    return _tiers(service.shell, service.settings, service.library, model=service.model, handover=service.handover)


def _tiers(
    shell: Shell, settings: ServerSettings, library: Library, *, model: ChatModel | None, handover: Handover
) -> Answering:
    answering = open_answering(shell, settings, library, model=model, tickets=handover.desk)
    if settings.features.handover:
        answering = HandingOver(answering, settings.handover, settings.flow.tier1.name)
    return Speaking(answering)


def open_live(shell: Shell, settings: ServerSettings) -> Live:
    """Where news goes: through Redis where one is configured, else to this process. Raises `ConfigError`."""
    if settings.redis is None:
        return LocalLive()
    from serve.redis_live import open_redis_live

    return open_redis_live(settings.redis, password=shell.environment.redis_password)


def open_buckets(shell: Shell, settings: ServerSettings) -> Buckets | None:
    """Where limits are counted together with other processes, where Redis is configured. Raises `ConfigError`."""
    if settings.redis is None:
        return None
    from serve.security.redis_buckets import open_redis_buckets

    return open_redis_buckets(settings.redis, password=shell.environment.redis_password)


def served_banks(library: Library, settings: ServerSettings) -> tuple[str, ...]:
    """The names of the banks that are served."""
    served = settings.banks
    return tuple(name for name in library.names() if served is None or name in served)
