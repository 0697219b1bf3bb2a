"""What models write when they reason in text is read, as far as it can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.agent.react.types import ActionReasoningStep, ResponseReasoningStep

from agents.agent.react_format import TolerantReActParser, tidied

SEARCH = 'Action: search\nAction Input: {"query": "leave"}'


@pytest.mark.parametrize(
    "output",
    [
        f"Thought: I search.\n{SEARCH}",
        SEARCH,
        f"I will search.\n{SEARCH}",
        "Thought: I search.\nAction: search\nAction Input: leave",
        'Thought: I search.\nAction: search\nAction Input: "leave"',
        f"Thought: I search.\n{SEARCH}\nObservation: made up\nThought: Done.\nAnswer: 99",
    ],
)
def test_a_search_is_understood(output: str) -> None:
    step = TolerantReActParser().parse(output)
    assert isinstance(step, ActionReasoningStep)
    assert step.action == "search"
    assert step.action_input == {"query": "leave"}


@pytest.mark.parametrize("output", ["Thought: Done.\nAnswer: 25 days.", "Answer: 25 days.", "25 days."])
def test_an_answer_is_understood(output: str) -> None:
    step = TolerantReActParser().parse(output)
    assert isinstance(step, ResponseReasoningStep)
    assert step.response == "25 days."


@given(st.text(max_size=60))
def test_an_answer_in_the_right_format_is_left_as_it_is(answer: str) -> None:
    written = f"Thought: Done.\nAnswer: {answer}"
    if "Observation:" not in answer and "Action Input:" not in answer:
        assert tidied(written) == written
