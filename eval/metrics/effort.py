"""What an answer took, and where it was looked for."""

from __future__ import annotations

from dataclasses import dataclass

from eval.cases import Case
from eval.metrics.score import Score
from eval.observation import Observation


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of wall time; failures do not count, since they may be quick."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the system failed."""
        return None if seen.error else Score(seen.seconds)


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the price is not known."""
        return None if seen.cost is None else Score(seen.cost, f"{seen.tokens_in} tokens in, {seen.tokens_out} out")


@dataclass(frozen=True, slots=True)
class Routing:
    """1 where the bank that the case belongs to is the first that was asked."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the case names no bank or the system does not tell which it asked."""
        if case.bank is None or not seen.banks:
            return None
        return Score(float(seen.banks[0] == case.bank), f"asked {seen.banks[0]}, should be {case.bank}")
