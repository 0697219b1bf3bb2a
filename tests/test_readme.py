"""What the README tells people to type works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Refdesk

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def workplace(handbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the README supposes: documents in `handbook`, a library in `data`, no settings."""
    shutil.copytree(handbook, tmp_path / "data")
    shutil.copytree(handbook / "hr", tmp_path / "handbook")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    return tmp_path


def test_the_commands_of_the_readme_run(refdesk: Refdesk, workplace: Path) -> None:
    commands = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    own = [command[1:] for command in commands if command[:1] == ["refdesk"]]
    assert len(own) >= 6
    for command in own:
        done = refdesk(command)
        assert done.code == 0, (command, done)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (0, "leave.md None Every employee has 25 days of paid leave a year."),
        (1, "Every employee has 25 days of paid leave a year. [1]\n\n[1] leave.md"),
    ],
)
def test_the_python_of_the_readme_runs_and_cites(workplace: Path, at: int, shown: str) -> None:
    script = workplace / "snippet.py"
    script.write_text(blocks("python")[at], "utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert shown in done.stdout


def test_every_python_block_of_the_readme_is_run() -> None:
    assert len(blocks("python")) == 2


def test_every_command_stands_in_the_readme() -> None:
    from serve.cli import Refdesk as Commands

    assert not [name for name in Commands.table if f"refdesk {name}" not in README]


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert not [link for link in links if not (Path(__file__).parent.parent / link).exists()]
