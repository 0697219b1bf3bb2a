"""An agent keeps a plan: makes it, changes it, finishes it, and is told where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.agent import ReActAgent
from agents.exceptions import ToolError
from agents.plan import Plan, PlanNotebook, SubTask
from agents.testing import ScriptedModel, tool_call


def subtask(name: str) -> SubTask:
    return SubTask(name=name, description=f"Do {name}", expected_outcome=f"{name} is done")


async def notebook(*names: str, **options: Any) -> PlanNotebook:
    made = PlanNotebook(**options)
    await made.create_plan("Report", "Write a report", "A report", [subtask(name) for name in names])
    return made


def states(book: PlanNotebook) -> list[str]:
    assert book.current_plan is not None
    return [task.state for task in book.current_plan.subtasks]


async def test_a_plan_goes_from_its_first_subtask_to_its_end() -> None:
    book = await notebook("read", "write")
    assert "first subtask" in book.current_hint()
    assert "in_progress" in await book.update_subtask_state(0)
    assert book.current_plan is not None
    assert book.current_plan.state == "in_progress"
    assert "Subtask 0 (read) is in progress" in book.current_hint()
    assert "Subtask 1 (write) is in progress" in await book.finish_subtask(0, "Ten pages read")
    assert states(book) == ["done", "in_progress"]
    await book.finish_subtask(1, "Written")
    assert "finish_plan" in book.current_hint()
    assert "done" in await book.finish_plan("done", "The report")
    assert book.current_plan is None
    assert "create_plan" in book.current_hint()
    assert "The report" in await book.view_historical_plans()


async def test_a_plan_is_revised() -> None:
    book = await notebook("read", "write", max_subtasks=3)
    await book.revise_current_plan(1, "add", subtask("think"))
    await book.revise_current_plan(0, "revise", subtask("skim"))
    await book.revise_current_plan(2, "delete")
    assert book.current_plan is not None
    assert [task.name for task in book.current_plan.subtasks] == ["skim", "think"]
    assert "Do think" in await book.view_subtasks([1])


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda book: book.update_subtask_state(1), "Subtask 0 \\(read\\) comes first"),
        (lambda book: book.finish_subtask(2, "x"), "There is no subtask 2; they are 0 to 1."),
        (lambda book: book.revise_current_plan(0, "add"), "give it as `subtask`"),
        (lambda book: book.revise_current_plan(9, "add", subtask("x")), "can be added at 0 to 2, not at 9"),
        (lambda book: book.create_plan("x", "x", "x", []), "needs a subtask"),
        (lambda book: book.create_plan("x", "x", "x", [subtask("x")] * 3), "at most 2 subtasks, not 3"),
        (lambda book: book.recover_historical_plan("nope"), "no plan with the id 'nope'"),
    ],
)
async def test_what_cannot_be_done_is_said_and_changes_nothing(action: Any, sentence: str) -> None:
    book = await notebook("read", "write", max_subtasks=2)
    before = book.state_dict()
    with pytest.raises(ToolError, match=sentence):
        await action(book)
    assert book.state_dict() == before


async def test_one_subtask_is_in_progress_at_a_time() -> None:
    book = await notebook("read", "write", "send")
    await book.update_subtask_state(0)
    await book.update_subtask_state(0, "abandoned")
    await book.update_subtask_state(1)
    with pytest.raises(ToolError, match="Subtask 1 \\(write\\) comes first"):
        await book.update_subtask_state(2)


async def test_without_a_plan_the_tools_say_so() -> None:
    with pytest.raises(ToolError, match="make one with create_plan"):
        await PlanNotebook().finish_plan("done", "x")


async def test_a_plan_that_was_put_away_is_taken_up_again() -> None:
    book = await notebook("read")
    first = book.current_plan
    assert first is not None
    await book.create_plan("Other", "x", "x", [subtask("other")])
    await book.recover_historical_plan(first.id)
    assert book.current_plan == first
    assert {plan.name for plan in await book.storage.get_plans()} == {"Report", "Other"}


async def test_plans_are_saved_with_the_agent() -> None:
    agent = ReActAgent("bot", plan_notebook=await notebook("read", "write"))
    assert agent.plan_notebook is not None
    await agent.plan_notebook.update_subtask_state(0)
    saved = json.loads(json.dumps(agent.state_dict()))
    other = ReActAgent("bot", plan_notebook=PlanNotebook())
    other.load_state_dict(saved)
    assert other.plan_notebook is not None
    assert other.plan_notebook.current_plan == agent.plan_notebook.current_plan


async def test_hooks_hear_of_every_change() -> None:
    heard: list[str | None] = []
    book = PlanNotebook()

    async def note(book: PlanNotebook, plan: Plan | None) -> None:
        heard.append(plan.state if plan else None)

    book.register_plan_change_hook("note", note)
    await book.create_plan("Report", "x", "x", [subtask("read")])
    await book.update_subtask_state(0)
    await book.finish_plan("abandoned", "no time")
    book.remove_plan_change_hook("note")
    with pytest.raises(ToolError):
        book.remove_plan_change_hook("note")
    assert heard == ["todo", "in_progress", None]


async def test_an_agent_plans_with_its_tools_and_is_told_where_it_stands() -> None:
    planned = tool_call(
        "create_plan",
        name="Report",
        description="Write it",
        expected_outcome="A report",
        subtasks=[{"name": "read", "description": "Read", "expected_outcome": "Read"}],
    )
    model = ScriptedModel(
        [
            planned,
            tool_call("update_subtask_state", subtask_idx=0),
            tool_call("finish_subtask", subtask_idx=0, subtask_outcome="All read"),
            tool_call("finish_plan", state="done", outcome="The report"),
            "Here is the report.",
        ]
    )
    agent = ReActAgent("bot", "Be thorough.", model, plan_notebook=PlanNotebook())
    assert (await agent("Write a report")).text == "Here is the report."
    prompts = [str(request.messages[0].content) for request in model.requests]
    assert prompts[0].startswith("Be thorough.")
    assert "call create_plan first" in prompts[0]
    assert "first subtask" in prompts[1]
    assert "Subtask 0 (read) is in progress" in prompts[2]
    assert "All subtasks are over" in prompts[3]
    assert "The plan 'Report' is done." in model.requests[4].last


def test_a_plan_reads_as_markdown() -> None:
    plan = Plan(name="Report", description="x", expected_outcome="y", subtasks=[subtask("read")])
    plan.subtasks[0].finish("All read")
    assert "- [x] read" in plan.to_markdown()
    assert "Actual Outcome: All read" in plan.to_markdown(detailed=True)
