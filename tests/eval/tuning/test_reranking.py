"""A reranker is kept where it helps questions that did not choose it, and is given up where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.cases import Case, Gold
from eval.tuning.bank_tuning import tune_bank
from eval.tuning.deadline import Deadline, OutOfTime
from eval.tuning.knobs import LINKS
from eval.tuning.reranking import Reranking, to_try
from eval.tuning.tuner import tune
from knowledge.bank import KnowledgeBank
from knowledge.card import BankCard, RerankerSpec
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.library import Library
from knowledge.testing import HashingEmbedder, ScriptedReranker
from knowledge.types import Chunk, NewDocument, NewPlace
from tests.conftest import Refdesk
from tests.eval.made_cases import case

ENDLESS = Deadline(float("inf"))
CARD = BankCard("b", EmbedderIdentity("m", 3, "w", 256))
CASES = [case(Gold("a.md"), name=str(number)) for number in range(200)]
HELPFUL, USELESS = RerankerSpec("helpful"), RerankerSpec("useless")
EMBEDDER = HashingEmbedder()
COUNT = 60


def measure(card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
    """One reranker helps most questions, the other makes no difference but noise."""
    name = card.reranker.model if card.reranker else ""
    noise = np.random.default_rng(len(name)).normal(0, 0.05, len(cases))
    return [0.5 + 0.1 * (name == "helpful") + float(one) for one in noise]


def tried(card: BankCard, named: RerankerSpec | None) -> BankCard:
    reranking = to_try(card, named)
    assert reranking is not None
    return tune(replace(card, reranker=None), CASES, measure, deadline=ENDLESS, knobs=(reranking,)).card


@pytest.mark.parametrize("named", [HELPFUL, USELESS, None])
@pytest.mark.parametrize("before", [HELPFUL, USELESS, None])
def test_what_helps_is_kept_and_what_does_not_is_given_up(
    before: RerankerSpec | None, named: RerankerSpec | None
) -> None:
    card = replace(CARD, reranker=before)
    if before is None and named is None:
        assert to_try(card, named) is None
        return
    tuned = tried(card, named)
    helps = HELPFUL in (before, named)
    assert tuned.reranker == (HELPFUL if helps else None)
    (trial,) = tuned.trials
    assert trial.kept == helps
    assert trial.setting == "reranker helpful" or not helps
    assert "useless" in trial.setting or helps


def test_one_that_was_no_better_than_none_is_named() -> None:
    assert Reranking((HELPFUL, USELESS)).told(0.0, 0.0) == "reranker helpful, useless stays out"


def note(number: int, source: int) -> NewDocument:
    """Every second note says the same as the one before it, and which of them is right no word tells."""
    text = f"The code of room {number // 2} is written in the book {'blue' if number % 2 else 'grey'}"
    chunk = Chunk(0, len(text), text, "")
    place = NewPlace(source, f"/docs/{number}.txt")
    return NewDocument(f"{number}", f"{number}", text, "text/plain", (chunk,), EMBEDDER.embed([text]), (place,))


def asked(number: int) -> Case:
    gold = Gold(f"{2 * number + 1}.txt")
    return replace(case(gold, name=str(number)), question=f"Where is the code of room {number} written?")


def made(root: Path, score: Callable[[str, str], float]) -> tuple[Library, KnowledgeBank]:
    library = Library(root, embedders=lambda _spec: EMBEDDER, rerankers=lambda _spec: ScriptedReranker(score))
    bank = library.create("notes")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.commit([note(number, source) for number in range(2 * COUNT)])
    return library, bank


def prefers_blue(question: str, text: str) -> float:
    """The words decide, and between equals the colour."""
    wanted = question.partition("room ")[2].split()[0]
    return float(f"room {wanted} " in text) + 0.5 * ("blue" in text)


@pytest.mark.parametrize("had", [None, RerankerSpec("blue", 10)])
@pytest.mark.parametrize(("score", "helps"), [(prefers_blue, True), (lambda _question, _text: 0.0, False)])
def test_a_bank_is_tuned_with_a_reranker(
    tmp_path: Path, had: RerankerSpec | None, score: Callable[[str, str], float], helps: bool
) -> None:
    library, bank = made(tmp_path, score)
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), reranker=had))
    bank.close()
    cases = [asked(number) for number in range(COUNT)]
    spec = RerankerSpec("blue", 10)
    told = tune_bank(
        library, bank, cases, seconds=300, tolerated=0.1, knobs=(LINKS,), asked_by_people=False, reranker=spec
    )
    trial = next(one for one in told.trials if one.setting.startswith("reranker"))
    assert (trial.kept, bank.card().reranker) == (helps, spec if helps else None)
    assert trial in bank.card().trials
    assert trial.after > trial.before if helps else trial.after == trial.before
    library.close()


def test_what_the_card_has_stays_where_no_time_was_left(tmp_path: Path) -> None:
    library, bank = made(tmp_path, prefers_blue)
    with bank.writer() as writer:
        writer.put_card(replace(bank.card(), reranker=HELPFUL))
    bank.close()
    told = tune_bank(
        library, bank, [asked(1)], seconds=0, tolerated=0.1, knobs=(LINKS,), asked_by_people=False, reranker=USELESS
    )
    assert "reranker: no time was left." in told.notes
    assert bank.card().reranker == HELPFUL
    library.close()


def test_a_reranker_that_the_deadline_cuts_short_does_not_count() -> None:
    def cut_short(card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        if card.reranker == USELESS:
            raise OutOfTime("Cut short.")
        return measure(card, cases, deadline)

    reranking = Reranking((HELPFUL, USELESS))
    tuned = tune(CARD, CASES, cut_short, deadline=ENDLESS, knobs=(reranking,))
    assert reranking.measured
    assert tuned.card.reranker == HELPFUL
    assert tuned.skipped == {"reranker": "no time was left for 2"}


def test_the_command_names_a_reranker_that_cannot_be_tried(
    refdesk: Refdesk, own_handbook: Path, cases: Path, tmp_path: Path
) -> None:
    command = ["--root", str(own_handbook), "eval", "tune", "hr", "--cases", str(cases), "--json", "--minutes", "1"]
    done = refdesk([*command, "--reranker", str(tmp_path)])
    assert done.code == 0, done.err
    assert any("holds no cross-encoder" in one for one in json.loads(done.out)["notes"])
    library = Library(own_handbook)
    assert library.bank("hr").card().reranker is None
    library.close()
