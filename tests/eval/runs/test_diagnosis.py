"""Where a case failed: the first step that lost the evidence."""

from __future__ import annotations

from dataclasses import replace

from eval.cases import Gold
from eval.observation import Hit, Observation, Sentence
from eval.runs.diagnosis import Stage, diagnose
from tests.eval.made_cases import case

GOLD = Gold("a.md", start=100, end=120, group=0)
ASKED = case(GOLD)
OTHERS = tuple(Hit("b.md", 10 * n, 10 * n + 9) for n in range(30))
WHOLE = Hit("a.md", 90, 200)
ANSWERED = Observation(
    text="Nine.", sentences=(Sentence("Nine."),), confidence=0.9, hits=(WHOLE, *OTHERS), gold=(GOLD,)
)


def stage(seen: Observation, correct: float = 0.0) -> Stage | None:
    found = diagnose(ASKED, seen, correct)
    return found.stage if found else None


def test_each_stage_is_told_from_the_others() -> None:
    assert stage(ANSWERED, 1.0) is None
    assert stage(replace(ANSWERED, unplaced=("not there",))) is Stage.PARSING
    assert stage(replace(ANSWERED, hits=OTHERS)) is Stage.RETRIEVAL
    assert stage(replace(ANSWERED, hits=(*OTHERS, WHOLE))) is Stage.RANKING
    assert stage(replace(ANSWERED, hits=(Hit("a.md", 90, 110), Hit("a.md", 110, 200)))) is Stage.CHUNKING
    assert stage(ANSWERED) is Stage.ANSWERING
    assert stage(replace(ANSWERED, abstained=True), 1.0) is Stage.ANSWERING


def test_a_system_that_does_not_tell_what_it_retrieved_fails_at_answering() -> None:
    assert stage(replace(ANSWERED, hits=None)) is Stage.ANSWERING
    assert stage(Observation(error="down")) is Stage.ANSWERING


def test_an_unanswerable_question_fails_only_when_it_is_answered() -> None:
    hopeless = case(answerable=False)
    assert diagnose(hopeless, replace(ANSWERED, abstained=True), 0.0) is None
    found = diagnose(hopeless, ANSWERED, 0.0)
    assert found is not None
    assert found.reason == "answered, though no document does"


def test_without_answers_the_evidence_must_be_among_the_first_five() -> None:
    retrieved = Observation(hits=(*OTHERS[:4], WHOLE), gold=(GOLD,))
    assert stage(retrieved) is None
    assert stage(replace(retrieved, hits=(*OTHERS[:5], WHOLE))) is Stage.RANKING
