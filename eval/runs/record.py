"""What a run keeps of one case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from eval.cases import Case
from eval.observation import Hit
from eval.summaries.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case with its scores, what was answered, and where it failed.

    `digest` names the case's content. `scores` holds what every metric that applies gave, `reasons` why, and
    `unjudged` why a metric failed to give anything. `stage` is empty where all is well.
    """

    id: str
    digest: str
    question: str
    answerable: bool
    bank: str | None = None
    answers: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    unjudged: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    abstained: bool = False
    confidence: float | None = None
    citations: tuple[Hit, ...] = ()
    hits: tuple[Hit, ...] = ()
    seconds: float = 0.0
    model: str | None = None
    stage: str = ""
    stage_reason: str = ""
    error: str = ""

    @property
    def outcome(self) -> Outcome:
        """The case as summaries count it; a failure is neither an answer nor an abstention, and never right."""
        seconds = self.scores.get("latency", float("nan"))
        correct = self.scores.get("correct") if self.answerable else 0.0
        answered = not (self.abstained or self.error)
        return Outcome(self.answerable, answered, self.confidence, correct, seconds, failed=bool(self.error))


def digest(case: Case) -> str:
    """A name for the content of a case: the same question with other gold is another case."""
    content = json.dumps(asdict(case), sort_keys=True, ensure_ascii=False, default=str)
    return sha256(content.encode()).hexdigest()[:16]
