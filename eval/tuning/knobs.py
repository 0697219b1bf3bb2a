"""The settings that tuning tries, each with its values and how a value is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

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


def _weight(name: str, *values: float) -> Number:
    """One of the weights of `SearchOptions`."""

    def put(card: BankCard, value: float) -> BankCard:
        changed: dict[str, Any] = {name: value}
        return replace(card, search=replace(card.search, **changed))

    return Number(name, values, put, lambda card: float(getattr(card.search, name)))


DENSE = _weight("dense_weight", 0.3, 0.4, 0.5, 0.6, 0.7)
DOCUMENTS = _weight("document_weight", 0.0, 0.15, 0.3, 0.45, 0.6)
WHOLES = _weight("whole_weight", 0.0, 0.2, 0.4, 0.6, 0.8)
LINKS = _weight("link_weight", 0.0, 0.15, 0.3, 0.45, 0.6)
CHUNKING = Number(
    "chunking.tokens",
    (128.0, 192.0, 384.0),
    lambda card, value: replace(card, chunking=replace(card.chunking, tokens=int(value))),
    lambda card: float(card.chunking.tokens),
)
WEIGHTS: tuple[Knob, ...] = (DENSE, DOCUMENTS, WHOLES, LINKS)
