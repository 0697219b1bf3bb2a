"""The same messages to several steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from agents.message.msg import Msg
from agents.pipeline.flow import Emit, Flow, copy_of, messages_of
from agents.pipeline.pipeline import Pipeline, Step, checked_steps, name_of


class FanoutPipeline(Pipeline):
    """Every step gets its own copy of the messages; the result is a list of what each gave, in the order of the steps.

    With `enable_gather` they work at the same time, else one after another. When one fails, the others are stopped and
    its error is raised. `arguments` are given to each step by keyword, beside the messages.
    """

    def __init__(
        self,
        agents: Sequence[Step],
        enable_gather: bool = True,
        *,
        name: str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name=name)
        self.agents = checked_steps(agents)
        self.enable_gather = enable_gather
        self._arguments = dict(arguments or {})

    async def _run(self, flow: Flow, emit: Emit) -> list[Msg]:
        given = [copy_of(flow) for _ in self.agents]
        if self.enable_gather:
            made = await self._together(given, emit)
        else:
            made = [await self._at(at, given[at], emit) for at in range(len(given))]
        return [msg for part in made for msg in messages_of(part)]

    async def _together(self, given: Sequence[Flow], emit: Emit) -> list[Flow]:
        tasks = [asyncio.ensure_future(self._at(at, flow, emit)) for at, flow in enumerate(given)]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            # Nothing of a failed fan-out goes on behind its caller's back.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _at(self, at: int, flow: Flow, emit: Emit) -> Flow:
        step = self.agents[at]
        return await self._step(self._called(step), flow, emit, place=f"branch {at + 1} of {len(self.agents)}")

    def _called(self, step: Step) -> Step:
        if not self._arguments or isinstance(step, Pipeline):
            return step

        def call(flow: Flow) -> Any:
            return step(flow, **self._arguments)

        call.__name__ = name_of(step)
        call.reader = getattr(step, "reader", None)  # type: ignore[attr-defined]  # a function takes attributes
        return call
