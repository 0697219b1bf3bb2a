"""Hubs and pipelines of the agents that people use."""

from __future__ import annotations

import asyncio

from agents.agent import DialogAgent, ReActAgent
from agents.message import Msg
from agents.pipeline import MsgHub, SequentialPipeline, fanout_pipeline, sequential_pipeline, stream_printing_messages
from agents.testing import ScriptedModel
from tests.agents.pipeline.speakers import remembered


def dialog(name: str, *words: str) -> DialogAgent:
    return DialogAgent(name=name, model=ScriptedModel([*words] or [f"{name} speaks"]))


def asked(agent: DialogAgent | ReActAgent) -> list[str]:
    """What the model was shown in the last call, a message each."""
    model = agent.model
    assert isinstance(model, ScriptedModel)
    return [str(message.content) for message in model.requests[-1].messages]


async def test_a_model_is_shown_what_came_by_hub_and_by_pipeline_once() -> None:
    team = [dialog("Ann"), dialog("Bob"), dialog("Cem")]
    async with MsgHub(team):
        reply = await sequential_pipeline(team, Msg("user", "the task"))
    assert reply.text == "Cem speaks"
    shown = "\n".join(asked(team[2]))
    assert shown.count("Ann speaks") == shown.count("Bob speaks") == 1
    assert remembered(team[2]).count("Bob speaks") == 1
    assert remembered(team[0]) == ["the task", "Ann speaks", "Bob speaks", "Cem speaks"]


async def test_without_a_message_each_of_a_group_still_speaks() -> None:
    team = [dialog("Ann"), dialog("Bob"), dialog("Cem")]
    async with MsgHub(participants=team, announcement=Msg("host", "introduce yourselves")):
        result = await sequential_pipeline(team)
    assert result.name == "Cem"
    for one in team:
        assert [text for text in remembered(one) if text.endswith("speaks")] == [
            "Ann speaks",
            "Bob speaks",
            "Cem speaks",
        ]


async def test_what_is_heard_reaches_a_model_as_said_by_others() -> None:
    ann, bob = dialog("Ann"), dialog("Bob")
    async with MsgHub([ann, bob]) as hub:
        await hub.broadcast(Msg("coordinator", "Analyze market trends"))
        await ann()
        await bob()
    assert isinstance(bob.model, ScriptedModel)
    roles = [(message.role.value, str(message.content)) for message in bob.model.requests[-1].messages]
    assert [role for role, text in roles if "Analyze" in text or "Ann speaks" in text] == ["user", "user"]


async def test_a_plan_that_is_broadcast_again_is_in_no_memory_twice() -> None:
    ann, bob = dialog("Ann", "the plan"), dialog("Bob")
    async with MsgHub([ann, bob]) as hub:
        plan = await ann(Msg("user", "make a plan"))
        await hub.broadcast(plan)
    assert remembered(ann).count("the plan") == remembered(bob).count("the plan") == 1


async def test_agents_of_a_hub_may_work_at_the_same_time() -> None:
    team = [DialogAgent(name=f"agent {at}", model=ScriptedModel([f"answer {at}"], delay=0.05)) for at in range(10)]
    async with MsgHub(team):
        await asyncio.wait_for(asyncio.gather(*(one("go") for one in team)), 5)
    for one in team:
        assert sorted(text for text in remembered(one) if text != "go") == sorted(f"answer {at}" for at in range(10))


async def test_agents_in_workers_hear_and_are_heard() -> None:
    ann = dialog("Ann")
    bob = DialogAgent(name="Bob", model=ScriptedModel(["Bob speaks"]), to_dist=True)
    async with MsgHub([ann, bob]):
        reply = await sequential_pipeline([ann, bob], Msg("user", "the task"))
    assert reply.text == "Bob speaks"
    assert remembered(ann)[-1] == "Bob speaks"
    assert remembered(bob) == ["Ann speaks", "Bob speaks"]


async def test_a_fan_out_of_agents_gives_the_answer_of_each() -> None:
    made = await fanout_pipeline([dialog("Ann"), dialog("Bob")], Msg("user", "what do you think?"))
    assert [msg.name for msg in made] == ["Ann", "Bob"]


async def test_the_words_of_a_team_can_be_watched_as_they_come() -> None:
    team = [
        DialogAgent(
            name=name, model=ScriptedModel([f"{name} says a few more words than fit in one piece"], stream=True)
        )
        for name in ("Ann", "Bob")
    ]
    for one in team:
        one.disable_console_output()
    seen = [
        (msg.name, msg.text, last) async for msg, last in stream_printing_messages(team, SequentialPipeline(team)("go"))
    ]
    for name in ("Ann", "Bob"):
        own = [(text, last) for speaker, text, last in seen if speaker == name]
        assert len(own) > 2
        assert own[-1] == (f"{name} says a few more words than fit in one piece", True)
        assert all(own[-1][0].startswith(text) for text, _ in own)
