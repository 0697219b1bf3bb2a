"""Judges: their reasons are kept, their failures counted, and no verdict is ever guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from llama_index.core.prompts import PromptTemplate
from rich.console import Console

from agents.model.spec import ModelSpec, open_model
from agents.testing import Reply, Request, ScriptedServer, failure
from agents.testing.server import Step
from eval.display import print_result
from eval.judges.agreement import agreement
from eval.judges.judged import Judged, make_judged
from eval.judges.judgement import Judge, JudgeFailed, Judgement, KeptJudgements
from eval.judges.llamaindex_evaluators import EVALUATORS, EvaluatorJudge
from eval.metrics.score import Score
from eval.observation import Hit
from eval.runs.record import CaseRecord
from eval.runs.result import RunResult
from knowledge.errors import ModelError
from tests.conftest import Refdesk
from tests.eval.made_cases import ABSTAINED, answered, case

ANSWER = answered("It takes 9 days.", Hit("a.md", text="Delivery takes 9 days."))


def judged(server: ScriptedServer, kind: str, folder: Path, votes: int = 1) -> Judged:
    llm = open_model(ModelSpec("judge", base_url=server.base_url, retries=0))
    judges: dict[str, Judge] = {kind: EvaluatorJudge(llm, kind)}
    return make_judged(judges, KeptJudgements(folder / "judgements.jsonl"), votes=votes)[kind]


@pytest.mark.parametrize(
    ("kind", "reply", "value", "reason"),
    [
        ("faithfulness", "YES. The context says so.", 1.0, "The context says so."),
        ("faithfulness", "No, it says 8 days: yes is wrong.", 0.0, "it says 8 days: yes is wrong."),
        ("correctness", "4.0\nAlmost the same.", 0.75, "Almost the same."),
        ("relevancy", "It fits the question.\n[RESULT] 2", 1.0, "It fits the question."),
    ],
)
def test_a_verdict_comes_with_its_reason(tmp_path: Path, kind: str, reply: str, value: float, reason: str) -> None:
    with ScriptedServer([reply]) as server:
        score = judged(server, kind, tmp_path).evaluate(case(), ANSWER)
    assert score == Score(value, reason)


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("faithfulness", "I cannot tell."),
        ("correctness", "Very good!"),
        ("correctness", "11\nOff the scale."),
        ("correctness", "nan\nNobody knows."),
        ("relevancy", "No result."),
        ("relevancy", "Too good. [RESULT] 9"),
    ],
)
def test_a_reply_without_a_verdict_is_a_failure_and_no_number(tmp_path: Path, kind: str, reply: str) -> None:
    with ScriptedServer([reply]) as server, pytest.raises(JudgeFailed, match=r"judge"):
        judged(server, kind, tmp_path).evaluate(case(), ANSWER)


def test_faithfulness_is_asked_for_in_the_words_of_our_own_prompt(tmp_path: Path) -> None:
    with ScriptedServer(["YES"]) as server:
        judged(server, "faithfulness", tmp_path).evaluate(case(), ANSWER)
        [request] = server.requests
    assert "supported by the context, all of it and by nothing else" in request.text
    assert "Apple pie" not in request.text  # LlamaIndex's examples


def test_context_that_one_prompt_cannot_hold_is_judged_as_a_whole(tmp_path: Path) -> None:
    long = answered(
        "It takes 9 days.", *(Hit("a.md", text=f"Part {n}. {'Nothing is said here. ' * 250}") for n in (1, 2))
    )
    with ScriptedServer(["NO. Nothing says so.", "YES. The second part does."]) as server:
        llm = open_model(ModelSpec("judge", base_url=server.base_url, retries=0, context_window=2_000))
        score = EvaluatorJudge(llm, "faithfulness").judge(
            Judgement("How long?", long.text, tuple(hit.text for hit in long.citations), "")
        )
        assert "So far the answer was: NO. Nothing says so." in server.requests[1].text
    assert score == Score(1.0, "The second part does.")


@pytest.mark.parametrize("kind", EVALUATORS)
def test_another_prompt_is_another_judge_and_gets_judgements_of_its_own(kind: str) -> None:
    other = replace(EVALUATORS[kind], prompts=(PromptTemplate("Is that so?"), *EVALUATORS[kind].prompts[1:]))
    judge = EvaluatorJudge(open_model(ModelSpec("judge", base_url="http://127.0.0.1:9/v1")), kind)
    assert other.digest != EVALUATORS[kind].digest
    assert EVALUATORS[kind].digest in judge.name


def test_a_model_that_cannot_be_asked_is_named(tmp_path: Path) -> None:
    with ScriptedServer([failure(404)]) as server, pytest.raises(ModelError, match="judge"):
        judged(server, "correctness", tmp_path).evaluate(case(), ANSWER)


def test_judgements_are_kept_and_failures_are_asked_again(tmp_path: Path) -> None:
    with ScriptedServer(["what?", "5\nGood.", "1\nBad."]) as server:
        with pytest.raises(JudgeFailed):
            judged(server, "correctness", tmp_path).evaluate(case(), ANSWER)
        scores = [judged(server, "correctness", tmp_path).evaluate(case(), ANSWER) for _ in range(3)]
        assert len(server.requests) == 2
    assert scores == [Score(1.0, "Good.")] * 3


def test_a_judge_that_disagrees_with_itself_fails(tmp_path: Path) -> None:
    with ScriptedServer(["YES. So it is.", "NO. It is not.", "YES. So it is."]) as server:
        with pytest.raises(JudgeFailed, match="disagrees with itself: 0, 1, 1"):
            judged(server, "faithfulness", tmp_path, votes=3).evaluate(case(), ANSWER)
        assert len(server.requests) == 3


def test_what_there_is_nothing_to_judge_of_is_not_judged(tmp_path: Path) -> None:
    with ScriptedServer(["YES"]) as server:
        assert judged(server, "faithfulness", tmp_path).evaluate(case(), answered("Without source.")) is None
        assert judged(server, "correctness", tmp_path).evaluate(case(answers=[]), ANSWER) is None
        assert judged(server, "relevancy", tmp_path).evaluate(case(), ABSTAINED) is None
        assert server.requests == []


def test_kept_judgements_survive_a_torn_line(tmp_path: Path) -> None:
    class Fixed:
        name = "fixed"

        def judge(self, judgement: Judgement) -> Score:
            return Score(0.5, "so so")

    path, asked = tmp_path / "j.jsonl", Judgement("q", "a", (), "")
    KeptJudgements(path).judged(Fixed(), asked)
    path.write_text(path.read_text("utf-8") + '\n{"key": "cut', "utf-8")
    assert KeptJudgements(path).judged(Fixed(), Judgement("other", "a", (), "")) == Score(0.5, "so so")
    assert len(json.loads(path.read_text("utf-8").splitlines()[-1])) == 3


def test_agreement_is_measured_against_chance() -> None:
    def record(one: float, other: float) -> CaseRecord:
        return CaseRecord("x", "d", "?", answerable=True, scores={"a": one, "b": other})

    half = agreement([record(1, 1), record(1, 0), record(0, 1), record(0, 0)], "a", "b")
    full = agreement([record(1, 1), record(0, 0)], "a", "b")
    assert half is not None
    assert full is not None
    assert (half.share, half.kappa, full.kappa) == (0.5, 0.0, 1.0)
    assert agreement([record(1, 1)], "a", "c") is None


def verdict(request: Request) -> str | Reply:
    if "Reference Answer" in request.text:
        return "5\nThe same."
    return "Fine. [RESULT] 2" if "[RESULT]" in request.text else "I would rather not say."


def test_a_run_counts_and_names_what_its_judge_could_not_judge(
    refdesk: Refdesk, handbook: Path, cases: Path, tmp_path: Path
) -> None:
    step: Step = verdict
    with ScriptedServer([step]) as server:
        config = tmp_path / "refdesk.yaml"
        config.write_text(f"model:\n  base_url: {server.base_url}\n  retries: 0\n", "utf-8")
        (tmp_path / "banks").symlink_to(handbook / "banks")
        arguments = ["--root", str(tmp_path), "eval", "run", str(cases), "--judge", "m", "--most", "4", "--json"]
        done = refdesk(arguments)
    told = json.loads(done.out)
    assert done.code == 1
    assert told["figures"]["correctness"]["value"] == 1.0
    assert "faithfulness" not in told["figures"]
    assert "faithfulness could not judge" in told["failures"][0]
    assert "neither yes nor no: 'I would rather not say.'" in told["failures"][0]


def test_a_judge_that_cannot_be_reached_is_not_asked_on_and_on(tmp_path: Path) -> None:
    with ScriptedServer([failure(503)]) as server:
        metric = judged(server, "correctness", tmp_path)
        for number in range(8):
            with pytest.raises(ModelError if number < 5 else JudgeFailed):
                metric.evaluate(case(name=str(number), answers=[f"{number} days"]), ANSWER)
        assert len(server.requests) == 5


def test_the_worst_judgements_are_printed_with_their_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    scores = {"relevancy": 1.0}, {"relevancy": 0.5}, {"relevancy": 0.0}
    records = tuple(
        CaseRecord(f"c{number}", "d", "?", answerable=True, scores=given, reasons={"relevancy": f"reason\x1b {number}"})
        for number, given in enumerate(scores)
    )
    print_result(RunResult("r", "2026-01-01", {}, "hash", records), Console(width=200))
    said = capsys.readouterr().out
    assert "relevancy, lowest of 2 cases below 1:\n  c2  0.00  reason 2\n  c1  0.50  reason 1\n" in said
