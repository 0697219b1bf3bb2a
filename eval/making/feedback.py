"""Cases from what people said about answers, or answered themselves: one JSON object a line.

{"question": "...", "verdict": "right", "answer": "...", "evidence": [{"doc": "hr/leave.md", "quote": "25 days"}]}

`verdict` is `right` where `answer` is, `wrong` where it is not, with what would have been in `correction`, or
`unanswerable` where the documents do not say. A human answer is a `right` one. `refdesk feedback` writes such lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.cases import Case, Gold, Turn
from eval.making.draft import Made
from eval.making.writing import write_lines
from eval.sets.json_lines import json_rows
from eval.wrong_field import wrong_field
from knowledge.errors import ConfigError

Text = Annotated[str, Field(min_length=1)]
Verdict = Literal["right", "wrong", "unanswerable"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Evidence(_Part):
    """Where the answer stands: a document, and maybe its words, span and page."""

    doc: Text
    quote: str = ""
    start: Annotated[int, Field(ge=0)] | None = None
    end: Annotated[int, Field(ge=1)] | None = None
    page: Annotated[int, Field(ge=1)] | None = None


class EarlierTurn(_Part):
    """A turn of the conversation before the question."""

    role: Literal["user", "assistant"]
    text: str


class Feedback(_Part):
    """What somebody said about one answer, and why; `by` and `at` say who and when, for the record.

    `reader` is the role to ask with, where the answer is not for everybody.
    """

    question: Text
    verdict: Verdict
    answer: str = ""
    correction: str = ""
    reason: str = ""
    bank: str | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), strict=False)
    history: tuple[EarlierTurn, ...] = Field(default=(), strict=False)
    reader: str = ""
    by: str = ""
    at: str = ""


def feedback_to_json(one: Feedback) -> dict[str, Any]:
    """Its fields without what is empty."""
    return one.model_dump(mode="json", exclude_defaults=True)


def write_feedback(rows: Sequence[Feedback], path: Path) -> None:
    """Writes the file, whole or not at all; raises `StorageError`."""
    write_lines([feedback_to_json(one) for one in rows], path)


def cases_from_feedback(path: Path, bank: str) -> Made:
    """The cases of a feedback file about `bank`; the last word on a question counts. `ConfigError` names line
    and field.

    What says that an answer was wrong, and not what would be right, makes no case.
    """
    rejected: Counter[str] = Counter()
    cases: dict[str, Case] = {}
    for one in _read(path):
        found = _case(one) if one.bank in (None, bank) else "about another bank"
        if isinstance(found, str):
            rejected[found] += 1
        else:
            cases[found.id] = found
    return Made(tuple(cases.values()), rejected)


def _read(path: Path) -> Iterator[Feedback]:
    for row in json_rows(path):
        try:
            yield Feedback.model_validate(row.fields)
        except ValidationError as error:
            name, words = wrong_field(error)
            raise ConfigError(f"{row.place}, field `{name}`: {words}.") from error


def _case(one: Feedback) -> Case | str:
    answer = one.correction or (one.answer if one.verdict == "right" else "")
    if one.verdict != "unanswerable" and not answer:
        return "wrong, without what would be right" if one.verdict == "wrong" else "right, without an answer"
    hopeless = one.verdict == "unanswerable"
    history = tuple(Turn(turn.role, turn.text) for turn in one.history)
    key = "\n".join([one.bank or "", *(turn.text for turn in history), one.question])
    meta = {"kind": "feedback", "verdict": one.verdict, "by": one.by, "at": one.at}
    return Case(
        f"feedback-{sha256(key.encode()).hexdigest()[:10]}",
        one.question,
        () if hopeless else (answer,),
        answerable=not hopeless,
        gold=() if hopeless else tuple(_gold(evidence, group) for group, evidence in enumerate(one.evidence)),
        bank=one.bank,
        history=history,
        meta=meta | ({"reader": one.reader} if one.reader else {}),
    )


def _gold(evidence: Evidence, group: int) -> Gold:
    whole = evidence.start is not None and evidence.end is not None and evidence.start < evidence.end
    start, end = (evidence.start, evidence.end) if whole else (None, None)
    return Gold(evidence.doc, evidence.page, start, end, evidence.quote, group)
