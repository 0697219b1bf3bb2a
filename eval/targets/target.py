"""What every system under evaluation offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from eval.cases import Case
from eval.observation import Observation
from knowledge.errors import RefdeskError


class TargetFailed(RefdeskError):
    """The system under evaluation failed on a case; the message says how."""


class TargetUnreachable(TargetFailed):
    """The system was not even heard: nothing answers at its address, or it lets nobody in."""


class Target(Protocol):
    """A system under evaluation. Thread-safe: cases are asked side by side."""

    def describe(self) -> Mapping[str, Any]:
        """What the results depend on, as JSON values; raises where the system cannot be asked at all."""
        ...

    def observe(self, case: Case) -> Observation:
        """Asks one case; raises `RefdeskError` where the system fails, `TargetUnreachable` where asking is no use."""
        ...
