"""A question that was made, before it is known to be a good one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from eval.cases import Case, Gold

Kind = Literal["definition", "heading", "title", "cloze", "model", "foreign"]


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a document: `text` stands at `start:end` of the document at `uri`."""

    uri: str
    start: int
    end: int
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A question, its answer, and where the answer stands; several places are alternatives."""

    kind: Kind
    question: str
    answer: str
    places: tuple[Place, ...]

    def case(self, bank: str) -> Case:
        """The draft as a case of `bank`; its id follows from what it asks."""
        name = sha256(f"{bank}\n{self.question}".encode()).hexdigest()[:10]
        gold = tuple(Gold(p.uri, p.page, p.start, p.end, p.text, group=0) for p in self.places)
        return Case(
            f"{bank}-{self.kind}-{name}",
            self.question,
            (self.answer,) if self.answer else (),
            answerable=bool(gold),
            gold=gold,
            bank=bank,
            meta={"kind": self.kind, "made": True},
        )


@dataclass(frozen=True, slots=True)
class Made:
    """Cases, and how many drafts were thrown away for which reason; `ended` says what cut the making short."""

    cases: tuple[Case, ...]
    rejected: Counter[str] = field(default_factory=Counter)
    ended: str = ""


def merged(drafts: Iterable[Draft]) -> list[Draft]:
    """Drafts that ask the same are one, with all their places as alternatives."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        known = found.get(draft.question.casefold())
        if known is None:
            found[draft.question.casefold()] = draft
        else:
            places = tuple(dict.fromkeys((*known.places, *draft.places)))
            found[draft.question.casefold()] = Draft(known.kind, known.question, known.answer, places)
    return list(found.values())
