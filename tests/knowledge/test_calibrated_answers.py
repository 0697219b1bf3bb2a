"""What a bank was calibrated to is held where it answers, alone and among other banks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.card import Calibration
from knowledge.library import Library

LEAVE = "How many days of paid leave does every employee have?"


def calibrate(root: Path, threshold: float) -> Library:
    """The library at `root`, whose bank hr answers from a confidence of `threshold` on."""
    bank = Library(root).bank("hr")
    found = Calibration(tolerated=0.1, threshold=threshold, answered=0.5, wrong=0.1, questions=50)
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), calibration=found))
    bank.close()
    return Library(root)


def test_a_bank_that_is_not_calibrated_answers_from_the_usual_confidence_on(own_handbook: Path) -> None:
    assert not Library(own_handbook).bank("hr").ask(LEAVE).abstained


@pytest.mark.parametrize(("threshold", "abstains"), [(1.0, True), (0.0, False)])
def test_a_calibrated_bank_answers_from_its_own_confidence_on(
    own_handbook: Path, threshold: float, *, abstains: bool
) -> None:
    library = calibrate(own_handbook, threshold)
    for answer in (library.bank("hr").ask(LEAVE), library.ask(LEAVE), library.ask(LEAVE, banks=["hr"])):
        assert answer.abstained is abstains
        assert answer.confidence < 1.0


def test_a_calibration_holds_for_its_own_bank_alone(own_handbook: Path) -> None:
    library = calibrate(own_handbook, 1.0)
    hotels = library.ask("How much may a night in a hotel cost at most?")
    assert not hotels.abstained
    assert "140 crowns" in hotels.text
