"""Feedback: what people said of answers comes out of the service as what cases are made of, without personal data."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from eval.cases import load_cases
from serve.store.messages import CitedPlace, Message
from serve.store.proposals import Draft, Proposals, propose
from serve.store.schema import new_id, now
from serve.store.store import Store, open_store
from serve.store.tickets import Call, open_ticket, tickets
from tests.conftest import Refdesk

LEAVE, QUOTE = "How many days of paid leave do employees have?", "25 days of paid leave"


def said(store: Store, conversation: str, role: str, text: str, **more: object) -> Message:
    made = Message(new_id(), conversation, role, text, role, now())  # type: ignore[arg-type]  # one of the roles
    return store.messages.add(replace(made, **more))  # type: ignore[arg-type]  # fields of the message


def place(root: Path) -> CitedPlace:
    text = (root / "hr/leave.md").read_text("utf-8")
    start = text.index(QUOTE)
    return CitedPlace(1, "Leave", "hr", str(root / "hr/leave.md"), 1, start, start + len(QUOTE), QUOTE)


@pytest.fixture
def store(own_handbook: Path) -> Store:
    """A service over the handbook in which an answer was liked, one disliked, and one was right to abstain."""
    made = open_store(own_handbook)
    talk = made.conversations.begin("visitor").id
    said(made, talk, "user", "Hello, I am anna@example.org and I begin in May.")
    said(made, talk, "assistant", "Welcome!")
    first = said(made, talk, "user", LEAVE)
    good = said(made, talk, "assistant", "You have 25 days of paid leave. [1]", answers=first.id,
                citations=(place(own_handbook),))  # fmt: skip
    second = said(made, talk, "user", "And who painted the ceiling?")
    silent = said(made, talk, "assistant", "The documents do not say.", answers=second.id, abstained=True)
    third = said(made, talk, "user", "By when must I report sick?")
    bad = said(made, talk, "assistant", "In March. [1]", answers=third.id, access=(("staff", "boss"), ("staff",)),
               citations=(place(own_handbook),))  # fmt: skip
    said(made, talk, "assistant", "Nobody rated this.", answers=third.id)
    made.messages.rate(good.id, "up")
    made.messages.rate(silent.id, "up")
    made.messages.rate(bad.id, "down", "My number is +49 170 1234567, and that is wrong.")
    return made


def test_ratings_come_out_with_question_history_evidence_and_reason(
    refdesk: Refdesk, store: Store, own_handbook: Path
) -> None:
    told = json.loads(refdesk(["--root", str(own_handbook), "feedback", "--json"]).out)
    assert [(one["verdict"], one["question"]) for one in told] == [
        ("right", LEAVE),
        ("unanswerable", "And who painted the ceiling?"),
        ("wrong", "By when must I report sick?"),
    ]
    good, silent, bad = told
    assert good["answer"] == "You have 25 days of paid leave."
    assert good["bank"] == "hr"
    [evidence] = good["evidence"]
    assert (evidence["doc"], evidence["quote"]) == ("hr/leave.md", QUOTE)
    assert [turn["role"] for turn in good["history"]] == ["user", "assistant"]
    assert "anna@example.org" not in json.dumps(told)
    assert "1234567" not in json.dumps(told)
    assert bad["reason"].endswith("and that is wrong.")
    assert bad["reader"] == "staff"
    assert "evidence" not in bad  # what a wrong answer cites is none for what would be right
    assert "answer" not in silent


def test_what_a_person_answered_is_right_unless_a_reviewer_refused_it(refdesk: Refdesk, own_handbook: Path) -> None:
    store = open_store(own_handbook)
    talk = store.conversations.begin("visitor").id
    proposals = Proposals(store.database)
    with store.database.writing() as connection:
        open_ticket(connection, talk, Call("request"))
        ticket = connection.execute(select(tickets.c.id)).scalar_one()
        for animal in ("dog", "cat", "horse"):
            propose(connection, ticket, Draft(animal, f"May I bring my {animal}?", "Yes, on Fridays.", "hr", "Ana"))
    accepted, refused, _ = proposals.all()
    proposals.decide(accepted.id, "accepted", "Bo", file="knowledge-entries/hr/dog.md")
    proposals.decide(refused.id, "rejected", "Bo")
    told = json.loads(refdesk(["--root", str(own_handbook), "feedback", "--json"]).out)
    assert [(one["question"], one["verdict"], one["by"]) for one in told] == [
        ("May I bring my dog?", "right", "Ana"),
        ("May I bring my horse?", "right", "Ana"),
    ]
    assert told[0]["evidence"] == [{"doc": "knowledge-entries/hr/dog.md"}]


def test_cases_are_made_of_what_the_command_writes(
    refdesk: Refdesk, store: Store, own_handbook: Path, tmp_path: Path
) -> None:
    root, lines, cases = ["--root", str(own_handbook)], tmp_path / "feedback.jsonl", tmp_path / "cases.jsonl"
    done = refdesk([*root, "feedback", "--out", str(lines)])
    assert done.out == f"Wrote 3 answers to {lines}: 1 right, 1 unanswerable, 1 wrong.\n"
    made = refdesk([*root, "eval", "make", "hr", "--feedback", str(lines), "--out", str(cases)])
    assert made.code == 0, made.err
    assert "thrown away: 1, wrong, without what would be right" in made.out
    right, hopeless = load_cases(cases)
    assert (right.question, right.gold[0].text, right.answerable, hopeless.answerable) == (LEAVE, QUOTE, True, False)
    run = refdesk([*root, "eval", "run", str(cases), "--bank", "hr", "--metric", "span-recall@5"])
    assert "span-recall@5\t1.000" in run.out


def test_old_feedback_may_be_left_out_and_none_is_said_to_be_none(
    refdesk: Refdesk, store: Store, own_handbook: Path
) -> None:
    tomorrow = (now() + timedelta(days=1)).date().isoformat()
    done = refdesk(["--root", str(own_handbook), "feedback", "--since", tomorrow])
    assert (done.code, done.out) == (0, "Nobody has rated an answer yet.\n")
