"""The command line as a whole: options, suggestions, help and its reference."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from serve.cli import Refdesk, cli, globals_first, main
from serve.reference import reference

ROOT = Path(__file__).parent.parent.parent


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"refdesk {version('refdesk')}\n"


def test_a_mistyped_command_is_told_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serch"]) == 2
    assert "Did you mean one of: 'search', 'serve'?" in capsys.readouterr().err


def test_a_wrong_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--frobnicate"]) == 2
    assert "--frobnicate" in capsys.readouterr().err


def test_the_module_is_the_command() -> None:
    for module in ("serve", "serve.cli"):
        done = subprocess.run([sys.executable, "-m", module, "--version"], cwd=ROOT, capture_output=True, check=True)
        assert done.stdout.startswith(b"refdesk ")


def test_a_terminal_without_unicode_is_no_reason_to_fail(handbook: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serve", "--root", str(handbook), "search", "leave"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"?" in done.stdout
    assert done.stderr == b""


@pytest.mark.parametrize("name", list(Refdesk.table))
def test_a_command_is_what_the_table_says(name: str) -> None:
    entry = Refdesk.table[name]
    assert entry.load().name == name
    assert len(entry.summary) <= 70


def test_every_command_documents_itself_and_prints_json() -> None:
    for path, command in walk(cli, "refdesk"):
        assert command.help, path
        options = {option for parameter in command.params for option in parameter.opts}
        if not isinstance(command, click.Group):
            assert "--json" in options, path


def test_the_reference_is_up_to_date() -> None:
    written = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert written == reference(), "run `make docs`"


def walk(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    context = click.Context(group)
    found: list[tuple[str, click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += walk(command, f"{path} {name}")
    return found


def test_global_options_may_stand_behind_the_command(tmp_path: Path) -> None:
    assert globals_first(["ask", "Why?", "--root", "x", "--offline"]) == ["--root", "x", "--offline", "ask", "Why?"]
    assert globals_first(["ask", "--", "--offline"]) == ["ask", "--", "--offline"]
    assert globals_first(["banks", "--root=x"]) == ["--root=x", "banks"]
    assert main(["banks", "--root", str(tmp_path), "--json"]) == 0
    assert main(["banks", "--root"]) == 2
