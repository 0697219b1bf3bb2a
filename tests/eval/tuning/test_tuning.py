"""Tuning keeps what gains on unseen questions and nothing else; calibration keeps its promise on unseen questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from eval.cases import Case, Gold
from eval.tuning.calibration import Attempt, calibrate
from eval.tuning.deadline import Deadline, OutOfTime
from eval.tuning.knobs import CHUNKING, DENSE, LINKS
from eval.tuning.tuner import tune
from knowledge.card import BankCard
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.errors import RefdeskError, UsageError
from knowledge.library import Library
from tests.conftest import Refdesk
from tests.eval.made_cases import case

ENDLESS = Deadline(float("inf"))
CARD = BankCard("b", EmbedderIdentity("m", 3, "w", 256))
CASES = [case(Gold("a.md"), name=str(number)) for number in range(200)]


def measure(card: BankCard, cases: Sequence[Case], deadline: Deadline = ENDLESS) -> list[float]:
    """More weight on the dense side helps most questions a little; links make no difference but noise."""
    noise = np.random.default_rng(int(1000 * card.search.link_weight) + 7).normal(0, 0.05, len(cases))
    return [0.5 + 0.5 * (card.search.dense_weight - 0.5) + float(one) for one in noise]


def test_a_real_gain_is_kept_and_noise_is_not() -> None:
    tuned = tune(CARD, CASES, measure, deadline=ENDLESS, knobs=(DENSE, LINKS))
    assert [trial.kept for trial in tuned.trials] == [True, False]
    assert tuned.card.search.dense_weight == 0.7
    assert tuned.card.search.link_weight == CARD.search.link_weight
    assert tuned.card.trials == tuned.trials
    dense = tuned.trials[0]
    assert dense.low <= dense.after - dense.before <= dense.high
    assert dense.setting == "dense_weight 0.5 to 0.7"


class Clock:
    """Time that goes on by one with every look at it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def test_without_time_nothing_is_tried_and_that_is_told() -> None:
    tuned = tune(CARD, CASES, measure, deadline=Deadline(0))
    assert tuned.trials == ()
    assert set(tuned.skipped.values()) == {"no time was left"}
    assert tuned.card == CARD


def test_a_deadline_cuts_a_value_short_and_those_before_it_count() -> None:
    def slow(card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        for _ in cases:
            deadline.check()
        return measure(card, cases)

    clock = Clock()
    tuned = tune(CARD, CASES, slow, deadline=Deadline(len(CASES) * 3.5, clock), knobs=(DENSE, LINKS))
    assert clock.seconds < len(CASES) * 3.5 + 3
    assert tuned.skipped == {"dense_weight": "no time was left for 0.6, 0.7", "link_weight": "no time was left"}
    assert [trial.setting for trial in tuned.trials] == ["dense_weight 0.5 stays"]


def test_a_deadline_has_parts_and_says_when_it_is_over() -> None:
    clock = Clock()
    deadline = Deadline.after(10, now=clock)
    assert deadline.part(0.5).until == pytest.approx(6.5)
    deadline.check()
    clock.seconds = 20
    assert deadline.is_over
    with pytest.raises(OutOfTime):
        deadline.check()


def test_a_setting_that_cannot_be_tried_is_named_and_the_others_go_on() -> None:
    def failing(card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        if card.chunking != CARD.chunking:
            raise RefdeskError("The files are gone.")
        return measure(card, cases)

    tuned = tune(CARD, CASES, failing, deadline=ENDLESS, knobs=(CHUNKING, DENSE))
    assert tuned.skipped == {"chunking.tokens": "The files are gone."}
    assert [trial.kept for trial in tuned.trials] == [True]


def attempts(count: int, seed: int = 0) -> list[Attempt]:
    """Confidence that is honest: as often right as it says."""
    generator = np.random.default_rng(seed)
    sure = generator.random(count)
    return [Attempt(float(one), float(generator.random() < one)) for one in sure]


def test_wrong_answers_stay_near_what_is_tolerated_and_more_of_them_buy_more_answers() -> None:
    found = calibrate(attempts(2000), tolerated=0.1)
    assert found.wrong == pytest.approx(0.1, abs=0.03)
    assert found.threshold == pytest.approx(0.8, abs=0.07)
    assert found.answered == pytest.approx(0.2, abs=0.07)
    answered = [share for _, _, share, _ in found.curve]
    assert answered == sorted(answered)
    assert found.questions == 2000


def test_confidence_that_says_nothing_answers_nothing_when_nothing_may_be_wrong() -> None:
    hopeless = [Attempt(0.5, float(number % 2)) for number in range(100)]
    found = calibrate(hopeless, tolerated=0.05)
    assert (found.answered, found.wrong) == (0.0, 0.0)
    assert found.threshold > 0.5


def test_what_a_few_lucky_answers_promise_is_not_promised() -> None:
    """The surest are wrong as often as not: a fold must not answer what the others are too few to vouch for."""
    found = calibrate([Attempt(number / 60, float(number % 2)) for number in range(60)], tolerated=0.05)
    assert (found.answered, found.wrong) == (0.0, 0.0)
    assert all(wrong <= wish for wish, _, _, wrong in found.curve)


def test_too_few_questions_calibrate_nothing() -> None:
    with pytest.raises(UsageError, match="29 questions are too few"):
        calibrate(attempts(29), tolerated=0.1)


def test_the_command_writes_its_evidence_into_the_card_and_leaves_the_bank_as_it_was(
    refdesk: Refdesk, own_handbook: Path, cases: Path
) -> None:
    library = Library(own_handbook)
    before = library.bank("hr").card(), library.bank("hr").catalog.counts()
    library.bank("hr").close()
    arguments = ["--root", str(own_handbook), "eval", "tune", "hr", "--cases", str(cases), "--json"]
    done = refdesk([*arguments, "--minutes", "0.02"])
    assert done.code == 0, done.err
    told = json.loads(done.out)
    card, counts = library.bank("hr").card(), library.bank("hr").catalog.counts()
    assert counts == before[1]
    assert [trial.setting for trial in card.trials] == [trial["setting"] for trial in told["trials"]]
    assert told["calibration"] is None
    assert any("Confidence was not calibrated" in note for note in told["notes"])
    assert card.search == before[0].search
    library.bank("hr").close()
    assert refdesk(["--root", str(own_handbook), "verify", "--bank", "hr"]).code == 0
