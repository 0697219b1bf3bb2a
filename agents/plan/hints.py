"""What an agent is told of its plan at each call of its model: where it stands, and what it does next."""

from __future__ import annotations

from dataclasses import dataclass

from agents.plan.plan import CLOSED, Plan, SubTask

PREFIX = "<plan-hint>"
SUFFIX = "</plan-hint>"


@dataclass(frozen=True, slots=True)
class PlanHints:
    """The words of the hints, each with the places that are filled in; replace those you want otherwise."""

    no_plan: str = (
        "When the task is complex, such as a programme, research or anything of several steps, call create_plan first. "
        "Otherwise do it without a plan."
    )
    at_the_beginning: str = (
        "The current plan:\n{plan}\nDo this now: mark the first subtask as in_progress with "
        "update_subtask_state(subtask_idx=0) and begin; or, when the user asked for something else, change the plan "
        "with revise_current_plan or end it with finish_plan."
    )
    in_progress: str = (
        "The current plan:\n{plan}\nSubtask {index} ({name}) is in progress:\n{subtask}\nGo on with it. When its "
        "outcome is reached call finish_subtask with what came of it; ask the user when you need to know more; change "
        "the plan with revise_current_plan when it no longer fits."
    )
    between: str = (
        "The current plan:\n{plan}\n{done} of its subtasks are over, none is in progress. Mark the next one, subtask "
        "{index}, as in_progress with update_subtask_state, or change the plan with revise_current_plan."
    )
    at_the_end: str = (
        "The current plan:\n{plan}\nAll subtasks are over. Call finish_plan with what came of it, and tell the user."
    )

    def __call__(self, plan: Plan | None) -> str:
        """The hint for a plan as it stands."""
        return f"{PREFIX}{self._words(plan)}{SUFFIX}"

    def _words(self, plan: Plan | None) -> str:
        if plan is None:
            return self.no_plan
        text = plan.to_markdown()
        running = _first(plan, "in_progress")
        if running is not None:
            index, task = running
            return self.in_progress.format(plan=text, index=index, name=task.name, subtask=task.to_markdown(True))
        following = _first(plan, "todo")
        if following is None:
            return self.at_the_end.format(plan=text)
        over = sum(task.state in CLOSED for task in plan.subtasks)
        if not over:
            return self.at_the_beginning.format(plan=text)
        return self.between.format(plan=text, done=over, index=following[0])


def _first(plan: Plan, state: str) -> tuple[int, SubTask] | None:
    return next(((at, task) for at, task in enumerate(plan.subtasks) if task.state == state), None)
