"""What judges say: verdicts and grades in the shapes that models really give, and none where there is none."""

from __future__ import annotations

import time

import pytest

from eval.judges.judgement import JudgeFailed
from eval.judges.replies import read_grade, read_verdict


@pytest.mark.parametrize(
    ("reply", "value", "reason"),
    [
        ("YES.", 1, ""),
        ("**YES**", 1, ""),
        ("Yes, it does.", 1, "it does."),
        ("yes—supported", 1, "supported"),
        ("No, it says 8 days: yes is wrong.", 0, "it says 8 days: yes is wrong."),
        ("Answer: YES", 1, ""),
        ("Verdict: **No** – because", 0, "because"),
        ("The answer is yes.", 1, ""),
        ("<answer>YES</answer>", 1, ""),
        ("YES\n\n**Reason:** so it is.", 1, "so it is."),
        ("The context says so.\n\nFinal answer: **NO**", 0, "The context says so."),
        ("### Answer\nNO", 0, "### Answer"),
        ('{"verdict": "yes", "reason": "so"}', 1, "so"),
        ('```json\n{"supported": false, "explanation": "not so"}\n```', 0, "not so"),
        ("<think>No. Or rather: YES</think>\nNO. Because.", 0, "Because."),
        ("Hm, no ... yes</think>YES. So it is.", 1, "So it is."),
        ("[THINK]No?[/THINK]\nYES", 1, ""),
    ],
)
def test_a_verdict_is_read_in_the_shapes_that_models_give_it(reply: str, value: float, reason: str) -> None:
    score = read_verdict(reply)
    assert (score.value, score.reason) == (value, reason)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("I cannot tell.", "neither yes nor no: 'I cannot tell.'"),
        ("No idea.", "neither"),
        ("No evidence is in it.", "neither"),
        ("Partially.", "neither"),
        ("Yes and no.", "neither"),
        ("YES / NO", "neither"),
        ("Answer: YES or NO", "neither"),
        ('{"verdict": "partly"}', "neither"),
        ("YES. So it seems.\nFinal answer: NO", "both yes and no"),
        ("<think>It looks like YES", "no words beside its thoughts"),
        ("", "no words"),
    ],
)
def test_what_is_no_verdict_is_none(reply: str, words: str) -> None:
    with pytest.raises(JudgeFailed, match=words):
        read_verdict(reply)


@pytest.mark.parametrize(
    ("reply", "grade", "reason"),
    [
        ("5", 5, ""),
        ("4.0\nAlmost the same.", 4, "Almost the same."),
        ("4.0 The generated answer is close.", 4, "The generated answer is close."),
        ("4 - nearly right", 4, "nearly right"),
        ("Score: 5.0", 5, ""),
        ("**4**/5", 4, ""),
        ("4 out of 5", 4, ""),
        ("5.0/5.0", 5, ""),
        ("4 stars", 4, ""),
        ("4,5", 4.5, ""),
        ("Score (1-5): 4", 4, ""),
        ("**Score:** 4\n\n**Reasoning:** good", 4, "good"),
        ("Score:\n4\nbecause", 4, "because"),
        ("The score is **4**.", 4, ""),
        ("I would give it a score of 4.", 4, "I would give it a score of 4."),
        ("```\n4\n```", 4, ""),
        ('{"score": 4, "reasoning": "close"}', 4, "close"),
        ('{"grade": "4/5"}', 4, ""),
        ("<think>3? Score: 3</think>\n4\nok", 4, "ok"),
        ("1. It fits.\n2. It is right.\nScore: 5", 5, "1. It fits.\n2. It is right."),
        ("Relevance score: 5\nStyle score: 3\nOverall score: 4", 4, "Relevance score: 5\nStyle score: 3"),
        ("5\nIt ended with a score of 3, as it says.", 5, "It ended with a score of 3, as it says."),
    ],
)
def test_a_grade_is_read_in_the_shapes_that_models_give_it(reply: str, grade: float, reason: str) -> None:
    score = read_grade(reply, low=1, high=5)
    assert 1 + 4 * score.value == pytest.approx(grade)
    assert score.reason == reason


@pytest.mark.parametrize(
    ("reply", "value", "reason"),
    [
        ("It fits.\n[RESULT] 2", 1, "It fits."),
        ("**[RESULT] 2**", 1, ""),
        ("[RESULT]: 1", 0.5, ""),
        ("[RESULT] [2]", 1, ""),
        ("[RESULT]\n2/2", 1, ""),
        ("1. Yes (1 point)\n2. No (0 points)\n[RESULT] 1", 0.5, "1. Yes (1 point)\n2. No (0 points)"),
        ("1. Score: 1/1\n2. Score: 1/1\n\nTotal: 2 points", 1, "1. Score: 1/1\n2. Score: 1/1"),
    ],
)
def test_relevancy_is_read_as_the_result_of_two_questions(reply: str, value: float, reason: str) -> None:
    score = read_grade(reply, low=0, high=2)
    assert (score.value, score.reason) == (value, reason)


@pytest.mark.parametrize(
    "reply",
    [
        "", "Very good!", "11\nOff the scale.", "Score: 11", "0", "-1", "nan\nNobody knows.", "80%", "8/10", "4-5",
        "Score: between 4 and 5", "Score: 3\nOr rather:\nScore: 4", "1. right\n2. wrong", "1,000", "4½", "<think>4",
        '{"score": null}', '{"score": "4 to 5"}', "5 of the 7 days are named.", "[RESULT] followed by 2",
    ],
)  # fmt: skip
def test_what_is_no_grade_is_none(reply: str) -> None:
    with pytest.raises(JudgeFailed, match="grade"):
        read_grade(reply, low=1, high=5)


def test_no_reply_makes_reading_slow() -> None:
    started = time.process_time()
    for piece in ("Score ", "final ", "yes ", "1", "<think>", "[", "**", "{", "answer: "):
        with pytest.raises(JudgeFailed):
            read_grade(piece * 5_000, low=1, high=5)
    assert time.process_time() - started < 2
