"""Who counts what model calls take: meters of the context and of the process, told live while a reply streams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from agents.model.response import Usage

if TYPE_CHECKING:
    from agents.model.chat import ChatModel

# Task-local by design: a call counts where it is made, in every task that the metered code starts.
_METERS: ContextVar[tuple[Meter, ...]] = ContextVar("meters", default=())
# Whether a model answers in place of another already: it is not replaced in turn.
_STANDS_IN: ContextVar[bool] = ContextVar("stands_in", default=False)


class Meter(Protocol):
    """Counts model calls. Methods are called from any thread."""

    def check(self, *, agent: str) -> None:
        """Called before each model call; raises `BudgetExceeded` where no more may be spent."""
        ...

    def instead(self, *, agent: str) -> ChatModel | None:
        """The model to ask in place of the one that was meant, if any."""
        ...

    def add(self, usage: Usage, *, model: str, agent: str) -> None:
        """A call took `usage`, or a further part of one that streams did: the parts after the first count 0 calls."""
        ...


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Within, `meter` is told of every model call once, in tasks and threads started with this context too."""
    token = _METERS.set((*(known for known in _METERS.get() if known is not meter), meter))
    try:
        yield
    finally:
        _METERS.reset(token)


def meters() -> tuple[Meter, ...]:
    """Those who count here: of the context, and the budget of the process that `agents.init` set."""
    from agents.runtime import current  # which imports models, which are metered

    here, budget = _METERS.get(), current().budget
    return here if budget is None or budget in here else (*here, budget)


def is_metered() -> bool:
    """Whether anybody counts in this context."""
    return bool(meters())


def check_meters(*, agent: str = "") -> None:
    """Ask every meter whether a model call may begin; raises `BudgetExceeded`."""
    for meter in meters():
        meter.check(agent=agent)


def model_instead(*, agent: str = "") -> ChatModel | None:
    """The model that a meter wants to be asked in place of the one that was meant, if any."""
    if _STANDS_IN.get():
        return None
    return next((model for meter in meters() if (model := meter.instead(agent=agent)) is not None), None)


@contextmanager
def standing_in() -> Iterator[None]:
    """Within, a model answers in place of another, and is not replaced itself."""
    token = _STANDS_IN.set(True)
    try:
        yield
    finally:
        _STANDS_IN.reset(token)


def record(usage: Usage, *, model: str, agent: str = "") -> None:
    """Tell every meter what a call took."""
    for meter in meters():
        meter.add(usage, model=model, agent=agent)
