"""Questions about the handbook of `tests/conftest.py`, and a run over them that is good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Refdesk

QUESTIONS = {
    "How many days of paid leave do employees have?": ("25 days", "hr/leave.md", "25 days of paid leave"),
    "When do unused days expire?": ("March", "hr/leave.md", "Unused days expire in March."),
    "By when must I report sick?": ("nine", "hr/sick.md", "Report sick before nine"),
    "When is a doctor's note due?": ("third day", "hr/sick.md", "A doctor's note is due on the third day."),
    "For which journeys is first class paid?": ("four hours", "travel/trains.md", "more than four hours"),
    "What may a night in a hotel cost?": ("140 crowns", "travel/hotels.md", "140 crowns"),
}


def rows() -> list[dict[str, Any]]:
    found = [
        {"id": f"q{n}{kind}", "question": f"{opening}{question}", "answers": [answer], "answerable": True,
         "bank": doc.partition("/")[0], "gold": [{"doc": doc, "text": text}]}
        for n, (question, (answer, doc, text)) in enumerate(QUESTIONS.items())
        for kind, opening in (("a", ""), ("b", "Please tell me: "), ("c", "I wonder. "))
    ]  # fmt: skip
    hopeless = {"id": "no", "question": "Who painted the ceiling of the chapel?", "answers": [], "answerable": False}
    return [*found, {**hopeless, "gold": []}]


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    return path


@pytest.fixture
def baseline(refdesk: Refdesk, handbook: Path, cases: Path, tmp_path: Path) -> Path:
    path = tmp_path / "baseline.json"
    assert refdesk(["--root", str(handbook), "eval", "run", str(cases), "--out", str(path)]).code == 0
    return path
