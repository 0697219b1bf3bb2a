"""The gate inside pytest: it fails a test on a regression, and costs other runs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from tests.conftest import Refdesk

ROOT = Path(__file__).parents[2]
TEST = """
def test_answers_stay_as_good(refdesk_gate):
    found = refdesk_gate("cases.jsonl", baseline="baseline.json", root="handbook")
    assert found.passed
"""


def run_pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", str(folder)]
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_test_passes_without_a_regression_and_fails_on_a_planted_one(
    refdesk: Refdesk, own_handbook: Path, cases: Path, tmp_path: Path
) -> None:
    (tmp_path / "test_quality.py").write_text(TEST, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    run = ["--root", str(own_handbook), "eval", "run", str(cases), "--out", str(tmp_path / "baseline.json")]
    assert refdesk(run).code == 0
    passed = run_pytest(tmp_path)
    assert passed.returncode == 0, passed.stdout
    for bank, name in (("hr", "Leave"), ("travel", "Trains"), ("travel", "Hotels")):
        assert refdesk(["--root", str(own_handbook), "documents", "rm", name, "--bank", bank, "--yes"]).code == 0
    failed = run_pytest(tmp_path)
    assert failed.returncode == 1, failed.stdout
    assert "The evaluation got worse:" in failed.stdout
    assert "recall@5 fell from 1.000" in failed.stdout


def test_the_plugin_is_registered_and_loads_nothing_but_pytest() -> None:
    assert [one.value for one in entry_points(group="pytest11", name="refdesk")] == ["eval.pytest_plugin"]
    script = (
        "import sys, pytest\nbefore = set(sys.modules)\nimport eval.pytest_plugin\nprint(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"eval", "eval.pytest_plugin"}


def test_a_run_that_does_not_use_the_gate_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --strict-config\n", "utf-8")
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_it():\n    assert not {'numpy', 'pydantic', 'knowledge'} & set(sys.modules)\n", "utf-8"
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
