"""The commands below `refdesk eval`, as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.bank_cli import interruption_told
from eval.runs.result import load_result
from tests.conftest import Refdesk


def test_a_run_prints_a_table_and_writes_result_and_report(
    refdesk: Refdesk, handbook: Path, cases: Path, tmp_path: Path
) -> None:
    out, page = tmp_path / "r.json", tmp_path / "r.html"
    done = refdesk(["--root", str(handbook), "eval", "run", str(cases), "--out", str(out), "--html", str(page)])
    assert done.code == 0
    assert "recall@5\t1.000" in done.out
    assert "groundedness\t1.000" in done.out
    assert "routing" in done.out
    assert len(load_result(out).records) == 19
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_json_holds_the_figures_with_intervals(refdesk: Refdesk, handbook: Path, cases: Path) -> None:
    done = refdesk(["--root", str(handbook), "eval", "run", str(cases), "--retrieval", "--json", "--bank", "hr"])
    told = json.loads(done.out)
    assert (done.code, told["cases"]) == (0, 13)
    assert set(told["figures"]["recall@5"]) == {"value", "low", "high", "cases"}
    assert {"span-recall@5", "routing", "latency-p95"} <= set(told["figures"])
    assert not {"f1", "correct", "right", "answer-rate"} & set(told["figures"])


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(
    refdesk: Refdesk, handbook: Path, cases: Path
) -> None:
    for option in ("--out", "--html"):
        done = refdesk(["--root", str(handbook), "eval", "run", str(cases), option, str(cases / "below")])
        assert (done.code, done.out) == (1, "")
        assert "cannot be written" in done.err


def test_one_metric_alone_is_shown_alone_and_failures_are_still_told_by_what_is_right(
    refdesk: Refdesk, handbook: Path, cases: Path
) -> None:
    done = refdesk(["--root", str(handbook), "eval", "run", str(cases), "--metric", "f1", "--metric", "right"])
    rows = [line.split("\t") for line in done.out.splitlines() if "\t" in line]
    assert [row[0] for row in rows] == ["metric", "f1", "right"]
    assert float(rows[2][1]) > 0.9
    assert "Where" not in done.out


def test_a_gate_passes_without_a_regression_and_fails_on_a_planted_one(
    refdesk: Refdesk, own_handbook: Path, cases: Path, baseline: Path
) -> None:
    arguments = ["--root", str(own_handbook), "eval", "gate", str(cases), "--baseline", str(baseline)]
    passed = refdesk(arguments)
    assert passed.code == 0, passed.out
    assert "The gate is passed." in passed.out
    # The regression: the travel documents and half of the others are gone from the banks.
    for bank, name in (("hr", "Leave"), ("travel", "Trains"), ("travel", "Hotels")):
        assert refdesk(["--root", str(own_handbook), "documents", "rm", name, "--bank", bank, "--yes"]).code == 0
    failed = refdesk(arguments)
    assert failed.code == 1, failed.out
    assert "recall@5 fell from 1.000 to" in failed.out
    assert "The gate is not passed." in failed.out
    told = json.loads(refdesk([*arguments, "--json", "--metric", "recall@5"]).out)
    assert told["passed"] is False
    assert [one["metric"] for one in told["differences"]] == ["recall@5"]


def test_two_results_are_compared(refdesk: Refdesk, baseline: Path, tmp_path: Path) -> None:
    page = tmp_path / "both.html"
    done = refdesk(["eval", "compare", str(baseline), str(baseline), "--metric", "f1", "--html", str(page)])
    assert done.code == 0
    assert "f1\t" in done.out
    assert "Both runs fail on the same cases." in page.read_text("utf-8")


def test_ctrl_c_says_what_became_of_the_bank_and_not_of_its_copy() -> None:
    with (
        pytest.raises(KeyboardInterrupt, match=r"^Interrupted: hr is as it was\.$"),
        interruption_told("hr is as it was."),
    ):
        raise KeyboardInterrupt("stopped: 57 documents went in")


def test_evidence_and_banks_that_are_not_there_are_named(refdesk: Refdesk, handbook: Path, tmp_path: Path) -> None:
    lost = {"id": "a", "question": "How long?", "answers": [], "answerable": True, "gold": [{"doc": "no/such.md"}]}
    path = tmp_path / "lost.jsonl"
    path.write_text("".join(json.dumps(lost | more) + "\n" for more in ({}, {"id": "b", "bank": "nobody"})), "utf-8")
    done = refdesk(["--root", str(handbook), "eval", "run", str(path), "--retrieval"])
    assert "a names evidence that is not there: no/such.md: the document is not in the bank." in done.out
    assert "1 case is about the bank 'nobody', which is not there." in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "none.jsonl"], "is not there"),
        (["run", "{cases}", "--bank", "nobody"], "There is no bank 'nobody'"),
        (["run", "{cases}", "--metric", "speed"], "'speed' is no metric"),
        (["run", "{cases}", "--agent", "nothing"], "names no agent: write module:attribute."),
        (["run", "{cases}", "--agent", "nothing:here"], "cannot be loaded"),
        (["run", "{cases}", "--url", "http://127.0.0.1:9/v1"], "name it with --model"),
        (["run", "{cases}", "--url", "ftp://x", "--model", "m"], "is not the address of a model server"),
        (["run", "{cases}", "--url", "https://example.org/v1", "--model", "m", "--offline"], "is not asked"),
        (["run", "{cases}", "--url", "http://127.0.0.1:9/v1", "--agent", "a:b"], "cannot both be evaluated"),
        (["run", "{cases}", "--url", "http://127.0.0.1:9/v1", "--retrieval"], "leave one of them out"),
        (["run", "{cases}", "--agent", "a:b", "--retrieval"], "leave one of them out"),
        (["run", "{cases}", "--judge", "m", "--retrieval"], "there is no answer to judge"),
        (["run", "{cases}", "--metric", "f1", "--retrieval"], "f1 is measured by answers: leave --retrieval out."),
        (["run", "{cases}", "--metric", "right", "--retrieval"], "right is measured by answers"),
        (["run", "{cases}", "--metric", "faithfulness"], "faithfulness is judged by a model: name one with --judge."),
        (["run", "{cases}", "--model", "m"], "give --url, or --judge for a judge"),
        (["run", "{cases}", "--price", "1", "2"], "give --url, or leave --price out"),
        (["run", "{cases}", "--votes", "3"], "name a judge with --judge"),
        (["gate", "{cases}", "--baseline", "{cases}"], "is no result of a run"),
        (["gate", "{cases}", "--baseline", "{cases}", "--model", "m"], "give --url"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(
    refdesk: Refdesk, handbook: Path, cases: Path, arguments: list[str], words: str
) -> None:
    done = refdesk(["--root", str(handbook), "eval", *(one.replace("{cases}", str(cases)) for one in arguments)])
    assert done.code == 2, done.err
    assert words in done.err
    assert done.err.count("\n") == 1
