"""What binds an agent's proxy to the agent in its worker, through the deaths of workers."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from agents.distribution.engines import Engine
from agents.distribution.failures import restore
from agents.distribution.placement import Placement
from agents.distribution.remote_call import RemoteCall
from agents.distribution.requests import Acting, Answer, Create, Instead, Invoke, Look, MaySpend, Release, Spent
from agents.distribution.wire import ConnectionLost
from agents.distribution.workers import Workers, workers
from agents.exceptions import DistributionError
from agents.message.msg import new_id
from agents.metering import check_meters, is_metered, model_instead, record
from agents.runtime import Runtime
from agents.tracing import carried

ATTEMPTS = 3
METERS = count(1)
BLOCKING_SECONDS = 300.0


class Link:
    """Asks an agent's worker, and makes agent and worker anew when the worker died.

    A request is asked again then, three times in all, unless it `once` or its agent had begun to use a tool. The agent
    has the state that the last answer brought, and whatever was set on it from here.
    """

    def __init__(self, name: str, placement: Placement, blueprint: bytes, runtime: Runtime) -> None:
        self.name = name
        self.agent_id = new_id()
        self._placement = placement
        self._blueprint = blueprint
        self._runtime = runtime
        self._state: Any = None
        self._version = 0
        self._set_up: list[Invoke] = []
        self._workers: Workers | None = None
        self._home: Engine | None = None
        self._moving = asyncio.Lock()

    def start(
        self,
        path: str,
        *args: Any,
        kwargs: dict[str, Any] | None = None,
        changes: bool = True,
        once: bool = False,
        afterwards: Callable[[Any], Awaitable[None]] | None = None,
    ) -> RemoteCall[Any]:
        """Call what stands at a path below the agent."""
        meter = next(METERS) if is_metered() else 0
        request = Invoke(self.agent_id, path, args, kwargs or {}, changes, meter, carried())
        context = contextvars.copy_context()
        here = self._current()
        return RemoteCall(here.io, self._metered(here, request, context, once=once), afterwards=afterwards)

    def set_up(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """Call something that makes the agent what it is, now, and again whenever it is made anew; waits for it."""
        request = Invoke(self.agent_id, path, args, kwargs)
        value = RemoteCall(self._current().io, self._perform(request)).result(BLOCKING_SECONDS)
        self._set_up.append(request)
        return value

    def call(self, path: str, *args: Any, changes: bool = True, once: bool = False, **kwargs: Any) -> Any:
        """As `start`; waits for what comes of it."""
        return self.start(path, *args, kwargs=kwargs, changes=changes, once=once).result(BLOCKING_SECONDS)

    def look(self, path: str) -> Any:
        """The attribute at a path below the agent, or an `Opaque` in its place."""
        return RemoteCall(self._current().io, self._perform(Look(self.agent_id, path))).result(BLOCKING_SECONDS)

    def release(self) -> None:
        """Let the worker forget the agent; nothing is started or waited for."""
        if self._home is not None and not self._home.is_lost and self._workers is not None:
            self._workers.leave(self._home, self._placement, Release(self.agent_id))
            self._home = None

    def _current(self) -> Workers:
        here = workers()
        if here is not self._workers:
            self._workers, self._home, self._moving = here, None, asyncio.Lock()
        return here

    async def _metered(self, here: Workers, request: Invoke, context: contextvars.Context, *, once: bool) -> Any:
        if request.meter:
            here.meters[request.meter] = lambda question: context.run(_meters_say, question)
        try:
            return await self._perform(request, context, once=once)
        finally:
            here.meters.pop(request.meter, None)

    async def _perform(
        self, request: Invoke | Look, context: contextvars.Context | None = None, *, once: bool = False
    ) -> Any:
        acted = False

        def on_event(event: Any) -> None:
            nonlocal acted
            acted = acted or isinstance(event, Acting)
            if isinstance(event, Spent) and context is not None:
                context.run(record, event.usage, model=event.model, agent=event.agent)
            elif isinstance(event, Answer):
                self._keep(event)

        for attempt in range(1, ATTEMPTS + 1):
            try:
                home = await self._at_home()
                answer = await home.ask(request, on_event)
            except ConnectionLost as error:
                self._home = None
                if attempt < ATTEMPTS and not (once or (acted and not self._placement.idempotent)):
                    continue
                raise DistributionError(*self._died(attempt, acted=acted)) from error
            return self._taken(answer, home.name)
        raise AssertionError("the last attempt returns or raises")

    def _died(self, attempts: int, *, acted: bool) -> tuple[str]:
        if acted:
            words = "after it had begun to use a tool; call it again if doing that twice is harmless"
        else:
            words = "while it worked" if attempts == 1 else f"{attempts} times while it worked"
        return (f"The worker of {self.name} ended {words}.",)

    async def _at_home(self) -> Engine:
        async with self._moving:
            if self._home is None or self._home.is_lost:
                self._home = await self._moved()
            return self._home

    async def _moved(self) -> Engine:
        """Make the agent in a worker: as it was constructed, then as it was set up, then with its state."""
        assert self._workers is not None
        home = await self._workers.place(self._placement, self._runtime.hosts)
        await home.ask(Create(self.agent_id, self._blueprint, self._runtime.arguments(), version=self._version))
        for request in self._set_up:
            await home.ask(request)
        if self._state is not None:
            loading = Invoke(self.agent_id, "load_state_dict", (self._state,), {"strict": False}, changes=False)
            self._taken(await home.ask(loading), home.name)
        return home

    def _taken(self, answer: Any, worker: str) -> Any:
        if not isinstance(answer, Answer):
            return answer
        self._keep(answer)
        if answer.failure is not None:
            assert self._workers is not None
            raise restore(answer.failure, self._workers.store, worker)
        return answer.value

    def _keep(self, answer: Answer) -> None:
        if answer.state is not None and answer.version > self._version:
            self._state, self._version = answer.state, answer.version


def _meters_say(question: MaySpend | Instead) -> Any:
    if isinstance(question, Instead):
        model = model_instead(agent=question.agent)
        return None if model is None else (id(model), model)
    return check_meters(agent=question.agent)
