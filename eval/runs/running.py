"""A whole run: cases, a system and metrics in, a result out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from eval.cases import Case
from eval.comparison.figures import figures
from eval.metrics.registry import Metric
from eval.runs.configuration import configure
from eval.runs.execution import Evaluation, evaluate
from eval.runs.journal import Journal
from eval.runs.patience import MOST, Patience
from eval.runs.record import CaseRecord, digest
from eval.runs.result import RunResult
from eval.targets.target import Target, TargetUnreachable
from knowledge.errors import UsageError
from knowledge.terminal.presentation import counted

Progress = Callable[[CaseRecord], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes about it. `cache` is the folder of journals; `fresh` asks again what one of them knows.

    `seed` counts for intervals, tests and, where a system takes one, its answers.
    """

    cache: Path
    concurrency: int = 4
    seed: int = 0
    fresh: bool = False


def run(
    name: str,
    cases: Sequence[Case],
    target: Target,
    metrics: Mapping[str, Metric],
    options: RunOptions,
    *,
    tells_hits: bool = True,
    lasting: bool = True,
    progress: Progress = lambda _: None,
) -> RunResult:
    """Asks `target` every case and measures it; what an earlier run of the same configuration observed is not asked.

    A target that may answer otherwise tomorrow, though it describes itself alike, is not `lasting`: only what a run
    without an end, or with failures, observed of it is used again.
    Raises `UsageError` without cases, what the target raises that cannot be asked at all, and `TargetUnreachable` where
    it could not be reached several times in a row: what it answered before is kept, and a later run goes on there.
    """
    if not cases:
        raise UsageError("There are no cases to run.", hint="Check the file, and --bank.")
    started = perf_counter()
    configuration = configure(target.describe(), cases, tuple(metrics), seed=options.seed)
    path = options.cache / "eval" / f"{configuration.target_hash}.jsonl"
    with Journal(path, fresh=options.fresh) as journal:
        evaluation = Evaluation(target, metrics, journal, tells_hits, Patience(min(MOST, len(cases))))
        try:
            records = evaluate(cases, evaluation, concurrency=options.concurrency, progress=progress)
        except TargetUnreachable as error:
            raise _ended(error, cases, evaluation) from error
        except KeyboardInterrupt as interrupt:
            kept = _kept(cases, evaluation)
            raise KeyboardInterrupt(f"Interrupted with {kept} kept: the same command goes on there.") from interrupt
        if not lasting and not any(record.error or record.unjudged for record in records):
            journal.forget()
    return RunResult(
        name=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        configuration=asdict(configuration),
        configuration_hash=configuration.hash,
        records=tuple(records),
        figures=figures(records, seed=options.seed),
        seconds=perf_counter() - started,
    )


def _ended(error: TargetUnreachable, cases: Sequence[Case], evaluation: Evaluation) -> TargetUnreachable:
    """Why a run ended before its end, and what is left of it."""
    failures = counted(evaluation.patience.most, "failure")
    return TargetUnreachable(
        f"{error.sentence} The run ended after {failures} in a row, with {_kept(cases, evaluation)} kept:",
        hint="the same command goes on there.",
    )


def _kept(cases: Sequence[Case], evaluation: Evaluation) -> str:
    """How many of the cases need not be asked again."""
    kept = sum(evaluation.journal.get(digest(case)) is not None for case in cases)
    return f"{kept:,} of {counted(len(cases), 'case')}"
