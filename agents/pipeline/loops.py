"""Steps that run again on what they gave."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from agents.exceptions import LoopExhausted
from agents.pipeline.branches import asked
from agents.pipeline.flow import Emit, Flow
from agents.pipeline.pipeline import Body, Pipeline, checked_step
from agents.pipeline.sequential import as_step
from knowledge.errors import UsageError

MOST_ROUNDS = 1000


class ForLoopPipeline(Pipeline):
    """Runs the body `max_loop` times, or until `break_func` says of the messages that it is enough (it may be async).

    The body is a step, or a list of steps that run one after another.
    """

    def __init__(
        self,
        loop_body: Body,
        max_loop: int,
        break_func: Callable[[Any], Any] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self._body = as_step(loop_body, place="the loop")
        self._rounds = checked_rounds(max_loop)
        self._enough = None if break_func is None else checked_step(break_func, place="the condition to stop")

    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        for at in range(1, self._rounds + 1):
            flow = await self._step(self._body, flow, emit, place=f"round {at} of {self._rounds}")
            if self._enough is not None and await asked(self, self._enough, flow):
                break
        return flow


class WhileLoopPipeline(Pipeline):
    """Runs the body as long as the condition holds; it is asked before each round, and may be async.

    The condition takes the messages, or the number of rounds so far and the messages. After `max_loop` rounds
    `LoopExhausted` is raised. The body is a step, or a list of steps that run one after another.
    """

    def __init__(
        self,
        loop_body: Body,
        condition_func: Callable[..., Any],
        *,
        max_loop: int = MOST_ROUNDS,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self._body = as_step(loop_body, place="the loop")
        self._condition = checked_step(condition_func, place="the condition")
        self._counts = takes_two(condition_func)
        self._rounds = checked_rounds(max_loop)

    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        rounds = 0
        while await self._goes_on(rounds, flow):
            if rounds == self._rounds:
                raise LoopExhausted(
                    f"{self.name} still goes on after {rounds} rounds:", hint="mend its condition, or raise `max_loop`."
                )
            rounds += 1
            flow = await self._step(self._body, flow, emit, place=f"round {rounds}")
        return flow

    async def _goes_on(self, rounds: int, flow: Flow) -> Any:
        return await asked(self, self._condition, *((rounds, flow) if self._counts else (flow,)))


def checked_rounds(rounds: object) -> int:
    """The number of rounds; `UsageError` unless it is 0 or more."""
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0:
        raise UsageError(f"`max_loop` is the number of rounds, 0 or more, found {rounds!r}.")
    return rounds


def takes_two(function: Callable[..., Any]) -> bool:
    """Whether the function needs two positional arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len([item for item in parameters if item.kind in positional and item.default is item.empty]) == 2
