"""A plan: an aim, its subtasks in order, and how far each is."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from agents.message.msg import new_id, now

TaskState = Literal["todo", "in_progress", "done", "abandoned"]
CLOSED = frozenset({"done", "abandoned"})
BOXES = {"todo": "- [ ]", "in_progress": "- [ ] [WIP]", "done": "- [x]", "abandoned": "- [ ] [Abandoned]"}


class SubTask(BaseModel):
    """One step of a plan."""

    name: str = Field(min_length=1, description="The subtask in at most ten words.")
    description: str = Field(description="What is to be done, with its limits and what it aims at.")
    expected_outcome: str = Field(description="What is there when it is done, concrete enough to check.")
    outcome: str | None = Field(default=None, description="What came of it; leave it out.")
    state: TaskState = Field(default="todo", description="How far it is; leave it out.")
    created_at: str = Field(default_factory=now, description="Leave it out.")
    finished_at: str | None = Field(default=None, description="Leave it out.")

    def finish(self, outcome: str) -> None:
        """It is done, with this outcome."""
        self.state, self.outcome, self.finished_at = "done", outcome, now()

    def to_oneline_markdown(self) -> str:
        """Name and state."""
        return f"{BOXES[self.state]} {self.name}"

    def to_markdown(self, detailed: bool = False) -> str:
        """Name and state; when detailed, everything else too."""
        if not detailed:
            return self.to_oneline_markdown()
        lines = [
            self.to_oneline_markdown(),
            f"\t- Created At: {self.created_at}",
            f"\t- Description: {self.description}",
            f"\t- Expected Outcome: {self.expected_outcome}",
            f"\t- State: {self.state}",
        ]
        if self.state == "done":
            lines += [f"\t- Finished At: {self.finished_at}", f"\t- Actual Outcome: {self.outcome}"]
        return "\n".join(lines)


class Plan(BaseModel):
    """An aim and the subtasks that lead to it."""

    id: str = Field(default_factory=new_id)
    name: str = Field(min_length=1)
    description: str
    expected_outcome: str
    subtasks: list[SubTask]
    created_at: str = Field(default_factory=now)
    state: TaskState = "todo"
    finished_at: str | None = None
    outcome: str | None = None

    def refresh_plan_state(self) -> str:
        """Bring the plan's state in line with its subtasks; gives a sentence where it changed."""
        if self.state in CLOSED:
            return ""
        begun = any(task.state != "todo" for task in self.subtasks)
        state: TaskState = "in_progress" if begun else "todo"
        if state == self.state:
            return ""
        self.state = state
        return f"The plan is now {state}."

    def finish(self, state: Literal["done", "abandoned"], outcome: str) -> None:
        """It is over, one way or the other."""
        self.state, self.outcome, self.finished_at = state, outcome, now()

    def to_markdown(self, detailed: bool = False) -> str:
        """The plan and its subtasks."""
        return "\n".join(
            [
                f"# {self.name}",
                f"**Description**: {self.description}",
                f"**Expected Outcome**: {self.expected_outcome}",
                f"**State**: {self.state}",
                f"**Created At**: {self.created_at}",
                "## Subtasks",
                *(task.to_markdown(detailed) for task in self.subtasks),
            ]
        )
