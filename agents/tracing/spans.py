"""Where spans begin and end. Off, a span costs a look at whether tracing is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

Operation = Literal["invoke_agent", "chat", "execute_tool", "retrieval", "embeddings", "hub", "pipeline", "function"]
# Whether spans hold what was said; "redacted" takes secrets and personal data out of it.
Capture = bool | Literal["redacted"]


class Span:
    """A span that is open. This one records nothing: tracing is off."""

    recording = False

    def set(self, name: str, value: Any) -> None:
        """Add one attribute."""

    def content(self, name: str, value: Any | Callable[[], Any]) -> None:
        """Add what was said as an attribute, only where `setup_tracing(capture_content=True)` allows it.

        A function is called for it only then.
        """

    def current(self) -> AbstractContextManager[object]:
        """Within, new spans stand below this one."""
        return nullcontext()


class Tracer(Protocol):
    """Makes spans."""

    def span(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> AbstractContextManager[Span]:
        """A span around what happens within."""
        ...

    def detached(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> AbstractContextManager[Span]:
        """The same, for code that is suspended and resumed elsewhere: only `Span.current` puts others below it."""
        ...

    def carried(self) -> Mapping[str, Any]:
        """What another process needs to go on with the span that is open here, as JSON-able data."""
        ...

    def continued(self, carried: Mapping[str, Any]) -> AbstractContextManager[object]:
        """Within, new spans stand below the one that another process carried here."""
        ...

    def flush(self, timeout: float) -> bool:
        """Send what has been recorded so far; whether that was done within `timeout` seconds."""
        ...

    def close(self, timeout: float) -> None:
        """Send what is still to be sent, for at most `timeout` seconds; nothing is recorded afterwards."""
        ...


class Off:
    """The tracer that records nothing."""

    def span(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> AbstractContextManager[Span]:
        """Nothing around what happens within."""
        return _NOTHING

    def detached(
        self, operation: Operation, name: str, attributes: Mapping[str, Any] | None
    ) -> AbstractContextManager[Span]:
        """Nothing either."""
        return _NOTHING

    def carried(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def continued(self, carried: Mapping[str, Any]) -> AbstractContextManager[object]:
        """There are no spans."""
        return nullcontext()

    def flush(self, timeout: float) -> bool:
        """There is nothing to send."""
        return True

    def close(self, timeout: float) -> None:
        """There is nothing to send."""


# Both hold nothing, so one of each serves everyone.
OFF = Off()
_NOTHING: AbstractContextManager[Span] = nullcontext(Span())


class _Process:
    """What records the spans of this process: all of its threads and tasks, whoever switched it on."""

    tracer: Tracer = OFF


def span(operation: Operation, name: str, attributes: Mapping[str, Any] | None = None) -> AbstractContextManager[Span]:
    """A span around what happens within; an exception that passes through is recorded on it."""
    tracer = _Process.tracer
    return _NOTHING if tracer is OFF else tracer.span(operation, name, attributes)


def detached(
    operation: Operation, name: str, attributes: Mapping[str, Any] | None = None
) -> AbstractContextManager[Span]:
    """A span around a generator, which runs in pieces: others stand below it within its `Span.current` only."""
    return _Process.tracer.detached(operation, name, attributes)


def tracer() -> Tracer:
    """What records the spans of this process."""
    return _Process.tracer


def record_with(tracer: Tracer) -> Tracer:
    """Let `tracer` record the spans of this process from now on; gives the one that did until now, for closing."""
    before, _Process.tracer = _Process.tracer, tracer
    return before
