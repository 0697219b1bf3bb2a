"""What every pipeline is: something that takes messages, runs steps, and can be watched while it does."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from agents.access import may_hear
from agents.exceptions import AgentError
from agents.message.msg import Msg
from agents.pipeline.flow import Emit, Flow, Given, as_flow, ignore, messages_of
from agents.pipeline.relay import relayed
from agents.tracing.spans import span
from knowledge.errors import UsageError
from knowledge.types import Reader

# An agent, a pipeline, or a function, plain or async: whatever takes a message.
Step = Callable[[Any], Any]
# One step, or several that run one after another.
Body = Step | Sequence[Step]


class Pipeline(ABC):
    """Runs steps over messages. A pipeline is a step itself, so pipelines nest.

    A step that gives nothing passes on what it was given. An error that a step raises comes out as it is, with a note
    (`__notes__`) that says which step of which pipeline raised it. An agent is never given a message that rests on
    passages which it may not read (`AgentError`). Plain functions run on the event loop.
    """

    def __init__(self, *, name: str | None = None) -> None:
        self.name = name or type(self).__name__

    async def __call__(self, msg: Given = None) -> Any:
        """Run the steps; what the last of them gave, a `Msg`, a list of them, or None."""
        return await self.run(as_flow(msg), ignore)

    def stream(self, msg: Given = None) -> AsyncGenerator[Msg, None]:
        """Run the steps and give each message as its step finishes, those of nested pipelines too.

        An error comes after the messages before it. Whoever stops listening (`aclose`) stops the steps.
        """
        given = as_flow(msg)
        return relayed(lambda emit: self.run(given, emit))

    async def run(self, flow: Flow, emit: Emit) -> Flow:
        """As a step of another pipeline: `emit` hears every message as it comes."""
        with span("pipeline", self.name):
            return await self._run(flow, emit)

    @abstractmethod
    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        """Run the steps."""

    async def _step(self, step: Step, flow: Flow, emit: Emit, *, place: str) -> Flow:
        """Run one step; `place` says in words which one it is."""
        try:
            return await run_step(step, flow, emit)
        except Exception as error:
            error.add_note(f"in {place} ({name_of(step)}) of {self.name}")
            raise


async def run_step(step: Step, flow: Flow, emit: Emit) -> Flow:
    """What the step makes of the messages; what it was given where it makes nothing.

    Raises `AgentError` where the step is an agent that may not read what stands behind a message.
    """
    if isinstance(step, Pipeline):
        return await step.run(flow, emit)
    check_access(step, flow)
    made = as_flow(await settled(step(flow)), name=name_of(step))
    if made is None:
        return flow
    for msg in messages_of(made):
        emit(msg)
    return made


def check_access(step: Step, flow: Flow) -> None:
    """Access does not end at the next step: nobody is given what they may not read."""
    reader = getattr(step, "reader", None)
    if not isinstance(reader, Reader):
        return
    for msg in messages_of(flow):
        if not may_hear(reader, msg):
            raise AgentError(
                f"{name_of(step)} may not read what {msg.name} said:", hint="give it the `roles`, or leave it out."
            )


async def settled(value: Any) -> Any:
    """The value itself, or what it becomes when it is awaited."""
    return await value if inspect.isawaitable(value) else value


def name_of(step: object) -> str:
    """What to call a step: its own name, its function's, or its type's."""
    name = getattr(step, "name", None) or getattr(step, "__name__", None)
    return name if isinstance(name, str) else type(step).__name__


def checked_step(step: object, *, place: str) -> Step:
    """The step itself; `UsageError` unless it can be called with a message."""
    if isinstance(step, type) or not callable(step):
        kind = f"the class {step.__name__}" if isinstance(step, type) else type(step).__name__
        raise UsageError(f"{place[:1].upper()}{place[1:]} is {kind}:", hint="write an agent, a pipeline or a function.")
    return step


def checked_steps(steps: object) -> tuple[Step, ...]:
    """The steps, in order; `UsageError` names the one that is none."""
    if isinstance(steps, str | Mapping) or not isinstance(steps, Sequence):
        raise UsageError(f"Steps are a list of agents, found {type(steps).__name__}.")
    return tuple(checked_step(step, place=f"step {at}") for at, step in enumerate(steps, start=1))
