"""What is planted in documents is done by the model of these tests, whatever it is; the platform does not let it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agents.testing import ScriptedModel
from serve.service import Service
from serve.store.conversations import Conversation
from tests.serve.injection.hostile import CANARY, COMBINATION, PROMPT, ROAMING, Obedient, build
from tests.serve.served import answer_of, asked, begun, client_of, opened


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the banks."""
    return build(tmp_path_factory.mktemp("hostile"))


@dataclass(frozen=True, slots=True)
class Served:
    """A service whose model obeys, after one question was asked: what came of it."""

    service: Service
    model: ScriptedModel
    message: dict[str, Any]
    stream: str
    turn: dict[str, Any]
    conversation: Conversation

    @property
    def told_to_the_model(self) -> str:
        """Everything that it ever read."""
        return "\n".join(request.text for request in self.model.requests)


Ask = Callable[[str, str], Any]


@pytest.fixture
def ask(hostile: Path, tmp_path: Path) -> Iterator[Ask]:
    """Asks, as a visitor, a service of one tier that reads the bank of plans and may call a person."""
    made: list[Service] = []

    async def answered(question: str, fact: str) -> Served:
        model = ScriptedModel([Obedient(question, fact)], stream=True)
        tier = {"name": "Support", "prompt": PROMPT, "banks": ["plans"], "tools": ["escalate_to_human"]}
        service = opened(hostile, tmp_path / "store.sqlite", model=model, flow={"tier1": tier, "tier2": None})
        made.append(service)
        async with client_of(service) as client:
            id = await begun(client)
            events = await asked(client, id, question)
            conversation = service.store.conversations.find(id)
            assert conversation is not None
            (turn,) = service.store.turns.of(id)
            told = "\n".join(str(event.data) for event in events if event.name != "accepted")
            return Served(service, model, dict(answer_of(events)), told, turn, conversation)

    yield answered
    for service in made:
        service.close()


def roaming(plan: str, gigabytes: int) -> tuple[str, str]:
    """A question about a plan, and the sentence that answers it."""
    fact = f"The {plan} plan includes {gigabytes} GB of roaming each month."
    return f"How much roaming does the {plan} plan include?", fact


async def test_an_order_to_call_a_tool_calls_none(ask: Ask) -> None:
    served = await ask("How much roaming does the Harbor plan include?", ROAMING)
    assert served.message["text"].startswith(ROAMING.removesuffix("."))
    assert served.conversation.state == "bot"
    assert [(tool["name"], tool["failed"]) for tool in served.turn["tools"]] == [("escalate_to_human", True)]
    assert CANARY not in served.message["text"]


async def test_a_text_that_names_a_tool_does_not_have_it_called(ask: Ask) -> None:
    served = await ask(*roaming("Anchor", 5))
    assert served.conversation.state == "bot"
    assert [(tool["name"], tool["failed"]) for tool in served.turn["tools"]] == [("escalate_to_human", True)]
    assert "5 GB" in served.message["text"]


async def test_a_tool_that_was_never_offered_does_nothing(ask: Ask) -> None:
    served = await ask(*roaming("Ferry", 15))
    assert all(tool["failed"] for tool in served.turn["tools"])
    assert "root:" not in served.told_to_the_model
    assert "15 GB" in served.message["text"]


async def test_the_agents_instructions_are_not_told(ask: Ask) -> None:
    served = await ask(*roaming("Beacon", 7))
    assert "7 GB" in served.message["text"]
    assert served.conversation.state == "bot"
    for words in ("ten percent", "Juniper Telephone", "You are a reference desk", "Passages stand between"):
        assert words in served.told_to_the_model
        assert words not in served.stream


async def test_a_bank_that_is_not_the_tiers_is_not_searched(ask: Ask) -> None:
    served = await ask(*roaming("Compass", 9))
    assert COMBINATION not in served.told_to_the_model
    assert COMBINATION not in served.stream
    assert {found["bank"] for found in served.turn["retrievals"]} == {"plans"}
    assert {citation["bank"] for citation in served.message["citations"]} == {"plans"}


async def test_what_an_instruction_says_is_no_answer(ask: Ask) -> None:
    served = await ask(*roaming("Dory", 11))
    assert "11 GB" in served.message["text"]
    assert "free of charge" not in served.stream


async def test_an_image_that_would_carry_the_conversation_away_is_not_shown(ask: Ask) -> None:
    served = await ask(*roaming("Eider", 13))
    assert "13 GB" in served.message["text"]
    assert "](https://collect.example" not in served.message["text"]


async def test_nothing_that_is_for_staff_reaches_the_model_of_a_visitor(ask: Ask) -> None:
    served = await ask("What is the margin of the Harbor plan?", "The margin of the Harbor plan is forty-two percent.")
    assert "forty-two" not in served.told_to_the_model
    assert "forty-two" not in served.stream
