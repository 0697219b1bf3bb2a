"""A conversation without a model understands follow-ups, and with one passes on what was said."""

from __future__ import annotations

import pytest

from agents.answers.conversation import LONGEST_QUESTION, Conversation
from agents.answers.desk import TOOL
from agents.answers.scope import Scope
from agents.model.spec import ModelSpec, open_model
from agents.testing import ScriptedServer, failure, tool_call
from knowledge.errors import BankNotFound, ModelError, UsageError
from knowledge.library import Library
from tests.two_banks import STAFF, build

LEAVE = "How many days of annual leave do I have?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def test_a_follow_up_is_understood_and_said_to_be(library: Library) -> None:
    talk = Conversation(library)
    talk.ask(LEAVE)
    assert talk.understood == ""
    answer = talk.ask("And how many of them may be carried over?")
    assert "31 March" in answer.text
    assert answer.question == "And how many of them may be carried over?"
    assert "annual" in talk.understood
    assert [turn.question for turn in talk.turns] == [LEAVE, answer.question]


def test_another_topic_is_not_mixed_with_the_one_before(library: Library) -> None:
    talk = Conversation(library)
    talk.ask(LEAVE)
    answer = talk.ask("Is there a restocking fee for opened goods?")
    assert "12 dollars" in answer.text
    assert talk.understood == ""


def test_after_an_abstention_the_topic_stays(library: Library) -> None:
    talk = Conversation(library)
    talk.ask(LEAVE)
    assert talk.ask("Who painted the ceiling of the Sistine Chapel in the Vatican?").abstained
    assert not talk.ask("And how many of them may be carried over?").abstained


def test_who_asks_stays_the_same(library: Library) -> None:
    salary = "What does salary band seven pay?"
    assert "81,000" in Conversation(library, Scope(STAFF)).ask(salary).text
    customer = Conversation(library)
    assert "81,000" not in customer.ask(salary).text
    assert "81,000" not in str(customer.last)


@pytest.mark.parametrize("question", ["", "  \n", "why " * LONGEST_QUESTION])
def test_a_question_that_is_none_is_refused(library: Library, question: str) -> None:
    talk = Conversation(library)
    with pytest.raises(UsageError):
        talk.ask(question)
    assert talk.turns == []


def test_without_banks_it_says_so(tmp_path: object) -> None:
    with pytest.raises(BankNotFound):
        Conversation(Library(str(tmp_path))).ask(LEAVE)


def test_a_model_hears_what_was_said_and_a_failure_changes_nothing(library: Library) -> None:
    search, reply = tool_call(TOOL, query="annual leave"), "Every employee has 25 days of annual leave a year [1]."
    with ScriptedServer([search, reply, failure(500), search, reply]) as server:
        talk = Conversation(library, llm=open_model(ModelSpec("m", base_url=server.base_url, retries=0)))
        talk.ask(LEAVE)
        with pytest.raises(ModelError):
            talk.ask("Really?")
        assert len(talk.turns) == 1
        talk.ask("And in years with 366 days?")
        said = [message["content"] for message in server.requests[-2].messages[1:]]
    assert said == [LEAVE, "Every employee has 25 days of annual leave a year.", "And in years with 366 days?"]
