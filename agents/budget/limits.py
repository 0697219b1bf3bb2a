"""How much may be spent, and what is over."""

from __future__ import annotations

from dataclasses import dataclass

from agents.model.response import Usage
from knowledge.errors import UsageError

NAMES = ("max_tokens", "max_cost", "max_calls", "max_seconds")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most tokens, dollars, calls and seconds; None sets no limit. Raises `UsageError` for less than nothing."""

    max_tokens: int | None = None
    max_cost: float | None = None
    max_calls: int | None = None
    max_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in NAMES:
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
                raise UsageError(f"{name} of a budget is a number of at least 0, found {value!r}.")

    def exceeded(self, usage: Usage, seconds: float) -> str:
        """What is above its limit, in words such as `12,000 of 10,000 tokens`; empty where nothing is."""
        used: tuple[tuple[float, float | None, str], ...] = (
            (usage.total_tokens, self.max_tokens, "tokens"),
            (usage.cost or 0.0, self.max_cost, "dollars"),
            (usage.calls, self.max_calls, "calls"),
            (seconds, self.max_seconds, "seconds"),
        )
        return ", ".join(
            f"{_number(amount)} of {_number(limit)} {unit}"
            for amount, limit, unit in used
            if limit is not None and amount > limit
        )

    def reached(self, usage: Usage) -> str:
        """Which limit on calls another call would break; a number of calls is known beforehand, unlike tokens."""
        if self.max_calls is None or usage.calls < self.max_calls:
            return ""
        return f"{usage.calls} of {self.max_calls} calls"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")
