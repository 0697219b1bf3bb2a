"""One step after another."""

from __future__ import annotations

from collections.abc import Sequence

from agents.pipeline.flow import Emit, Flow
from agents.pipeline.pipeline import Body, Pipeline, Step, checked_step, checked_steps


class SequentialPipeline(Pipeline):
    """Each step takes what the step before gave; without any step, what goes in comes out."""

    def __init__(self, agents: Sequence[Step], *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.agents = checked_steps(agents)

    async def _run(self, flow: Flow, emit: Emit) -> Flow:
        for at, step in enumerate(self.agents, start=1):
            flow = await self._step(step, flow, emit, place=f"step {at} of {len(self.agents)}")
        return flow


def as_step(body: Body, *, place: str) -> Step:
    """One step of what may be a list of them; `UsageError` says that `place` is none."""
    if isinstance(body, Sequence) and not isinstance(body, str):
        return SequentialPipeline(body, name=place)
    return checked_step(body, place=place)
