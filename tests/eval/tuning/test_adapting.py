"""A query adapter is kept where it helps questions that it has not seen, and taught by nothing but real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from eval.cases import Case, Gold, Turn, load_cases
from eval.tuning.adapting import FEWEST, FOLDS, Adapting, Pairs
from eval.tuning.bank_tuning import tune_bank
from eval.tuning.deadline import Deadline, OutOfTime
from eval.tuning.knobs import CHUNKING, DENSE, LINKS
from eval.tuning.tuner import tune
from knowledge.card import BankCard
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.library import Library
from knowledge.retrieval.adapter import QueryAdapter
from tests.conftest import Refdesk
from tests.eval.made_cases import case

if TYPE_CHECKING:
    from knowledge.types import Matrix

ENDLESS = Deadline(float("inf"))
DIMENSION = 16
CARD = BankCard("b", EmbedderIdentity("m", DIMENSION, "w", 256))
CASES = [replace(case(Gold("a.md"), name=str(number)), question=f"Question {number}?") for number in range(200)]
OLD = QueryAdapter.fit(np.eye(DIMENSION, dtype=np.float32), np.eye(DIMENSION, dtype=np.float32), penalty=1.0).packed()


def unit(rows: Matrix) -> Matrix:
    found: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def vectors(regular: bool) -> dict[str, Pairs]:
    """A question for each case, and evidence: mirrored in half of its numbers, or anywhere."""
    chance = np.random.default_rng(0)
    asked = unit(chance.normal(size=(len(CASES), DIMENSION)).astype(np.float32))
    mirrored = asked * np.where(np.arange(DIMENSION) % 2, -1, 1).astype(np.float32)
    wanted = mirrored if regular else unit(chance.normal(size=asked.shape).astype(np.float32))
    return {one.id: (asked[at : at + 1], wanted[at : at + 1]) for at, one in enumerate(CASES)}


class World:
    """Scores a case by how near its question comes to its evidence, and knows what each adapter was fitted on."""

    def __init__(self, *, regular: bool) -> None:
        self.pairs = vectors(regular)
        self.measured: list[tuple[BankCard, int]] = []

    def evidence(self, card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[Pairs]:
        assert card.adapter == ""
        return [self.pairs[one.id] for one in cases]

    def measure(self, card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        deadline.check()
        self.measured.append((card, len(cases)))
        adapter = QueryAdapter.unpacked(card.adapter, DIMENSION) if card.adapter else lambda query: query
        return [float(adapter(self.pairs[one.id][0][0]) @ self.pairs[one.id][1][0]) for one in cases]


def test_an_adapter_is_kept_where_it_helps_questions_that_it_has_not_seen() -> None:
    world = World(regular=True)
    tuned = tune(
        CARD, CASES, world.measure, learning=Adapting(world.evidence), deadline=ENDLESS, knobs=(DENSE, CHUNKING)
    )
    trial = next(one for one in tuned.trials if one.kept)
    assert trial.setting == "query_adapter with penalty 0.3"
    assert trial.after > trial.before + 0.3
    # All that is kept of it is fitted by all questions, and nothing is measured by what has seen it.
    assert np.mean(world.measure(tuned.card, CASES, ENDLESS)) >= trial.after
    assert all(count <= len(CASES) / FOLDS + 1 for card, count in world.measured[:-1] if card.adapter)


def test_an_adapter_that_learns_by_heart_is_not_kept() -> None:
    world = World(regular=False)
    tuned = tune(
        replace(CARD, adapter=OLD), CASES, world.measure, learning=Adapting(world.evidence), deadline=ENDLESS, knobs=()
    )
    assert [one.kept for one in tuned.trials] == [False]
    assert tuned.card.adapter == ""


def test_turns_of_one_conversation_teach_and_are_measured_together() -> None:
    world = World(regular=True)
    talks = [replace(one, history=(Turn("user", f"talk {at // 20}"),)) for at, one in enumerate(CASES)]
    learning = Adapting(world.evidence, values=(1.0,))
    for _ in learning.tried(CARD, talks, world.measure, ENDLESS):
        pass
    assert all(count % 20 == 0 for _, count in world.measured)


def test_what_was_fitted_before_stays_where_no_time_or_too_few_questions_were_left() -> None:
    world = World(regular=True)
    before = replace(CARD, adapter=OLD)
    few = tune(
        before, CASES[: FEWEST - 1], world.measure, learning=Adapting(world.evidence), deadline=ENDLESS, knobs=()
    )
    assert few.card.adapter == OLD
    assert f"{FEWEST} questions" in few.skipped["query_adapter"]
    late = tune(before, CASES, world.measure, learning=Adapting(world.evidence), deadline=Deadline(0), knobs=())
    assert late.card.adapter == OLD

    def cut_short(card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        if card.adapter:
            raise OutOfTime("Cut short.")
        return world.measure(card, cases, deadline)

    cut = tune(before, CASES, cut_short, learning=Adapting(world.evidence), deadline=ENDLESS, knobs=())
    assert cut.card.adapter == OLD
    assert cut.skipped == {"query_adapter": "no time was left"}


def test_only_questions_that_people_asked_teach(refdesk: Refdesk, own_handbook: Path) -> None:
    done = refdesk(["--root", str(own_handbook), "eval", "tune", "hr", "--json", "--minutes", "0.02"])
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert any(note.startswith("query_adapter: only questions that people asked") for note in told["notes"])
    assert Library(own_handbook).bank("hr").card().adapter == ""


@pytest.fixture
def asked(own_handbook: Path, tmp_path: Path) -> Path:
    """More questions than are needed, all of them about the same few documents, in words of their own."""
    summaries = Library(own_handbook).bank("hr").documents()
    rows = [
        {
            "id": f"{at}-{word}",
            "question": f"{word} {summary.title}?",
            "answers": [],
            "answerable": True,
            "gold": [{"doc": Path(summary.uri).name}],
        }
        for at, summary in enumerate(summaries)
        for word in [f"What of {number}" for number in range(60 // len(summaries) + 1)]
    ]
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_a_bank_is_taught_by_cases(own_handbook: Path, asked: Path) -> None:
    library = Library(own_handbook)
    bank = library.bank("hr")
    told = tune_bank(library, bank, load_cases(asked), seconds=60, tolerated=0.1, knobs=(LINKS,))
    assert [trial.setting.split()[0] for trial in told.trials] == ["link_weight", "query_adapter"]
    assert bool(bank.card().adapter) == told.trials[1].kept
    bank.close()


def test_confidence_is_calibrated_without_what_has_seen_the_questions(
    refdesk: Refdesk, own_handbook: Path, asked: Path
) -> None:
    command = ["--root", str(own_handbook), "eval", "calibrate", "hr", "--cases", str(asked), "--json"]
    library = Library(own_handbook)
    found = []
    misleading = np.random.default_rng(0).normal(size=(2, 384, 4)).astype(np.float32)
    for adapter in ("", QueryAdapter(misleading[0], misleading[1].T).packed()):
        bank = library.bank("hr")
        with bank.writer() as writer:
            writer.put_card(replace(bank.card(), adapter=adapter, calibration=None))
        bank.close()
        done = refdesk(command)
        assert done.code == 0, done.err
        found.append({**json.loads(done.out)["calibration"], "created": ""})
        assert bank.card().adapter == adapter
        bank.close()
    assert found[0] == found[1]
