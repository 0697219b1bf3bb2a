"""Every example runs as it stands and prints what it is there to show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "five_lines": ["hr: 3 new", "leave.md, Leave: Every employee has 25 days"],
    "llamaindex_drop_in": [
        "Remote work",
        "20 days a year",
        "> Source (Doc id: hr/",
        "hr: Answers questions",
        "140 euros",
    ],
    "ask_with_model": [
        "25 days of annual leave a year. [1]",
        "Left out, since no passage supports it: After ten years a sabbatical of six months is due.",
        "Written by a scripted model at 127.0.0.1:",
    ],
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_an_example_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [words for words in SHOWN[name] if words not in done.stdout] == [], done.stdout
