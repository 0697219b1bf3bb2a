"""The notebook in which an agent keeps its plan: tools to make it, change it and finish it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from agents.exceptions import ToolError
from agents.message.msg import Msg
from agents.plan.hints import PlanHints
from agents.plan.plan import CLOSED, Plan, SubTask
from agents.plan.storage import InMemoryPlanStorage, PlanStorageBase
from agents.session.state import StateModule

PlanHook = Callable[["PlanNotebook", Plan | None], Any]
PLAN = "_plan"


class PlanNotebook(StateModule):
    """Holds one current plan and those that are over.

    Give it to a `ReActAgent`: its tools are offered, and the hint for the plan as it stands is told at every call of
    the model. `max_subtasks` limits a plan. The plans are part of the agent's state.
    """

    def __init__(
        self,
        max_subtasks: int | None = None,
        plan_to_hint: Callable[[Plan | None], str | None] | None = None,
        storage: PlanStorageBase | None = None,
    ) -> None:
        super().__init__()
        self.max_subtasks = max_subtasks
        self.storage = InMemoryPlanStorage() if storage is None else storage
        self._to_hint = PlanHints() if plan_to_hint is None else plan_to_hint
        self._plan: Plan | None = None
        self._hooks: dict[str, PlanHook] = {}
        self.register_state(
            PLAN,
            lambda plan: None if plan is None else plan.model_dump(mode="json"),
            lambda data: None if data is None else Plan.model_validate(data),
        )

    @property
    def current_plan(self) -> Plan | None:
        """The plan being worked on."""
        return self._plan

    def current_hint(self) -> str:
        """What the agent is told of its plan now; empty for nothing."""
        return self._to_hint(self._plan) or ""

    async def get_current_hint(self) -> Msg | None:
        """The same as a message."""
        hint = self.current_hint()
        return Msg("user", hint, "user") if hint else None

    def list_tools(self) -> list[Callable[..., Awaitable[str]]]:
        """The tools with which an agent keeps its plan."""
        return [
            self.create_plan,
            self.view_subtasks,
            self.revise_current_plan,
            self.update_subtask_state,
            self.finish_subtask,
            self.finish_plan,
            self.view_historical_plans,
            self.recover_historical_plan,
        ]

    def register_plan_change_hook(self, hook_name: str, hook: PlanHook) -> None:
        """Call `hook(notebook, plan)`, async or not, whenever the plan has changed."""
        self._hooks[hook_name] = hook

    def remove_plan_change_hook(self, hook_name: str) -> None:
        """Forget a hook; raises `ToolError` where there is none of that name."""
        if self._hooks.pop(hook_name, None) is None:
            raise ToolError(f"No hook is called {hook_name!r}.")

    async def create_plan(self, name: str, description: str, expected_outcome: str, subtasks: list[SubTask]) -> str:
        """Make a plan for a complex task. A plan that is being worked on is put away and replaced.

        Args:
            name: The plan in at most ten words.
            description: What is to be done, with its limits and what it aims at.
            expected_outcome: What is there when it is done, concrete enough to check.
            subtasks: The steps, in order.
        """
        self._allowed(len(subtasks))
        plan = Plan(name=name, description=description, expected_outcome=expected_outcome, subtasks=subtasks)
        before, self._plan = self._plan, plan
        told = f"The plan {name!r} is made."
        if before is not None:
            await self.storage.add_plan(before)
            told += f" It replaces {before.name!r}, which can be recovered under the id {before.id}."
        return await self._changed(told)

    async def view_subtasks(self, subtask_idx: list[int]) -> str:
        """Look at subtasks of the current plan in detail.

        Args:
            subtask_idx: Their numbers, from 0.
        """
        plan = self._current()
        return "\n\n".join(f"Subtask {at}:\n{self._subtask(plan, at).to_markdown(True)}" for at in subtask_idx)

    async def revise_current_plan(
        self, subtask_idx: int, action: Literal["add", "revise", "delete"], subtask: SubTask | None = None
    ) -> str:
        """Change the current plan: add a subtask, or revise or delete one.

        Args:
            subtask_idx: Its number, from 0; a new subtask is put in front of the one that has that number.
            action: What to do.
            subtask: The new or revised subtask.
        """
        plan = self._current()
        if action != "delete" and subtask is None:
            raise ToolError(f"To {action} a subtask, give it as `subtask`.")
        if action == "add" and subtask is not None:
            if not 0 <= subtask_idx <= len(plan.subtasks):
                raise ToolError(f"A subtask can be added at 0 to {len(plan.subtasks)}, not at {subtask_idx}.")
            self._allowed(len(plan.subtasks) + 1)
            plan.subtasks.insert(subtask_idx, subtask)
            return await self._changed(f"Subtask {subtask_idx} ({subtask.name}) is added.")
        before = self._subtask(plan, subtask_idx)
        if action == "revise" and subtask is not None:
            plan.subtasks[subtask_idx] = subtask
            return await self._changed(f"Subtask {subtask_idx} ({subtask.name}) is revised.")
        del plan.subtasks[subtask_idx]
        return await self._changed(f"Subtask {subtask_idx} ({before.name}) is deleted.")

    async def update_subtask_state(
        self, subtask_idx: int, state: Literal["todo", "in_progress", "abandoned"] = "in_progress"
    ) -> str:
        """Say how far a subtask is. One is in progress at a time, when those before it are over.

        Args:
            subtask_idx: Its number, from 0.
            state: How far it is; to finish it, call finish_subtask.
        """
        plan = self._current()
        task = self._subtask(plan, subtask_idx)
        if state == "in_progress":
            self._startable(plan, subtask_idx)
        task.state = state
        return await self._changed(f"Subtask {subtask_idx} ({task.name}) is {state}.")

    async def finish_subtask(self, subtask_idx: int, subtask_outcome: str) -> str:
        """Finish a subtask; the next one is begun.

        Args:
            subtask_idx: Its number, from 0.
            subtask_outcome: What came of it, concrete, not that it is done.
        """
        plan = self._current()
        task = self._subtask(plan, subtask_idx)
        self._startable(plan, subtask_idx)
        task.finish(subtask_outcome)
        told = f"Subtask {subtask_idx} ({task.name}) is done."
        following = subtask_idx + 1
        if following < len(plan.subtasks) and plan.subtasks[following].state == "todo":
            plan.subtasks[following].state = "in_progress"
            told += f" Subtask {following} ({plan.subtasks[following].name}) is in progress."
        return await self._changed(told)

    async def finish_plan(self, state: Literal["done", "abandoned"], outcome: str) -> str:
        """Finish the current plan, or give it up.

        Args:
            state: done, or abandoned.
            outcome: What came of it, or why it is given up.
        """
        plan = self._current()
        plan.finish(state, outcome)
        await self.storage.add_plan(plan)
        self._plan = None
        return await self._changed(f"The plan {plan.name!r} is {state}.")

    async def view_historical_plans(self) -> str:
        """Look at the plans that are over or were put away."""
        plans = await self.storage.get_plans()
        lines = [f"- {plan.name} (id {plan.id}, {plan.state}): {plan.outcome or plan.description}" for plan in plans]
        return "\n".join(lines) or "There are no plans yet."

    async def recover_historical_plan(self, plan_id: str) -> str:
        """Take up a plan that was put away; one that is being worked on is put away instead.

        Args:
            plan_id: Its id.
        """
        plan = await self.storage.get_plan(plan_id)
        if plan is None:
            raise ToolError(f"There is no plan with the id {plan_id!r}:", hint="see view_historical_plans.")
        if self._plan is not None and self._plan.id != plan.id:
            await self.storage.add_plan(self._plan)
        plan.state, plan.outcome, plan.finished_at = "todo", None, None
        self._plan = plan
        return await self._changed(f"The plan {plan.name!r} is taken up again.")

    def _current(self) -> Plan:
        if self._plan is None:
            raise ToolError("There is no plan:", hint="make one with create_plan.")
        return self._plan

    def _subtask(self, plan: Plan, index: int) -> SubTask:
        if not 0 <= index < len(plan.subtasks):
            raise ToolError(f"There is no subtask {index};", hint=f"they are 0 to {len(plan.subtasks) - 1}.")
        return plan.subtasks[index]

    def _allowed(self, count: int) -> None:
        if not count:
            raise ToolError("A plan needs a subtask.")
        if self.max_subtasks is not None and count > self.max_subtasks:
            raise ToolError(f"A plan has at most {self.max_subtasks} subtasks, not {count}.")

    def _startable(self, plan: Plan, index: int) -> None:
        """Raises `ToolError` where another subtask is in progress, or one before this is not over."""
        for at, task in enumerate(plan.subtasks):
            if at < index and task.state not in CLOSED:
                raise ToolError(f"Subtask {at} ({task.name}) comes first:", hint="finish it or abandon it.")
            if at != index and task.state == "in_progress":
                raise ToolError(f"Subtask {at} ({task.name}) is in progress:", hint="finish it or abandon it.")

    async def _changed(self, told: str) -> str:
        """What happened, told after every hook has been told of it."""
        if self._plan is not None:
            told = f"{told} {self._plan.refresh_plan_state()}".strip()
        for hook in tuple(self._hooks.values()):
            result = hook(self, self._plan)
            if inspect.isawaitable(result):
                await result
        return told
