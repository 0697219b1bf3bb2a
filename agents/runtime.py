"""What `agents.init` configured: models, project, studio, tracing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from agents.model.registry import ModelRegistry
from agents.studio.watching import open_client
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from agents.metering import Meter
    from agents.model.configs import ModelConfig, ModelConfigs
    from agents.studio.client import StudioClient

LOGGER = "agents"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What is in force. `offline` forbids every model beyond this machine.

    `root` is the folder with banks and refdesk.yaml. `budget` counts every model call of the process.
    """

    models: ModelRegistry = field(default_factory=ModelRegistry)
    project_name: str = "refdesk"
    name: str = ""
    run_id: str = ""
    offline: bool = False
    root: Path | None = None
    studio_url: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    studio: StudioClient | None = None
    tracing_endpoint: str | None = None
    budget: Meter | None = None

    @property
    def model_configs(self) -> tuple[ModelConfig, ...]:
        """The configurations that were given in code."""
        return self.models.given

    def arguments(self) -> dict[str, Any]:
        """What `init` takes to set up the same in another process, as JSON-able data; keys included."""
        return {
            "model_configs": [config.model_dump(mode="json", exclude_defaults=True) for config in self.model_configs],
            "studio_url": self.studio_url,
            "hosts": dict(self.hosts),
            "project_name": self.project_name,
            "name": self.name,
            "offline": self.offline,
            "tracing_endpoint": self.tracing_endpoint,
            "root": str(self.root) if self.root else None,
            "run_id": self.run_id,
        }


class _Process:
    """The runtime of this process; threads have no context of their own and see this one."""

    runtime: Runtime | None = None
    # What holds before the first `init`; made once, since agents ask for it at each of their calls.
    unset: Runtime | None = None


# What `isolated` put in place for this context, in a list so that `init` within it can replace it.
_ISOLATED: ContextVar[list[Runtime] | None] = ContextVar("isolated", default=None)


def init(
    model_configs: ModelConfigs | None = None,
    *,
    studio_url: str | None = None,
    project_name: str | None = None,
    project: str | None = None,
    name: str | None = None,
    run_id: str | None = None,
    offline: bool | None = None,
    tracing_endpoint: str | None = None,
    tracing_url: str | None = None,
    logging_level: str | None = None,
    logging_path: str | PathLike[str] | None = None,
    root: str | PathLike[str] | None = None,
    budget: Meter | None = None,
    hosts: Mapping[str, str] | None = None,
) -> Runtime:
    """Configure what agents of this process use, in place of what was configured before.

    `model_configs` is one configuration, a list, or the path of a JSON file with either; its first chat model becomes
    the default. `studio_url` is where messages are shown, `tracing_endpoint` where spans are sent (OTLP over HTTP).
    `budget` counts every model call of the process. `hosts` says where machines are that `to_dist` names:
    `{"worker-*.cluster": "10.0.0.7:7331"}`. Nothing is connected to before it is needed. Raises `ConfigError` that
    names file and field.
    """
    from agents.model.configs import read_configs  # takes pydantic

    folder = Path(root).expanduser() if root else None
    endpoint = tracing_endpoint or tracing_url
    runtime = Runtime(
        models=ModelRegistry(read_configs(model_configs), root=folder),
        project_name=project_name or project or "refdesk",
        name=name or f"run-{datetime.now():%Y%m%d-%H%M%S}",
        run_id=run_id or uuid4().hex,
        offline=bool(offline),
        root=folder,
        studio_url=studio_url,
        hosts=dict(hosts or {}),
        tracing_endpoint=endpoint,
        budget=budget,
    )
    if studio_url:
        runtime = replace(runtime, studio=open_client(studio_url, runtime))
    if (before := current().studio) is not None:
        before.close()
    _set_logging(logging_level, logging_path)
    _put(runtime)
    if endpoint:
        from agents.tracing import setup_tracing  # takes OpenTelemetry

        setup_tracing(service_name=runtime.project_name, tracing_endpoint=endpoint)
    return runtime


def current() -> Runtime:
    """What is in force here: what `isolated` put in place, else the last `init` of this process, else the defaults."""
    isolated_here = _ISOLATED.get()
    if isolated_here is not None:
        return isolated_here[-1]
    if _Process.runtime is not None:
        return _Process.runtime
    if _Process.unset is None:
        _Process.unset = Runtime(ModelRegistry(keep=False))
    return _Process.unset


@contextmanager
def isolated(runtime: Runtime | None = None) -> Iterator[Runtime]:
    """Within, `init` changes only this context: nothing of it is left afterwards. For tests and for hosting others."""
    held = [runtime or Runtime()]
    token = _ISOLATED.set(held)
    try:
        yield held[0]
    finally:
        _ISOLATED.reset(token)


def _put(runtime: Runtime) -> None:
    held = _ISOLATED.get()
    if held is not None:
        held.append(runtime)
    else:
        _Process.runtime = runtime


def _set_logging(level: str | None, path: str | PathLike[str] | None) -> None:
    logger = logging.getLogger(LOGGER)
    if level is not None:
        if level.upper() not in LEVELS:
            raise UsageError(f"{level!r} is no logging level:", hint=f"write one of {', '.join(LEVELS)}.")
        logger.setLevel(level.upper())
    if path is not None:
        logger.addHandler(logging.FileHandler(Path(path), encoding="utf-8", delay=True))
