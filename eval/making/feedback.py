"""Cases from what people said about answers, or answered themselves: one JSON object a line.

{"question": "...", "verdict": "right", "answer": "...", "evidence": [{"doc": "hr/leave.md", "quote": "25 days"}]}

`verdict` is `right` where `answer` is, `wrong` where it is not, with what would have been in `correction`, or
`unanswerable` where the documents do not say. A human answer is a `right` one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.cases import Case, Gold, Turn
from eval.making.draft import Made
from eval.sets.json_lines import json_rows
from eval.wrong_field import wrong_field
from knowledge.errors import ConfigError

Text = Annotated[str, Field(min_length=1)]


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
    """What somebody said about one answer; `by` and `at` say who and when, for the record."""

    question: Text
    verdict: Literal["right", "wrong", "unanswerable"]
    answer: str = ""
    correction: str = ""
    bank: str | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), strict=False)
    history: tuple[EarlierTurn, ...] = Field(default=(), strict=False)
    by: str = ""
    at: str = ""


def cases_from_feedback(path: Path) -> Made:
    """The cases of a feedback file; the last word on a question counts. `ConfigError` names line and field.

    What says that an answer was wrong, and not what would be right, makes no case.
    """
    rejected: Counter[str] = Counter()
    cases: dict[str, Case] = {}
    for one in _read(path):
        found = _case(one)
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
    return Case(
        f"feedback-{sha256(key.encode()).hexdigest()[:10]}",
        one.question,
        () if hopeless else (answer,),
        answerable=not hopeless,
        gold=() if hopeless else tuple(_gold(evidence, group) for group, evidence in enumerate(one.evidence)),
        bank=one.bank,
        history=history,
        meta={"kind": "feedback", "verdict": one.verdict, "by": one.by, "at": one.at},
    )


def _gold(evidence: Evidence, group: int) -> Gold:
    whole = evidence.start is not None and evidence.end is not None and evidence.start < evidence.end
    start, end = (evidence.start, evidence.end) if whole else (None, None)
    return Gold(evidence.doc, evidence.page, start, end, evidence.quote, group)
