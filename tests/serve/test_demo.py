"""What `make demo` shows, with the real documents and the real model."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from serve.demo import demonstrate


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_demonstration_cites_all_four_banks_and_abstains_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert demonstrate(tmp_path) == 0
    first = capfd.readouterr().out
    for file in (".md · ", "monitoring/guides/", ".docx · ", ".pdf · page "):
        assert f"{file}" in first
    assert first.count("The documents do not answer this question.") == 1
    assert len(first.partition("Now yours:")[2].strip().splitlines()) == 3

    begin = time.perf_counter()
    assert demonstrate(tmp_path) == 0
    again = capfd.readouterr().out
    assert "164 unchanged" in again
    assert not re.search(r"\d new\b", again)
    assert time.perf_counter() - begin < 20
