"""What tuning found as people see it."""

from __future__ import annotations

import pytest
from rich.console import Console

from eval.tuning.bank_tuning import TuningReport
from eval.tuning.showing import print_tuning
from knowledge.card import Trial


def test_every_setting_that_was_tried_is_said_to_be_kept_or_not(capsys: pytest.CaptureFixture[str]) -> None:
    trials = tuple(
        Trial(setting, 0.7, 0.8, 0.0, 0.1, 0.2, 50, kept, "2026-01-01")
        for setting, kept in (("one", True), ("two", False))
    )
    print_tuning(TuningReport(trials, (), None, chunking_changed=False), Console(width=200))
    last = [line.split()[-2:] for line in capsys.readouterr().out.splitlines() if line.startswith(("one", "two"))]
    assert last == [["0.2000", "kept"], ["not", "kept"]]
