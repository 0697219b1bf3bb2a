"""The gate as a pytest fixture: `refdesk_gate("cases.jsonl", baseline="baseline.json")`.

pytest loads this file in every run of an environment that has Refdesk, so it imports nothing but pytest before the
fixture is used, and adds neither options nor hooks that could touch other tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from eval.comparison.gate import GateReport


class Gate(Protocol):
    """Runs cases, and fails the test where a metric is significantly worse than in the baseline."""

    def __call__(
        self,
        *cases: str | Path,
        baseline: str | Path,
        root: str | Path | None = None,
        banks: Sequence[str] = (),
        agent: str | None = None,
        metrics: Sequence[str] = (),
        tolerance: float = 0.0,
    ) -> GateReport:
        """What the gate found, where it passed. Paths are taken from pytest's root folder, as `root` is.

        Without `root` the banks are those that a command in that folder would use. Connections are not made.
        """
        ...


@pytest.fixture
def refdesk_gate(pytestconfig: pytest.Config) -> Gate:
    """The gate over this project's cases; see docs/eval.md."""
    folder = pytestconfig.rootpath

    def gate(
        *cases: str | Path,
        baseline: str | Path,
        root: str | Path | None = None,
        banks: Sequence[str] = (),
        agent: str | None = None,
        metrics: Sequence[str] = (),
        tolerance: float = 0.0,
    ) -> GateReport:
        from eval.choices import RunChoice
        from eval.commands import gate_cases
        from knowledge.settings import process_environment
        from knowledge.terminal.shell import open_shell

        shell = open_shell(process_environment(), root=folder / root if root else None, folder=folder, offline=True)
        how = RunChoice(banks=tuple(banks), agent=agent, metrics=tuple(metrics))
        paths = [folder / path for path in cases]
        found = gate_cases(shell, paths, how, folder / baseline, tolerance=tolerance)
        if not found.passed:
            pytest.fail("\n".join(["The evaluation got worse:", *found.sentences, *found.notes]), pytrace=False)
        return found

    return gate
