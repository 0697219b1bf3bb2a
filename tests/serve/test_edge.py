"""Every failure of a command ends in one sentence and an exit code."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest

from knowledge.errors import BankBusy, RefdeskError, UsageError
from serve.edge import exit_code

ROOT = Path(__file__).parent.parent.parent


def outcome(error: BaseException | int | None, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    def command() -> object:
        if isinstance(error, BaseException):
            raise error
        return error

    code = exit_code(command, debug=False)
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (RefdeskError("It broke.", hint="Mend it."), 1, "Error: It broke. Mend it."),
        (UsageError("Wrong."), 2, "Error: Wrong."),
        (BankBusy("Busy."), 1, "Error: Busy."),
        (click.UsageError("No such option."), 2, "No such option."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (click.Abort(), 130, "Interrupted."),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 1, "Error: /x/y: Permission denied."),
        (ZeroDivisionError("by zero"), 70, "ZeroDivisionError: by zero (unexpected"),
        (3, 3, ""),
        (None, 0, ""),
    ],
)
def test_an_outcome_has_its_code_and_its_sentence(
    error: BaseException | int | None, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, said = outcome(error, capsys)
    assert found == code
    assert words in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ZeroDivisionError("by zero")

    assert exit_code(command, debug=True) == 70
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = "from serve.edge import exit_code\nimport click, sys\n"
    script += "def many():\n    for n in range(200000): click.echo(n)\nsys.exit(exit_code(many, debug=False))\n"
    command = f"{sys.executable} -c '{script}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")
