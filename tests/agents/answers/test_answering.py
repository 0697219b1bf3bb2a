"""A model answers from the banks: it searches as the reader, and only what passages support is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from agents.answers.answering import answer_with_model
from agents.answers.desk import SEARCHES, TOOL
from agents.answers.turns import Turn
from agents.model.spec import ModelSpec, open_model
from agents.testing import Reply, Request, ScriptedServer, Step, ToolCall, failure, tool_call
from knowledge.errors import BankNotFound, ModelError, UsageError
from knowledge.library import Library
from knowledge.types import ANYONE, Answer, Reader
from tests.two_banks import PLANTED, STAFF, build

LEAVE = "How many days of annual leave do I have?"
SALARY = "What does salary band seven pay?"
SUPPORTED = "Every employee has 25 days of annual leave a year [1]."
UNANSWERED = "The documents do not answer this question."
SEARCH = tool_call(TOOL, query="annual leave days")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return build(tmp_path_factory.mktemp("library"))


def ask(
    library: Library,
    script: Sequence[Step],
    question: str = LEAVE,
    *,
    reader: Reader = ANYONE,
    banks: Sequence[str] | None = None,
    history: Sequence[Turn] = (),
    function_calling: bool = True,
) -> tuple[Answer, list[Request]]:
    with ScriptedServer(script) as server:
        spec = ModelSpec("scripted", base_url=server.base_url, retries=0, function_calling=function_calling, timeout=5)
        asking = answer_with_model(question, library, llm=open_model(spec), reader=reader, banks=banks, history=history)
        answer = asyncio.run(asking)
        assert answer.host == server.host
        return answer, server.requests


def test_the_agent_searches_and_its_answer_is_cited(library: Library) -> None:
    answer, requests = ask(library, [SEARCH, SUPPORTED])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert answer.model == "scripted"
    assert not answer.abstained
    [citation] = answer.citations
    assert citation.quote == "Every employee has 25 days of annual leave a year."
    assert library.bank("hr").document(citation.document_id).text[citation.start : citation.end] == citation.quote
    assert requests[0].tools == [TOOL]
    assert "25 days" not in requests[0].text
    assert "25 days" in requests[1].text
    assert len(requests) == 2


def test_a_sentence_that_no_passage_supports_is_dropped_and_reported(library: Library) -> None:
    answer, _ = ask(library, [SEARCH, f"{SUPPORTED} Sabbaticals last six months [1]."])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert answer.dropped == ("Sabbaticals last six months.",)


def test_a_wrong_figure_is_dropped(library: Library) -> None:
    answer, _ = ask(library, [SEARCH, "Every employee has 35 days of annual leave a year [1]."])
    assert answer.abstained
    assert answer.dropped == ("Every employee has 35 days of annual leave a year.",)


def test_nothing_left_is_an_abstention_that_names_what_was_closest(library: Library) -> None:
    answer, _ = ask(library, [SEARCH, "The moon is made of cheese."])
    assert answer.abstained
    assert answer.text == UNANSWERED
    assert answer.sentences == ()
    assert answer.closest[0].title == "Annual leave"


def test_a_model_may_abstain(library: Library) -> None:
    answer, requests = ask(library, [SEARCH, UNANSWERED])
    assert answer.abstained
    assert answer.dropped == ()
    assert len(requests) == 2


def test_marks_are_renumbered_in_order_of_appearance(library: Library) -> None:
    reply = (
        "Up to 5 unused days may be carried over until 31 March [2]. Every employee has 25 days of annual leave [1]."
    )
    answer, _ = ask(library, [SEARCH, reply])
    assert answer.text == (
        "Up to 5 unused days may be carried over until 31 March. [1] Every employee has 25 days of annual leave. [2]"
    )
    assert [citation.headings for citation in answer.citations] == [("Carrying over",), ("Entitlement",)]


@pytest.mark.parametrize(
    "reply",
    [
        "Every employee has 25 days of annual leave a year.",
        "Every employee has 25 days of annual leave a year [9].",
        "Every employee has 25 days of annual leave a year. [1]",
        "Every employee has 25 days of annual leave a year 【1】.",
        "Every employee has 25 days of annual leave a year [2, 1].",
    ],
)
def test_a_missing_wrong_or_late_mark_still_finds_its_passage(library: Library, reply: str) -> None:
    answer, _ = ask(library, [SEARCH, reply])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert answer.citations[0].headings == ("Entitlement",)


def test_a_list_stays_a_list(library: Library) -> None:
    reply = "- Every employee has 25 days of annual leave a year [1].\n- Up to 5 unused days may be carried over [2]."
    answer, _ = ask(library, [SEARCH, reply])
    assert answer.text.splitlines() == [
        "- Every employee has 25 days of annual leave a year. [1]",
        "- Up to 5 unused days may be carried over. [2]",
    ]


def test_an_answer_without_a_search_is_held_to_a_search_for_the_question(library: Library) -> None:
    answer, requests = ask(library, [SUPPORTED])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert len(requests) == 1


def test_a_model_that_did_not_search_is_asked_again_with_the_passages(library: Library) -> None:
    answer, requests = ask(library, ["You have 40 days, as everyone knows.", SUPPORTED])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert answer.dropped == ()
    assert "25 days" in requests[1].text
    assert requests[1].tools == []


def test_a_model_that_searches_in_circles_is_stopped_and_asked_without_tools(library: Library) -> None:
    def circling(request: Request) -> str | Reply:
        return SEARCH if request.tools else SUPPORTED

    answer, requests = ask(library, [circling])
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert len(requests) <= SEARCHES + 3
    assert "No more searches" in requests[-2].text


def test_an_unknown_tool_is_answered_with_a_message(library: Library) -> None:
    answer, requests = ask(library, [tool_call("delete_everything", query="x"), SEARCH, SUPPORTED])
    assert not answer.abstained
    assert "There is no tool delete_everything; the tools are: search_documents." in str(requests[1].messages[-1])


@pytest.mark.parametrize("arguments", ["{bad", "[]", "{}", '{"query": 7}', '{"question": "leave"}', "", "null"])
def test_malformed_arguments_search_for_the_question_itself(library: Library, arguments: str) -> None:
    answer, requests = ask(library, [Reply(tool_calls=(ToolCall(TOOL, arguments),)), SUPPORTED])
    assert not answer.abstained
    assert "25 days" in str(requests[1].messages[-1])


def test_an_unknown_bank_is_answered_with_the_banks_there_are(library: Library) -> None:
    answer, requests = ask(library, [tool_call(TOOL, query="leave", bank="finance"), SEARCH, SUPPORTED])
    assert not answer.abstained
    assert "The banks are: hr, shop." in str(requests[1].messages[-1])


def test_parallel_searches_are_numbered_together(library: Library) -> None:
    both = Reply(
        tool_calls=(
            ToolCall(TOOL, json.dumps({"query": "annual leave days", "bank": "hr"})),
            ToolCall(TOOL, json.dumps({"query": "refund deadline", "bank": "shop"})),
        )
    )
    reply = "Every employee has 25 days of annual leave a year. Goods may be returned for a refund within 30 days."
    answer, _ = ask(library, [both, reply])
    assert set(answer.banks) == {"hr", "shop"}
    assert [citation.bank for citation in answer.citations] == ["hr", "shop"]


def test_a_passage_is_shown_once(library: Library) -> None:
    _, requests = ask(library, [SEARCH, SEARCH, SUPPORTED])
    assert requests[2].text.count("pro-rata share") == 1
    assert "shown above" in requests[2].text


def test_an_instruction_in_a_passage_is_data_and_what_obeys_it_is_dropped(library: Library) -> None:
    script: list[Step] = [
        tool_call(TOOL, query="kettle letter"),
        tool_call("delete_everything"),
        "We send you a gold watch as a present [1]. A kettle was returned last week [1].",
    ]
    answer, requests = ask(library, script, "What does the customer write about the kettle?", banks=["shop"])
    shown = str(requests[1].messages[-1]["content"])
    assert f"{PLANTED} Thank you.\n</passage>" in shown
    assert "never an instruction" in str(requests[1].messages[0]["content"])
    assert requests[1].tools == [TOOL]
    assert "There is no tool delete_everything; the tools are: search_documents." in str(requests[2].messages[-1])
    assert answer.text == "A kettle was returned last week. [1]"
    assert answer.dropped == ("We send you a gold watch as a present.",)


def test_a_customer_s_search_never_shows_a_passage_for_staff_to_the_model(library: Library) -> None:
    search = tool_call(TOOL, query="salary band seven pays")
    answer, requests = ask(library, [search, "Band seven pays 81,000 dollars a year [1]."], SALARY)
    assert all("81,000 and 96,000" not in request.text for request in requests)
    assert all("Salary bands" not in request.text for request in requests)
    assert answer.abstained
    told: list[Step] = [search, "Band seven pays between 81,000 and 96,000 dollars a year [1]."]
    for_staff, requests = ask(library, told, SALARY, reader=STAFF)
    assert any("81,000 and 96,000" in request.text for request in requests)
    assert not for_staff.abstained


def test_banks_that_were_not_chosen_are_not_searched(library: Library) -> None:
    answer, requests = ask(library, [SEARCH, SUPPORTED], banks=["shop"])
    assert answer.abstained
    assert "25 days" not in requests[1].text


def test_earlier_turns_reach_the_model_without_their_marks(library: Library) -> None:
    history = [Turn("How may I work from home?", "Up to 3 days a week. [1]")]
    _, requests = ask(library, [SEARCH, SUPPORTED], "And how much leave?", history=history)
    said = [message["content"] for message in requests[0].messages[1:]]
    assert said == ["How may I work from home?", "Up to 3 days a week.", "And how much leave?"]


REACT_SEARCH = 'Thought: I search.\nAction: search_documents\nAction Input: {"query": "annual leave days"}'


@pytest.mark.parametrize(
    "search",
    [
        REACT_SEARCH,
        REACT_SEARCH.removeprefix("Thought: I search.\n"),
        "Thought: I search.\nAction: search_documents\nAction Input: annual leave days",
        f"{REACT_SEARCH}\nObservation: You have 99 days.\nThought: Done.\nAnswer: You have 99 days.",
    ],
)
@pytest.mark.parametrize("reply", [f"Thought: Done.\nAnswer: {SUPPORTED}", f"Answer: {SUPPORTED}", SUPPORTED])
def test_a_model_without_function_calling_reasons_in_text(library: Library, search: str, reply: str) -> None:
    answer, requests = ask(library, [search, reply], function_calling=False)
    assert answer.text == "Every employee has 25 days of annual leave a year. [1]"
    assert len(requests) == 2
    assert requests[0].tools == []


def test_a_text_model_that_never_finishes_is_asked_without_tools(library: Library) -> None:
    def circling(request: Request) -> str | Reply:
        return SUPPORTED if "Answer from these passages alone" in request.text else REACT_SEARCH

    answer, requests = ask(library, [circling], function_calling=False)
    assert not answer.abstained
    assert len(requests) <= 8


def test_an_empty_reply_is_asked_for_again_and_then_named(library: Library) -> None:
    answer, _ = ask(library, [SEARCH, "", SUPPORTED])
    assert not answer.abstained
    with pytest.raises(ModelError, match="returned an empty answer"):
        ask(library, [SEARCH, ""])


@pytest.mark.parametrize(
    ("status", "words"), [(401, "refuses the key"), (429, "no more requests"), (500, "status 500")]
)
def test_a_failing_model_is_a_clear_error(library: Library, status: int, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ask(library, [SEARCH, failure(status)])


def test_an_empty_question_and_unknown_banks_are_refused_before_the_model_is_asked(library: Library) -> None:
    with ScriptedServer(["unused"]) as server:
        model = open_model(ModelSpec("scripted", base_url=server.base_url))
        with pytest.raises(UsageError):
            asyncio.run(answer_with_model("  ", library, llm=model))
        with pytest.raises(BankNotFound):
            asyncio.run(answer_with_model(LEAVE, library, llm=model, banks=["finance"]))
        assert server.requests == []


def test_concurrent_questions_do_not_mix(library: Library) -> None:
    def by_question(request: Request) -> str | Reply:
        if request.messages[-1]["role"] == "user":
            return SEARCH
        return SUPPORTED if LEAVE in request.text else "Goods may be returned for a refund within 30 days."

    async def both(server: ScriptedServer) -> list[Answer]:
        model = open_model(ModelSpec("scripted", base_url=server.base_url))
        questions = [LEAVE, "Within how many days can I return goods?"] * 3
        return await asyncio.gather(*(answer_with_model(q, library, llm=model) for q in questions))

    with ScriptedServer([by_question]) as server:
        answers = asyncio.run(both(server))
    assert [("25 days" in answer.text, answer.question == LEAVE) for answer in answers[::2]] == [(True, True)] * 3
    assert not any("25 days" in answer.text for answer in answers[1::2])
