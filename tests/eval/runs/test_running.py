"""Runs: resumed after a kill, cached, reproducible, and honest about failures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Case, Gold
from eval.metrics.registry import Metric, make_metrics
from eval.metrics.score import Score
from eval.observation import Hit, Observation, observation_from_json, observation_to_json
from eval.runs.journal import Journal
from eval.runs.record import digest
from eval.runs.result import load_result, save_result
from eval.runs.running import RunOptions, run
from eval.targets.target import TargetFailed, TargetUnreachable
from knowledge.errors import ConfigError, UsageError
from knowledge.testing import HashingEmbedder
from tests.eval.made_cases import answered, case

ROOT = Path(__file__).parents[3]
CASES = tuple(case(Gold("a.md"), name=f"case {number}", answers=[f"{number} days"]) for number in range(12))
AGENT = """
import time
def reply(question):
    time.sleep(.05)
    with open("asked.txt", "a") as file:
        file.write(question + "\\n")
    return f"It takes {question.split()[-1]}."
"""


@dataclass
class Clerk:
    """Answers cases until it is gone; fails on those whose id is in `broken`."""

    name: str = "clerk"
    broken: frozenset[str] = frozenset()
    gone_after: int = 1_000
    asked: list[str] = field(default_factory=list)

    def describe(self) -> Mapping[str, Any]:
        return {"kind": self.name}

    def observe(self, case: Case) -> Observation:
        self.asked.append(case.id)
        if len(self.asked) > self.gone_after:
            raise TargetUnreachable("Nobody is at the desk.")
        if case.id in self.broken:
            raise TargetFailed("The clerk is out.")
        seen = answered(f"It takes {case.answers[0]}.", Hit("a.md"))
        return observation_from_json(observation_to_json(seen) | {"hits": [{"doc": "a.md"}], "seconds": 0.5})


def metrics(*names: str) -> dict[str, Metric]:
    return make_metrics(HashingEmbedder(), names)


def write_cases(path: Path, count: int) -> Path:
    rows = [
        {"id": f"c{n}", "question": f"Say {n}", "answers": [str(n)], "answerable": True, "gold": []}
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def command(folder: Path, cases: Path, out: str, cache: str) -> tuple[list[str], dict[str, str]]:
    arguments = [sys.executable, "-m", "serve", "--root", str(folder), "eval", "run", str(cases)]
    arguments += ["--agent", "clerk:reply", "--concurrency", "2", "--metric", "correct", "--metric", "f1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REFDESK_CACHE": str(folder / cache)}
    return [*arguments, "--out", str(folder / out)], environment


def scores(path: Path) -> list[tuple[str, Mapping[str, float]]]:
    return [(record.id, record.scores) for record in load_result(path).records]


def test_a_run_that_is_killed_goes_on_where_it_was_and_comes_to_the_same_result(tmp_path: Path) -> None:
    (tmp_path / "clerk.py").write_text(AGENT, "utf-8")
    cases = write_cases(tmp_path / "cases.jsonl", 40)
    arguments, environment = command(tmp_path, cases, "killed.json", "one")
    victim = subprocess.Popen(arguments, cwd=tmp_path, env=environment, start_new_session=True)
    journal = tmp_path / "one" / "eval"
    deadline = time.monotonic() + 60
    while sum(path.read_bytes().count(b"\n") for path in journal.glob("*.jsonl")) < 8:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    before = len((tmp_path / "asked.txt").read_text("utf-8").splitlines())
    assert before < 40
    assert subprocess.run(arguments, cwd=tmp_path, env=environment, check=False).returncode == 0
    asked = len((tmp_path / "asked.txt").read_text("utf-8").splitlines())
    assert asked < 40 + before  # what was observed before the kill was not asked again
    again, other = command(tmp_path, cases, "whole.json", "two")
    assert subprocess.run(again, cwd=tmp_path, env=other, check=False).returncode == 0
    assert scores(tmp_path / "killed.json") == scores(tmp_path / "whole.json")
    assert len(scores(tmp_path / "whole.json")) == 40


def test_the_same_configuration_is_not_asked_twice_and_another_system_is(tmp_path: Path) -> None:
    first, second, other = Clerk(), Clerk(), Clerk(name="another")
    results = [run("r", CASES, clerk, metrics("correct"), RunOptions(tmp_path)) for clerk in (first, second, other)]
    assert [len(clerk.asked) for clerk in (first, second, other)] == [12, 0, 12]
    assert results[0].configuration_hash == results[1].configuration_hash != results[2].configuration_hash
    assert results[0].records == results[1].records
    fresh = Clerk()
    run("r", CASES, fresh, metrics("correct"), RunOptions(tmp_path, fresh=True))
    assert len(fresh.asked) == 12


def test_a_system_that_may_have_changed_is_asked_again_once_a_run_of_it_ended(tmp_path: Path) -> None:
    broken, mended, later = Clerk(broken=frozenset({"case 3"})), Clerk(), Clerk()
    for clerk in (broken, mended, later):
        run("r", CASES, clerk, metrics("correct"), RunOptions(tmp_path), lasting=False)
    assert mended.asked == ["case 3"]
    assert len(later.asked) == 12


def test_records_stand_in_the_order_of_the_cases_however_many_are_asked_at_a_time(tmp_path: Path) -> None:
    result = run("r", CASES, Clerk(), metrics("correct"), RunOptions(tmp_path, concurrency=8))
    assert [record.id for record in result.records] == [one.id for one in CASES]


def test_a_failure_counts_as_wrong_is_named_and_is_tried_again(tmp_path: Path) -> None:
    broken = Clerk(broken=frozenset({"case 3"}))
    result = run("r", CASES, broken, metrics("correct", "recall@5"), RunOptions(tmp_path))
    [failed] = result.errors
    assert (failed.id, failed.error, failed.stage) == ("case 3", "The clerk is out.", "answering")
    assert failed.scores == {"correct": 0.0, "recall@5": 0.0}
    assert result.figures["answer-rate"].value == pytest.approx(11 / 12)
    mended = Clerk()
    assert not run("r", CASES, mended, metrics("correct"), RunOptions(tmp_path)).errors
    assert mended.asked == ["case 3"]


def test_a_system_that_is_gone_ends_the_run_and_what_it_answered_is_kept(tmp_path: Path) -> None:
    gone, back = Clerk(gone_after=4), Clerk()
    options = RunOptions(tmp_path, concurrency=1)
    with pytest.raises(TargetUnreachable) as caught:
        run("r", CASES, gone, metrics("correct"), options, lasting=False)
    assert len(gone.asked) == 4 + 5
    assert caught.value.sentence == (
        "Nobody is at the desk. The run ended after 5 failures in a row, with 4 of 12 cases kept:"
        " the same command goes on there."
    )
    assert not run("r", CASES, back, metrics("correct"), options, lasting=False).errors
    assert len(back.asked) == 8


def test_an_interrupted_run_says_what_is_kept(tmp_path: Path) -> None:
    def pressed(record: object) -> None:
        raise KeyboardInterrupt

    options = RunOptions(tmp_path, concurrency=1)
    with pytest.raises(
        KeyboardInterrupt, match=r"Interrupted with \d+ of 12 cases kept: the same command goes on there."
    ):
        run("r", CASES, Clerk(), metrics("correct"), options, progress=pressed)
    again = Clerk()
    run("r", CASES, again, metrics("correct"), options)
    assert len(again.asked) < 12


def test_a_system_that_is_gone_for_all_of_a_few_cases_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(TargetUnreachable, match="with 0 of 2 cases kept"):
        run("r", CASES[:2], Clerk(gone_after=0), metrics("correct"), RunOptions(tmp_path))


def test_a_metric_that_fails_is_counted_and_named_and_gives_no_score(tmp_path: Path) -> None:
    class Moody:
        def evaluate(self, case: Case, seen: Observation) -> Score | None:
            raise UsageError("I would rather not.")

    result = run("r", CASES, Clerk(), {"mood": Moody(), **metrics("f1")}, RunOptions(tmp_path))
    assert result.unjudged == {"mood": 12}
    assert "mood" not in result.figures
    assert result.records[0].unjudged == {"mood": "I would rather not."}


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    result = run("r", CASES, Clerk(), metrics(), RunOptions(tmp_path))
    save_result(result, tmp_path / "deep" / "result.json")
    loaded = load_result(tmp_path / "deep" / "result.json")
    assert loaded.records == result.records
    assert loaded.figures == result.figures
    assert {"seed", "versions", "target", "cases", "code"} <= set(loaded.configuration)


def test_what_is_no_result_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "r"}', "utf-8")
    with pytest.raises(ConfigError, match=r"a.json: is no result of a run \(field `created`"):
        load_result(tmp_path / "a.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_result(tmp_path / "none.json")


def test_a_run_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cases to run"):
        run("r", (), Clerk(), metrics(), RunOptions(tmp_path))


def test_a_journal_survives_torn_and_foreign_lines(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    with Journal(path) as journal:
        journal.put("a", answered("one"))
    path.write_text(path.read_text("utf-8") + '{"case": "b", "seen": {"colour": 1}}\n{"case": "c", "se', "utf-8")
    with Journal(path) as journal:
        assert journal.get("a") == answered("one")
        assert journal.get("b") is journal.get("c") is None
        journal.put("d", answered("two"))
    with Journal(path) as journal:
        assert journal.get("d") == answered("two")


def test_a_case_with_other_gold_is_another_case() -> None:
    assert digest(case(Gold("a.md"))) != digest(case(Gold("b.md")))
    assert digest(case(Gold("a.md"))) == digest(case(Gold("a.md")))
