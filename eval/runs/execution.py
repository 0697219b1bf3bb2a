"""Asks every case and measures it, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace

from eval.cases import Case
from eval.metrics.registry import Metric
from eval.observation import Observation
from eval.runs.diagnosis import diagnose
from eval.runs.journal import Journal
from eval.runs.patience import Patience
from eval.runs.record import CaseRecord, digest
from eval.runs.threads import Threads
from eval.targets.target import Target, TargetUnreachable
from knowledge.errors import RefdeskError

HITS_KEPT = 10
QUOTE_KEPT = 300
AHEAD = 4


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A system and what is measured of it; `tells_hits` is whether it says what it retrieved, failures included.

    A system that cannot be reached is asked until `patience` is lost.
    """

    target: Target
    metrics: Mapping[str, Metric]
    journal: Journal
    tells_hits: bool = True
    patience: Patience = field(default_factory=Patience)

    def record(self, case: Case) -> CaseRecord:
        """One case, asked unless the journal knows it, and measured; raises `TargetUnreachable` without patience."""
        seen = self._observe(case)
        scores: dict[str, float] = {}
        reasons: dict[str, str] = {}
        unjudged: dict[str, str] = {}
        for name, metric in self.metrics.items():
            try:
                score = metric.evaluate(case, seen)
            except RefdeskError as error:
                unjudged[name] = error.sentence
                continue
            if score is not None:
                scores[name] = score.value
                reasons |= {name: score.reason} if score.reason else {}
        return _record(case, seen, scores, reasons, unjudged)

    def _observe(self, case: Case) -> Observation:
        key = digest(case)
        if (known := self.journal.get(key)) is not None:
            return known
        if lost := self.patience.lost:
            raise TargetUnreachable(lost.message, hint=lost.hint)
        try:
            seen = self.target.observe(case)
        except RefdeskError as error:
            if isinstance(error, TargetUnreachable):
                self.patience.failed(error)
            else:
                self.patience.reached()
            return Observation(error=error.sentence, hits=() if self.tells_hits else None)
        self.patience.reached()
        self.journal.put(key, seen)
        return seen


def evaluate(
    cases: Sequence[Case],
    evaluation: Evaluation,
    *,
    concurrency: int,
    progress: Callable[[CaseRecord], None] = lambda _: None,
) -> list[CaseRecord]:
    """Every case's record, in the order of `cases`, whatever order they finish in. `progress` hears of each.

    Raises `TargetUnreachable` where the system could not be reached too often in a row.
    """
    records: dict[str, CaseRecord] = {}
    with Threads(evaluation.record, concurrency) as threads:
        for record in _finished(threads, cases, concurrency * AHEAD):
            records[record.id] = record
            progress(record)
    if lost := evaluation.patience.lost:
        raise TargetUnreachable(lost.message, hint=lost.hint)
    return [records[case.id] for case in cases]


def _finished(threads: Threads[Case, CaseRecord], cases: Sequence[Case], ahead: int) -> Iterator[CaseRecord]:
    """Records as they are finished; only a few cases are submitted at a time, however many there are."""
    waiting = iter(cases)
    under_way: set[Future[CaseRecord]] = set()
    while True:
        for case in waiting:
            under_way.add(threads.submit(case))
            if len(under_way) >= ahead:
                break
        if not under_way:
            return
        done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _record(
    case: Case,
    seen: Observation,
    scores: Mapping[str, float],
    reasons: Mapping[str, str],
    unjudged: Mapping[str, str],
) -> CaseRecord:
    found = diagnose(case, seen, scores.get("correct"))
    return CaseRecord(
        id=case.id,
        digest=digest(case),
        question=case.question,
        answerable=case.answerable,
        bank=case.bank,
        answers=case.answers,
        scores=scores,
        reasons=reasons,
        unjudged=unjudged,
        answer=seen.text,
        abstained=seen.abstained,
        confidence=seen.confidence,
        citations=tuple(replace(cited, text=cited.text[:QUOTE_KEPT]) for cited in seen.citations),
        hits=tuple(replace(hit, text="") for hit in (seen.hits or ())[:HITS_KEPT]),
        seconds=seen.seconds,
        model=seen.model,
        stage=found.stage.value if found else "",
        stage_reason=found.reason if found else "",
        error=seen.error,
    )
