"""Budgets: what a piece of work may take, counted live, and what happens when it takes more."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from agents.budget.alerts import Alerts, OnAlert
from agents.budget.ledger import Ledger
from agents.budget.limits import Limits
from agents.exceptions import BudgetExceeded
from agents.metering import metered
from agents.model.response import Usage
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from agents.model.chat import ChatModel

logger = logging.getLogger(__name__)
Work = TypeVar("Work", bound=Callable[..., Any])
OnLimit = Literal["warn", "stop", "fallback"]
ON_LIMIT: tuple[OnLimit, ...] = ("warn", "stop", "fallback")
# Task-local: a budget may be entered by many tasks at once, each leaving what it entered itself.
_ENTERED: ContextVar[tuple[AbstractContextManager[Any], ...]] = ContextVar("entered", default=())
_CONVERSATION: ContextVar[str] = ContextVar("conversation", default="")


class BudgetManager:
    """Counts the model calls of whatever runs within it, and acts when they go above a limit.

    Work runs within it by `@budget.track_usage`, by `with budget:`, or, for a whole process, by
    `agents.init(budget=budget)`. `per_agent` limits each agent, or those it names, and `per_conversation` what runs
    within `budget.conversation(id)`. Above a limit, `on_limit` warns; stops, so that the next call raises
    `BudgetExceeded`; or asks `fallback`, a model or the name of one, from then on. One call may go above; the next
    does not begin. Alerts go to the log, to `on_alert` and to `webhook`. `max_seconds` counts the time of the work,
    overlaps once. Safe in any number of tasks and threads.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        max_calls: int | None = None,
        max_seconds: float | None = None,
        *,
        name: str = "budget",
        on_limit: OnLimit = "warn",
        fallback: ChatModel | str | None = None,
        per_agent: Limits | Mapping[str, Limits] | None = None,
        per_conversation: Limits | None = None,
        on_alert: OnAlert | None = None,
        webhook: str | None = None,
    ) -> None:
        if on_limit not in ON_LIMIT:
            raise UsageError(f"{on_limit!r} is nothing a budget does:", hint=f"write one of {', '.join(ON_LIMIT)}.")
        if (fallback is not None) is not (on_limit == "fallback"):
            raise UsageError("A model to fall back to and on_limit='fallback' go together:", hint="pass both.")
        self.name = name
        self.limits = Limits(max_tokens, max_cost, max_calls, max_seconds)
        self._on_limit = on_limit
        self._fallback = fallback
        self._per_agent = per_agent
        self._per_conversation = per_conversation
        self._alerts = Alerts(on_alert, webhook)
        self._ledger = Ledger()
        self._warned: set[str] = set()
        self._lock = Lock()

    @property
    def total_tokens(self) -> int:
        """Tokens in both directions so far, those of a reply that is still streaming included."""
        return self._ledger.total.total_tokens

    @property
    def total_cost(self) -> float:
        """Dollars so far, of the models whose price is known."""
        return self._ledger.total.cost or 0.0

    @property
    def total_calls(self) -> int:
        """Model calls so far."""
        return self._ledger.total.calls

    @property
    def total_seconds(self) -> float:
        """Seconds of work so far."""
        return self._ledger.seconds

    @property
    def unpriced_calls(self) -> int:
        """Calls of models whose price is not known, which `total_cost` leaves out."""
        return self._ledger.unpriced_calls

    @property
    def usage(self) -> Usage:
        """Everything together."""
        return self._ledger.total

    @property
    def alerts(self) -> list[str]:
        """The alerts that were sent, oldest first."""
        return self._alerts.sent

    def usage_by(self, kind: Literal["agent", "conversation", "model"]) -> dict[str, Usage]:
        """What each agent, conversation or model took."""
        return self._ledger.by(kind)

    def exceeds_limit(self, *, agent: str = "") -> bool:
        """Whether more was taken than is allowed, in all, in this conversation, or by `agent`."""
        return any(limits.exceeded(usage, seconds) for _, limits, usage, seconds in self._scopes(agent))

    def reset(self) -> None:
        """Begin anew."""
        with self._lock:
            self._ledger.clear()
            self._warned.clear()

    async def send_alert(self, text: str) -> None:
        """Log `text`, add it to `alerts`, and tell the callback and the webhook."""
        await self._alerts.send(text, self._facts())

    def track_usage(self, work: Work) -> Work:
        """Count what an async or sync function, or an async generator, makes of model calls."""
        if inspect.isasyncgenfunction(work):
            return functools.wraps(work)(self._tracked_stream(work))  # type: ignore[return-value]  # same signature
        if inspect.iscoroutinefunction(work):

            @functools.wraps(work)
            async def tracked(*args: Any, **kwargs: Any) -> Any:
                with self._within():
                    return await work(*args, **kwargs)

            return tracked  # type: ignore[return-value]  # same signature

        @functools.wraps(work)
        def tracked_now(*args: Any, **kwargs: Any) -> Any:
            with self._within():
                made = work(*args, **kwargs)
            return self._awaited(made) if inspect.iscoroutine(made) else made

        return tracked_now  # type: ignore[return-value]  # same signature

    @contextmanager
    def conversation(self, conversation_id: str) -> Iterator[Self]:
        """Within, calls count for this conversation too, and `per_conversation` limits it."""
        token = _CONVERSATION.set(conversation_id)
        try:
            with self._within():
                yield self
        finally:
            _CONVERSATION.reset(token)

    def __enter__(self) -> Self:
        entered = self._within()
        entered.__enter__()
        _ENTERED.set((*_ENTERED.get(), entered))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        *others, entered = _ENTERED.get()
        _ENTERED.set(tuple(others))
        entered.__exit__(kind, error, trace)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def check(self, *, agent: str) -> None:
        """Raises `BudgetExceeded` where this budget stops and no more may be spent."""
        if self._on_limit == "stop" and (words := self._spent(agent)):
            raise BudgetExceeded(f"The {words}:", hint="raise the limit, or stop here.")

    def instead(self, *, agent: str) -> ChatModel | None:
        """The model to fall back to, once a limit is passed."""
        if self._fallback is None or not self._spent(agent):
            return None
        from agents.model.resolve import as_model

        return as_model(self._fallback)

    def add(self, usage: Usage, *, model: str, agent: str) -> None:
        """Count what a call took, or a part of one, and warn once for each limit that is passed."""
        self._ledger.add(usage, agent=agent, conversation=_CONVERSATION.get(), model=model)
        for scope, limits, used, seconds in self._scopes(agent):
            if words := limits.exceeded(used, seconds):
                self._warn(scope, f"{scope} has taken {words}.")

    def _spent(self, agent: str) -> str:
        """Which scope may spend no more, and why; empty where all may."""
        for scope, limits, used, seconds in self._scopes(agent):
            if words := limits.exceeded(used, seconds) or limits.reached(used):
                return f"{scope} is used up: {words}"
        return ""

    def _scopes(self, agent: str) -> Iterator[tuple[str, Limits, Usage, float]]:
        """Every scope that a call of `agent` counts for: its name, its limits, what it took."""
        yield self.name, self.limits, self._ledger.total, self._ledger.seconds
        own = self._per_agent if isinstance(self._per_agent, Limits) else (self._per_agent or {}).get(agent)
        if agent and own is not None:
            used = self._ledger.of("agent", agent)
            yield f"{self.name} of {agent}", own, used, used.seconds
        conversation = _CONVERSATION.get()
        if conversation and self._per_conversation is not None:
            used = self._ledger.of("conversation", conversation)
            yield f"{self.name} of conversation {conversation}", self._per_conversation, used, used.seconds

    def _warn(self, scope: str, text: str) -> None:
        with self._lock:
            if scope in self._warned:
                return
            self._warned.add(scope)
        if self._alerts.has_listener:
            self._alerts.send_soon(text, self._facts())
        else:
            logger.warning("%s", text)

    def _facts(self) -> dict[str, Any]:
        return {
            "budget": self.name,
            "total_tokens": self.total_tokens,
            "total_cost": self.total_cost,
            "total_calls": self.total_calls,
        }

    @contextmanager
    def _within(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(metered(self))
            stack.enter_context(self._ledger.running())
            yield

    def _tracked_stream(self, work: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncGenerator[Any, None]]:
        async def tracked(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            # A generator runs in the context of whoever asks for the next item, so each step is entered by itself.
            stream: Any = work(*args, **kwargs)
            try:
                while True:
                    with self._within():
                        try:
                            item = await anext(stream)
                        except StopAsyncIteration:
                            return
                    yield item
            finally:
                await stream.aclose()

        return tracked

    async def _awaited(self, made: Any) -> Any:
        with self._within():
            return await made
