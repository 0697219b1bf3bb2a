"""Which step comes next depends on the message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agents.pipeline.flow import Emit, Flow
from agents.pipeline.pipeline import Body, Pipeline, Step, checked_step, settled
from agents.pipeline.sequential import as_step
from knowledge.errors import UsageError

Question = Callable[[Any], Any]


class IfElsePipeline(Pipeline):
    """`if_body` where the condition holds for the messages, else `else_body`; without one they pass through.

    The condition may be async. A body is a step, or a list of steps that run one after another.
    """

    def __init__(
        self, condition_func: Question, if_body: Body, else_body: Body | None = None, *, name: str | None = None
    ) -> None:
        super().__init__(name=name)
        self._condition = checked_step(condition_func, place="the condition")
        self._if = as_step(if_body, place="the if branch")
        self._else = None if else_body is None else as_step(else_body, place="the else branch")

    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        if await asked(self, self._condition, flow):
            return await self._step(self._if, flow, emit, place="the if branch")
        return flow if self._else is None else await self._step(self._else, flow, emit, place="the else branch")


class SwitchPipeline(Pipeline):
    """The case whose key the condition gives for the messages, else `default_operators`; without it they pass through.

    The condition may be async. A case is a step, or a list of steps that run one after another.
    """

    def __init__(
        self,
        condition_func: Question,
        case_operators: Mapping[Any, Body],
        default_operators: Body | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not isinstance(case_operators, Mapping):
            raise UsageError(f"Cases are a mapping from key to step, found {type(case_operators).__name__}.")
        self._condition = checked_step(condition_func, place="the condition")
        self._cases = {key: as_step(body, place=f"case {key!r}") for key, body in case_operators.items()}
        self._default = None if default_operators is None else as_step(default_operators, place="the default case")

    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        step, place = self._chosen(await asked(self, self._condition, flow))
        return flow if step is None else await self._step(step, flow, emit, place=place)

    def _chosen(self, key: object) -> tuple[Step | None, str]:
        try:
            if key in self._cases:
                return self._cases[key], f"case {key!r}"
        except TypeError as error:
            raise UsageError(
                f"The condition of {self.name} gave a {type(key).__name__}, which cannot be a key:",
                hint="return a text or a number.",
            ) from error
        return self._default, "the default case"


async def asked(pipeline: Pipeline, question: Question, *about: object) -> Any:
    """What the user's function says about the messages; an error in it names the pipeline."""
    try:
        return await settled(question(*about))
    except Exception as error:
        error.add_note(f"in the condition of {pipeline.name}")
        raise
