"""The agents that live in a worker for one caller."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import sys
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agents.distribution.blobs import BlobStore
from agents.distribution.failures import describe
from agents.distribution.pickling import unpack
from agents.distribution.requests import (
    Acting,
    Adopt,
    Answer,
    Create,
    Instead,
    Invoke,
    Look,
    MaySpend,
    Opaque,
    Release,
    Spent,
)
from agents.exceptions import DistributionError, StateError
from agents.metering import metered
from agents.model.response import Usage
from agents.runtime import Runtime, init, isolated
from agents.session.encoding import NotData, encode
from agents.tracing import continued
from knowledge.settings import adopt_environment

if TYPE_CHECKING:
    from agents.agent.agent import AgentBase
    from agents.model.chat import ChatModel

T = TypeVar("T")
log = logging.getLogger(__name__)


class Caller(Protocol):
    """Who asked for something; both methods may come from any thread."""

    def tell(self, number: int, event: object) -> None:
        """Tell it what happens within its request `number`."""
        ...

    def ask(self, question: object) -> Any:
        """Its answer to a question; waits for it. Raises what it raises."""
        ...


@dataclass(slots=True)
class Hosted:
    """One agent, the runtime in which it works, and how often its state has been sent."""

    agent: AgentBase
    runtime: Runtime
    version: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """The request within which something runs."""

    caller: Caller
    number: int


# Task-local by design: hooks of agents tell whoever asked for what runs.
_WORK: ContextVar[_Work | None] = ContextVar("work", default=None)


@dataclass(frozen=True, slots=True)
class _Meter:
    """Counts model calls at the caller's."""

    work: _Work
    meter: int
    models: dict[int, ChatModel] = field(default_factory=dict)

    def check(self, *, agent: str) -> None:
        self.work.caller.ask(MaySpend(self.meter, agent))

    def instead(self, *, agent: str) -> ChatModel | None:
        found: tuple[int, ChatModel] | None = self.work.caller.ask(Instead(self.meter, agent))
        # One object for each model of the caller's: a model that is asked again must know itself.
        return self.models.setdefault(*found) if found is not None else None

    def add(self, usage: Usage, *, model: str, agent: str) -> None:
        self.work.caller.tell(self.work.number, Spent(usage, model, agent))


@dataclass(slots=True)
class AgentHost:
    """Makes agents and lets them answer; used in the event loop in which the agents work."""

    store: BlobStore
    caller: Caller
    agents: dict[str, Hosted] = field(default_factory=dict)
    _runtimes: dict[str, Runtime] = field(default_factory=dict)

    async def answer(self, number: int, request: Any) -> Any:
        """What comes of one request; raises `DistributionError` for an agent that is not here."""
        if isinstance(request, Adopt):
            return _adopt(request)
        if isinstance(request, Create):
            return self._create(request)
        if isinstance(request, Release):
            return self.agents.pop(request.agent_id, None) and None
        if isinstance(request, Look):
            hosted = self._hosted(request.agent_id)
            return _shown(_at(hosted.agent, request.path))
        if isinstance(request, Invoke):
            return await self._invoke(self._hosted(request.agent_id), request, _Work(self.caller, number))
        raise DistributionError(f"A worker does not know {type(request).__name__}:", hint="upgrade it.")

    def _hosted(self, agent_id: str) -> Hosted:
        if agent_id not in self.agents:
            raise DistributionError("The agent is not in this worker any more.")
        return self.agents[agent_id]

    def _create(self, request: Create) -> None:
        runtime = self._runtime(request.settings)
        with isolated(runtime):
            kind, args, kwargs = unpack(request.blueprint, self.store)
            agent: AgentBase = kind(*args, **kwargs)
            if request.state is not None:
                agent.load_state_dict(request.state, strict=False)
        agent.set_console_output_enabled(False)
        if "pre_acting" in agent.supported_hook_types:
            agent.register_instance_hook("pre_acting", "distribution", _acting)
        self.agents[request.agent_id] = Hosted(agent, runtime, request.version)

    def _runtime(self, settings: Mapping[str, Any]) -> Runtime:
        key = json.dumps(settings, sort_keys=True, default=str)
        if key not in self._runtimes:
            with isolated():
                self._runtimes[key] = init(**settings)
        return self._runtimes[key]

    async def _invoke(self, hosted: Hosted, request: Invoke, work: _Work) -> Answer:
        with ExitStack() as entered:
            entered.enter_context(isolated(hosted.runtime))
            if request.meter:
                entered.enter_context(metered(_Meter(work, request.meter)))
            entered.enter_context(continued(request.trace))
            token = _WORK.set(work)
            entered.callback(_WORK.reset, token)
            try:
                target = _at(hosted.agent, request.path)
                value = target(*request.args, **request.kwargs)
                if inspect.isawaitable(value):
                    value = await value
            except asyncio.CancelledError:
                if request.changes:
                    work.caller.tell(work.number, self._state(hosted, Answer()))
                raise
            except Exception as error:  # the edge of this process: the caller raises it, with its cause
                answer = Answer(failure=describe(error, self.store))
            else:
                answer = Answer(value)
            return self._state(hosted, answer) if request.changes else answer

    def _state(self, hosted: Hosted, answer: Answer) -> Answer:
        try:
            state = hosted.agent.state_dict()
        except StateError as error:
            log.warning("The state of %s is not kept for a restart of its worker: %s", hosted.agent.name, error)
            return answer
        if hosted.agent.memory is not None and hosted.agent.memory.persistent:
            # It is still there after a restart, with what other processes have added since.
            state.pop("memory", None)
        hosted.version += 1
        return Answer(answer.value, answer.failure, state, hosted.version)


async def across(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop) -> T:
    """What `work` gives in another loop; cancelled, it is cancelled there and has ended when this raises."""
    here = asyncio.get_running_loop()
    done: asyncio.Future[T] = here.create_future()
    tasks: list[asyncio.Task[T]] = []

    def settle(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            done.cancel()
        elif (error := task.exception()) is not None:
            done.set_exception(error)
        else:
            done.set_result(task.result())

    def begin() -> None:
        tasks.append(loop.create_task(work))
        tasks[0].add_done_callback(lambda task: here.call_soon_threadsafe(settle, task))

    loop.call_soon_threadsafe(begin)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        if not done.done():
            loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            await asyncio.wait([done])
            done.cancelled() or done.exception()
        raise


def _acting(agent: AgentBase, arguments: Mapping[str, Any]) -> None:
    if (work := _WORK.get()) is not None:
        work.caller.tell(work.number, Acting())


def _adopt(request: Adopt) -> None:
    new = request.surroundings
    adopt_environment(new.variables)
    os.chdir(new.folder)
    sys.path[:] = [*new.path, *(entry for entry in sys.path if entry not in new.path)]


def _at(agent: AgentBase, path: str) -> Any:
    found: Any = agent
    for name in filter(None, path.split(".")):
        found = getattr(found, name)
    return found


def _shown(value: Any) -> Any:
    """A value that is data, or a mark that it is none."""
    try:
        encode(value)
    except (NotData, StateError):
        return Opaque(type(value).__name__, callable(value), inspect.iscoroutinefunction(value))
    return value
