"""Switching tracing on and off."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.address import web_address
from agents.model.addresses import host_of, is_this_machine
from agents.tracing.spans import OFF, Capture, record_with, tracer
from knowledge.errors import RefdeskError

if TYPE_CHECKING:
    from agents.tracing.store import TraceStore

log = logging.getLogger(__name__)
STORE_NAME = "traces.sqlite"


def setup_tracing(
    service_name: str = "refdesk",
    tracing_endpoint: str | None = None,
    store: Path | str | TraceStore | None = None,
    *,
    capture_content: Capture = False,
    headers: Mapping[str, str] | None = None,
) -> None:
    """From now on, record what all agents of this process do.

    Spans are sent, in the background, to `tracing_endpoint` (OTLP over HTTP, posted to exactly that address), and kept
    in `store`, a file on this machine; where neither is named, in `traces.sqlite` beside the banks. They hold names,
    times and token counts; what was said is in them only with `capture_content`, and with `"redacted"` without secrets,
    e-mail addresses and numbers of cards, accounts and telephones. An endpoint that fails disturbs nobody: a warning
    says so, and its spans are lost. Called again, the new settings take the place of the old.

    Raises `ConfigError` for an address that is none, `StateError` for a store that cannot be used.
    """
    from agents.runtime import current

    kept = _store(store) if store is not None or tracing_endpoint is None else None
    endpoint = _allowed(tracing_endpoint, offline=current().offline)
    from agents.tracing.opentelemetry_export import open_tracer  # OpenTelemetry takes half a second to import

    made = open_tracer(service_name, endpoint=endpoint, store=kept, headers=headers, capture_content=capture_content)
    record_with(made).close(timeout=1.0)


def carried() -> Mapping[str, Any]:
    """What a worker needs to go on with the trace of its caller, as JSON-able data; nothing while tracing is off."""
    return tracer().carried()


def continued(carried: Mapping[str, Any]) -> AbstractContextManager[object]:
    """Within, spans belong to the trace that a caller carried here; tracing is set up as it is there.

    Where that cannot be done on this machine a warning says so, and nothing is recorded.
    """
    if not carried:
        return nullcontext()
    try:
        if getattr(tracer(), "settings", None) != carried["settings"]:
            setup_tracing(**carried["settings"])
    except RefdeskError as error:
        log.warning("The spans of this worker are not recorded: %s", error)
        return nullcontext()
    return tracer().continued(carried)


def flush_tracing(timeout: float = 5.0) -> bool:
    """Send what has been recorded so far; whether that was done within `timeout` seconds."""
    return tracer().flush(timeout)


def stop_tracing(timeout: float = 5.0) -> None:
    """Send what is still to be sent, for at most `timeout` seconds, and record nothing more."""
    record_with(OFF).close(timeout)


def _allowed(endpoint: str | None, *, offline: bool) -> str | None:
    if endpoint is None:
        return None
    web_address(endpoint, example="http://localhost:4318/v1/traces")
    if offline and not is_this_machine(endpoint):
        log.warning("Offline: no spans are sent to %s.", host_of(endpoint))
        return None
    return endpoint


def _store(store: Path | str | TraceStore | None) -> TraceStore:
    from agents.tracing.store import TraceStore

    if isinstance(store, TraceStore):
        return store
    return TraceStore(store if store is not None else default_store())


def default_store() -> Path:
    """Where spans are kept unless something else was said: beside the banks."""
    from agents.rag.library import default_shell

    return default_shell().root / STORE_NAME
