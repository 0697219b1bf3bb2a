"""What people said about answers, and what they answered themselves, as `refdesk eval make --feedback` reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Literal

from agents.tracing.redaction import Redactor
from eval.making.feedback import EarlierTurn, Evidence, Feedback, Verdict
from eval.targets.marks import unmarked
from knowledge.terminal.presentation import local_path
from serve.store.messages import CitedPlace, Message, Messages
from serve.store.proposals import Proposal, Proposals
from serve.turns.places import unescaped

MOST_TURNS = 10


class FeedbackExport:
    """Reads ratings and hand-over answers of the service under `root`, without secrets and personal data."""

    def __init__(self, root: Path, messages: Messages, proposals: Proposals) -> None:
        self._root = root
        self._messages = messages
        self._proposals = proposals
        self._redactor = Redactor()

    def rows(self, *, since: datetime | None = None) -> list[Feedback]:
        """Everything, oldest first: the last word on a question counts. A refused proposal says nothing."""
        rated = [(one.created, self._rated(one)) for one in self._messages.rated()]
        answered = [(one.created, self._answered(one)) for one in self._proposals.all() if one.state != "rejected"]
        found = sorted((*rated, *answered), key=lambda row: row[0])
        return [row for moment, row in found if row is not None and (since is None or moment >= since)]

    def _rated(self, answer: Message) -> Feedback | None:
        """None where what was asked is no longer known."""
        said = self._messages.of(answer.conversation)
        question = asked_by(said, answer)
        if question is None or not question.text.strip():
            return None
        before = takewhile(lambda one: one.id != question.id, said)
        places = answer.citations or answer.closest
        banks, verdict = {place.bank for place in places}, verdict_of(answer)
        return Feedback(
            question=self._redactor.text(question.text),
            verdict=verdict,
            answer="" if answer.abstained else self._redactor.text(_words(answer)),
            reason=self._redactor.text(answer.reason),
            bank=banks.pop() if len(banks) == 1 else None,
            # What a wrong answer cites is no evidence for what would be right.
            evidence=tuple(self._evidence(place) for place in answer.citations) if verdict == "right" else (),
            history=tuple(self._turns(list(before)))[-MOST_TURNS:],
            reader=reader_of(answer),
            at=answer.created.isoformat(timespec="seconds"),
        )

    def _answered(self, proposal: Proposal) -> Feedback:
        """What a person answered, by the document that was made of it where it was accepted."""
        return Feedback(
            question=proposal.question,
            verdict="right",
            answer=proposal.answer,
            bank=proposal.bank,
            evidence=(Evidence(doc=proposal.file),) if proposal.file else (),
            by=proposal.author,
            at=proposal.created.isoformat(timespec="seconds"),
        )

    def _turns(self, said: Sequence[Message]) -> Iterator[EarlierTurn]:
        for one in said:
            if one.role != "system" and one.text.strip():
                role: Literal["user", "assistant"] = "user" if one.role == "user" else "assistant"
                yield EarlierTurn(role=role, text=self._redactor.text(_words(one)))

    def _evidence(self, place: CitedPlace) -> Evidence:
        """The place; a document below the root is named from there, so that the root can be moved."""
        path = local_path(place.uri)
        below = path is not None and path.is_relative_to(self._root)
        doc = path.relative_to(self._root).as_posix() if path and below else place.uri
        return Evidence(doc=doc, quote=place.quote, start=place.start, end=place.end, page=place.page)


def _words(message: Message) -> str:
    """What was said, without marks; of what was quoted, the words of the documents."""
    said = unmarked(message.text)
    return unescaped(said) if message.role == "assistant" and not message.model else said


def verdict_of(answer: Message) -> Verdict:
    """What the rating of an answer says about it."""
    if answer.rating == "down":
        return "wrong"
    return "unanswerable" if answer.abstained else "right"


def asked_by(said: Sequence[Message], answer: Message) -> Message | None:
    """The question that `answer` answers: the one it names, else what was asked last before it."""
    if answer.answers:
        return next((one for one in said if one.id == answer.answers), None)
    before = takewhile(lambda one: one.id != answer.id, said)
    return next((one for one in reversed(list(before)) if one.role == "user"), None)


def reader_of(answer: Message) -> str:
    """A role that may read everything that `answer` rests on; empty where anybody may."""
    shared = set(answer.access[0]).intersection(*answer.access[1:]) if answer.access else set[str]()
    return min(shared, default="")
