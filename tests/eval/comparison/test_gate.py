"""Comparing and gating: a real fall is noticed, chance is not, and the report shows both without loading anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from eval.comparison.comparison import compare
from eval.comparison.figures import figures
from eval.comparison.gate import gate
from eval.observation import Hit
from eval.report.page import report
from eval.runs.record import CaseRecord
from eval.runs.result import RunResult
from knowledge.errors import UsageError

FEW = ("correct", "recall@5", "right")
HOSTILE = "<script>alert('x')</script> & \"quotes\""


def record(number: int, *, correct: bool, **more: object) -> CaseRecord:
    scores = {"recall@5": float(number % 7 > 0), "latency": 0.01 * (number % 5 + 1)}
    scores |= {"correct": float(correct)} if number % 4 else {}
    made = CaseRecord(
        id=f"c{number}", digest=f"d{number}", question=f"Question {number}?", answerable=number % 4 > 0,
        scores=scores, answer="Nine.", confidence=(number % 10) / 10,
        abstained=number % 8 == 0, hits=(Hit("a.md", 0, 9, 1, 1, title="A"),), stage="" if correct else "ranking",
        stage_reason="" if correct else "at rank 12",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]  # fields of the record


def result(name: str, *wrong: int, records: tuple[CaseRecord, ...] = (), count: int = 80) -> RunResult:
    made = records or tuple(record(number, correct=number not in wrong) for number in range(count))
    return RunResult(name, "2026-01-01", {"seed": 0, "versions": {}}, "hash", made, figures(made, seed=0))


def verdicts(base: RunResult, new: RunResult) -> Mapping[str, str]:
    return {one.metric: one.verdict for one in compare(base, new, metrics=FEW).differences}


GOOD = result("good", 1, 2)
BAD = result("bad", *range(1, 60))


def test_a_fall_is_told_from_chance_and_the_cases_are_named() -> None:
    found = verdicts(GOOD, BAD)
    assert found["correct"] == "worse"
    assert found["right"] == "worse"
    assert found["recall@5"] == "same"
    assert verdicts(BAD, GOOD)["correct"] == "better"
    assert verdicts(GOOD, result("other", 1, 5))["correct"] == "same"
    [correct] = [one for one in compare(GOOD, BAD, metrics=FEW).differences if one.metric == "correct"]
    assert correct.wins == ()
    assert correct.losses[:2] == ("c3", "c5")
    assert correct.low <= correct.change <= correct.high < 0


def test_a_run_equals_itself() -> None:
    assert set(verdicts(GOOD, GOOD).values()) == {"same"}
    assert gate(GOOD, GOOD).passed


def test_the_gate_names_what_fell_and_lets_a_tolerated_drop_pass() -> None:
    found = gate(GOOD, BAD)
    assert not found.passed
    assert [one.metric for one in found.worse] == ["correct", "right"]
    assert found.sentences[0].startswith("correct fell from ")
    assert "worst hit: c3, c5, c6" in found.sentences[0]
    assert gate(GOOD, BAD, tolerance=0.9).passed
    assert gate(BAD, GOOD).passed


def test_a_case_that_only_fails_now_does_not_pass() -> None:
    broken = tuple(replace(one, error="down") if one.id == "c3" else one for one in GOOD.records)
    found = gate(GOOD, result("broken", records=broken))
    assert [one.id for one in found.broken] == ["c3"]
    assert found.sentences == ["c3 fails now: down"]


def test_changed_and_missing_cases_are_left_out_and_told() -> None:
    changed = tuple(replace(one, digest="other") if one.id == "c3" else one for one in GOOD.records[:70])
    found = gate(GOOD, result("changed", records=changed))
    assert found.passed
    assert found.notes == ["11 cases are in one run only or have changed, and were not compared."]
    assert "too few" in gate(result("few", count=5), result("few", count=5)).notes[0]


def test_one_case_is_one_case() -> None:
    found = gate(result("one", count=1), result("two", 0, count=2))
    assert found.notes == [
        "1 case is in one run only or has changed, and was not compared.",
        "1 case is too few to notice any but the largest drops.",
    ]


def test_runs_without_a_common_case_and_unknown_metrics_are_refused() -> None:
    other = result("other", records=(record(999, correct=True),))
    with pytest.raises(UsageError, match="no case in common"):
        compare(GOOD, other)
    with pytest.raises(UsageError, match="'speed' is no metric"):
        compare(GOOD, BAD, metrics=("speed",))


class Tags(HTMLParser):
    """Collects what a page consists of."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    found.close()
    return found


def test_the_report_loads_nothing_and_shows_plots_differences_and_failures() -> None:
    page = report([GOOD, BAD])
    found = tags(page)
    assert found.addresses == []
    assert not {"script", "img", "link", "iframe", "object"} & set(found.names)
    assert not re.search(r"https?://|url\(|@import", page)
    assert found.names.count("svg") == 3
    assert "Differences" in page
    assert "prefers-color-scheme: dark" in page
    assert "at rank 12" in page


def test_words_of_documents_and_models_are_never_markup() -> None:
    hostile = record(3, correct=False, question=HOSTILE, answer=HOSTILE, answers=(HOSTILE,), stage_reason=HOSTILE,
                     id=HOSTILE, citations=(Hit("a", text=HOSTILE, title=HOSTILE),), scores={"faithfulness": 0.0},
                     reasons={"faithfulness": HOSTILE}, unjudged={"relevancy": HOSTILE})  # fmt: skip
    page = report([replace(result("r", records=(hostile,)), name=HOSTILE)])
    assert "script" not in tags(page).names
    assert "alert" in page


def test_the_report_of_a_gate_says_whether_it_is_passed_and_why_not() -> None:
    fell = gate(GOOD, BAD)
    page = report([GOOD, BAD], gate=fell)
    assert "The gate is not passed" in page
    assert "correct fell from" in page
    assert "The gate is passed" in report([GOOD, GOOD], gate=gate(GOOD, GOOD))
    row = next(row for row in page.split("<tr>") if row.startswith("<td>right</td>"))
    assert "<td></td><td></td>" in row  # a share of all cases is lost by none of them
    assert "2026-01-01 00:00 UTC" in page


def test_what_judges_said_stands_at_every_case_of_a_report() -> None:
    def judged(value: float, reason: str) -> RunResult:
        said = {"scores": {"correct": 1.0, "correctness": value}, "reasons": {"correctness": reason}}
        return result("r", records=(record(1, correct=True, **said, unjudged={"relevancy": "It said neither."}),))

    one, two = judged(1.0, "All of it is right."), judged(0.25, "A day is missing.")
    alone, both, same = report([one]), report([one, two]), report([one, one])
    assert "<b>correctness</b> 1.00: All of it is right." in alone
    assert "<b>relevancy</b>: It said neither." in alone
    assert both.count("A day is missing.") == 2  # side by side, and among all that was judged
    assert "judged otherwise" in both
    assert "judged otherwise" not in same


def test_a_case_on_which_the_system_failed_is_shown_as_failed() -> None:
    down = record(1, correct=False, answer="", error="down", stage="answering", stage_reason="failed: down")
    assert "Failed" in report([result("r", records=(down,))])


def test_a_report_needs_neither_confidence_nor_retrieval() -> None:
    bare = CaseRecord("a", "d", "Question?", answerable=True, scores={"f1": 0.5})
    page = report([result("bare", records=(bare,))])
    assert "No case failed" in page
    assert tags(page).names.count("svg") == 0
