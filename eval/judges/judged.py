"""Judges as metrics of a run."""

from __future__ import annotations

from dataclasses import dataclass

from eval.cases import Case
from eval.judges.judgement import Judge, JudgeFailed, Judgement, KeptJudgements
from eval.metrics.score import Score
from eval.observation import Observation

KINDS = ("faithfulness", "correctness", "relevancy")
FURTHEST_APART = 0.5
MOST_CONTEXTS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A metric that a judge decides by `votes` judgements.

    Votes that are further apart than half the scale mean that the judge does not know: it fails, rather than giving
    a mean that nobody voted for. `needs_reference` and `needs_context` say without what it has nothing to judge.
    """

    judge: Judge
    kept: KeptJudgements
    votes: int = 1
    needs_reference: bool = False
    needs_context: bool = False

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where nothing was answered, or what the judge needs is missing."""
        contexts = _contexts(seen)
        reference = "\nor: ".join(case.answers)
        if seen.abstained or not seen.text.strip():
            return None
        if (self.needs_reference and not reference) or (self.needs_context and not contexts):
            return None
        votes = [
            self.kept.judged(self.judge, Judgement(case.question, seen.text, contexts, reference, vote))
            for vote in range(self.votes)
        ]
        values = sorted(vote.value for vote in votes)
        if values[-1] - values[0] > FURTHEST_APART:
            raise JudgeFailed(f"The judge disagrees with itself: {', '.join(f'{value:g}' for value in values)}.")
        middle = values[len(values) // 2]
        return Score(middle, next(vote.reason for vote in votes if vote.value == middle))


def make_judged(judges: dict[str, Judge], kept: KeptJudgements, *, votes: int) -> dict[str, Judged]:
    """The judges as metrics, by their kinds."""
    return {
        kind: Judged(judge, kept, votes, needs_reference=kind == "correctness", needs_context=kind == "faithfulness")
        for kind, judge in judges.items()
    }


def _contexts(seen: Observation) -> tuple[str, ...]:
    """The words that the answer rests on: what it cites, else what was retrieved."""
    cited = [hit.text for hit in seen.citations if hit.text]
    retrieved = [hit.text for hit in seen.hits or () if hit.text]
    return tuple(dict.fromkeys(cited or retrieved[:MOST_CONTEXTS]))
