"""The settings that tuning tries, each with its values and how a value is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from eval.cases import Case
from eval.summaries.outcomes import Floats
from eval.tuning.deadline import Deadline
from knowledge.card import BankCard

# Each case's score under a card; raises `OutOfTime` between two of its steps.
Measure = Callable[[BankCard, Sequence[Case], Deadline], list[float]]


class Knob(Protocol):
    """A setting of the card: what stands there now, what else is tried and how each case fares then."""

    @property
    def name(self) -> str:
        """What it is called in the card and in reports."""
        ...

    @property
    def values(self) -> tuple[float, ...]:
        """What is tried, in order."""
        ...

    @property
    def learns(self) -> bool:
        """Whether its values are fitted on the questions that they are measured by, each by the others."""
        ...

    def now(self, card: BankCard) -> float:
        """The value in the card."""
        ...

    def tried(
        self, card: BankCard, cases: Sequence[Case], measure: Measure, deadline: Deadline
    ) -> Iterator[tuple[float, Floats]]:
        """Other values, and the score of each case under them; no case takes part in choosing its own."""
        ...

    def set(self, card: BankCard, value: float) -> BankCard:
        """The card with another value."""
        ...

    def told(self, now: float, value: float) -> str:
        """What a trial is called that prefers `value`."""
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """A knob that is a number of the card, with the values to try."""

    name: str
    values: tuple[float, ...]
    put: Callable[[BankCard, float], BankCard]
    get: Callable[[BankCard], float]
    learns: bool = False

    def now(self, card: BankCard) -> float:
        """As `get` reads it."""
        return self.get(card)

    def tried(
        self, card: BankCard, cases: Sequence[Case], measure: Measure, deadline: Deadline
    ) -> Iterator[tuple[float, Floats]]:
        """One value after another."""
        for value in self.values:
            if value != self.get(card):
                deadline.check()
                yield value, np.array(measure(self.put(card, value), cases, deadline))

    def set(self, card: BankCard, value: float) -> BankCard:
        """As `put` writes it."""
        return self.put(card, value)

    def told(self, now: float, value: float) -> str:
        """From which number to which."""
        return f"{self.name} {now:g}" + (f" to {value:g}" if value != now else " stays")


DENSE = Number(
    "dense_weight",
    (0.3, 0.4, 0.5, 0.6, 0.7),
    lambda card, value: replace(card, search=replace(card.search, dense_weight=value)),
    lambda card: card.search.dense_weight,
)
DOCUMENTS = Number(
    "document_weight",
    (0.0, 0.15, 0.3, 0.45, 0.6),
    lambda card, value: replace(card, search=replace(card.search, document_weight=value)),
    lambda card: card.search.document_weight,
)
WHOLES = Number(
    "whole_weight",
    (0.0, 0.2, 0.4, 0.6, 0.8),
    lambda card, value: replace(card, search=replace(card.search, whole_weight=value)),
    lambda card: card.search.whole_weight,
)
LINKS = Number(
    "link_weight",
    (0.0, 0.15, 0.3, 0.45),
    lambda card, value: replace(card, search=replace(card.search, link_weight=value)),
    lambda card: card.search.link_weight,
)
CHUNKING = Number(
    "chunking.tokens",
    (128.0, 192.0, 384.0),
    lambda card, value: replace(card, chunking=replace(card.chunking, tokens=int(value))),
    lambda card: float(card.chunking.tokens),
)
WEIGHTS: tuple[Knob, ...] = (DENSE, DOCUMENTS, WHOLES, LINKS)
