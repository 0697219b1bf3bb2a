"""The cases of a report: what failed, and where two runs part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from eval.comparison.comparison import Comparison
from eval.judges.judged import KINDS as JUDGES
from eval.observation import Hit
from eval.runs.record import CaseRecord
from eval.runs.result import RunResult
from knowledge.answers.markup import plain

MOST = 200
ANSWER = 700
HITS = 5
KINDS = ("first", "second")
# A quarter of the scale: one of the five grades.
APART = 0.25


def failures(run: RunResult) -> str:
    """Every failed case, by the step that lost it."""
    failed = sorted((record for record in run.records if record.stage), key=lambda record: record.stage)
    return _listed([([record], record.stage) for record in failed])


def partings(comparison: Comparison) -> str:
    """The cases that one run failed and the other did not, lost ones first."""
    pairs = list(zip(comparison.pairs.base, comparison.pairs.new, strict=True))
    lost = [([before, after], "lost") for before, after in pairs if after.stage and not before.stage]
    won = [([before, after], "won") for before, after in pairs if before.stage and not after.stage]
    alike = ((before, after) for before, after in pairs if bool(before.stage) == bool(after.stage))
    judged = [([before, after], "judged otherwise") for before, after in alike if _apart(before, after)]
    if not lost and not won and not judged:
        return '<p class="soft">Both runs fail on the same cases.</p>'
    return _listed([*lost, *won, *judged])


def judgements(run: RunResult) -> str:
    """Every case that was judged, with the reasons, the worst first; empty where no judge was asked."""
    judged = [(min(scores.values()), record) for record in run.records if (scores := _judged(record))]
    unjudged = [
        record for record in run.records if not _judged(record) and any(kind in record.unjudged for kind in JUDGES)
    ]
    worst_first = sorted(judged, key=lambda one: one[0])
    entries = [([record], f"{worst:.2f}") for worst, record in worst_first]
    return _listed([*entries, *(([record], "not judged") for record in unjudged)]) if entries or unjudged else ""


def _judged(record: CaseRecord) -> dict[str, float]:
    return {kind: record.scores[kind] for kind in JUDGES if kind in record.scores}


def _apart(before: CaseRecord, after: CaseRecord) -> bool:
    """Whether a judge thinks otherwise of the second answer."""
    old, new = _judged(before), _judged(after)
    return any(abs(new[kind] - old[kind]) >= APART for kind in old.keys() & new.keys())


def _listed(entries: Sequence[tuple[Sequence[CaseRecord], str]]) -> str:
    shown = "".join(_entry(records, tag) for records, tag in entries[:MOST])
    more = f'<p class="soft">And {len(entries) - MOST} more.</p>' if len(entries) > MOST else ""
    return shown + more or '<p class="soft">No case failed.</p>'


def _entry(records: Sequence[CaseRecord], tag: str) -> str:
    first = records[0]
    sides = "".join(_side(record, kind) for record, kind in zip(records, KINDS, strict=False))
    return (
        f'<details><summary><span class="tag">{escape(tag)}</span> {_text(first.question)} '
        f'<span class="soft small">{escape(first.id)}</span></summary>'
        f"{_expected(first)}<div class='sides'>{sides}</div></details>"
    )


def _expected(record: CaseRecord) -> str:
    if not record.answerable:
        return '<p class="small soft">The documents do not answer it.</p>'
    answers = " <em>or</em> ".join(_text(answer[:ANSWER]) for answer in record.answers)
    return f'<p class="small"><span class="soft">Expected:</span> {answers}</p>' if answers else ""


def _side(record: CaseRecord, kind: str) -> str:
    sure = f" at confidence {record.confidence:.2f}" if record.confidence is not None else ""
    said = _how(record)
    stage = f'<p class="small"><b>{escape(record.stage)}</b>: {_text(record.stage_reason)}</p>' if record.stage else ""
    answer = f'<p class="said">{_text(record.answer[:ANSWER])}</p>' if record.answer and not record.abstained else ""
    return (
        f'<div class="side {kind}"><p class="small soft">{said}{sure}</p>{answer}{stage}{_reasons(record)}'
        f"{_places('Cited', record.citations)}{_places('Retrieved', record.hits[:HITS])}</div>"
    )


def _how(record: CaseRecord) -> str:
    if record.error:
        return "Failed"
    return "Abstained" if record.abstained else "Answered" if record.answer else "Retrieved"


def _reasons(record: CaseRecord) -> str:
    """What each judge gave, and why."""
    said = [
        f"<li><b>{kind}</b> {value:.2f}{_because(record.reasons.get(kind, ''))}</li>"
        for kind, value in _judged(record).items()
    ]
    said += [f"<li><b>{kind}</b>{_because(record.unjudged[kind])}</li>" for kind in JUDGES if kind in record.unjudged]
    return f'<ul class="plain small">{"".join(said)}</ul>' if said else ""


def _because(reason: str) -> str:
    return f": {_text(reason[:ANSWER])}" if reason else ""


def _places(title: str, hits: Iterable[Hit]) -> str:
    items = "".join(f"<li>{_place(hit)}</li>" for hit in hits)
    return f'<p class="small soft">{title}</p><ol class="small">{items}</ol>' if items else ""


def _place(hit: Hit) -> str:
    page = f", page {hit.page_first}" if hit.page_first else ""
    span = f", characters {hit.start:,} to {hit.end:,}" if hit.start is not None and hit.end is not None else ""
    quote = f"<br><q>{_text(hit.text)}</q>" if hit.text else ""
    return f"{_text(hit.title or hit.doc)}{page}{span}{quote}"


def _text(text: str) -> str:
    return escape(plain(text))
