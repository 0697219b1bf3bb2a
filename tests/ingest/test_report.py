"""Reports answer questions about themselves."""

from __future__ import annotations

import json

import ingest
from ingest import FileResult, IngestReport, IngestStopped, Outcome

REPORT = IngestReport(
    "hr",
    (
        FileResult("a.md", Outcome.ADDED, "A", 3),
        FileResult("b.md", Outcome.REPLACED, "B", 5),
        FileResult("c.md", Outcome.FAILED, reason="c.md is empty: there is nothing to index."),
        FileResult("d.md", Outcome.UNCHANGED, "D"),
    ),
    seconds=2.0,
)


def test_a_report_counts_what_went_in_and_how_fast() -> None:
    assert [result.uri for result in REPORT.went_in] == ["a.md", "b.md"]
    assert (REPORT.chunks, REPORT.chunks_per_second) == (8, 4.0)
    assert REPORT.summary == "hr: 1 new, 1 changed, 1 unchanged, 1 not read (8 chunks, 4 a second) in 2.0 s."
    assert json.loads(json.dumps(REPORT.to_json()))["results"][2]["reason"] == REPORT.failed[0].reason


def test_exit_codes_tell_success_partial_success_and_interruption_apart() -> None:
    assert IngestReport("hr", REPORT.results[:2]).exit_code == 0
    assert REPORT.exit_code == 1
    assert IngestReport("hr", (), stopped=True).exit_code == 130
    assert str(IngestStopped(REPORT)) == "stopped: 2 documents went in; run the same command to go on."


def test_an_empty_run_says_so() -> None:
    assert IngestReport("hr", ()).summary == "hr: nothing to do in 0.0 s."


def test_the_package_exports_what_it_says() -> None:
    assert ingest.__all__ == sorted(ingest.__all__)
    assert all(hasattr(ingest, name) for name in ingest.__all__)
