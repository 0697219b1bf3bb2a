"""`refdesk init`: a file that is valid as it is written, and that nothing overwrites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from agents.declared.settings import read_agents
from agents.model.settings import read_section
from ingest.settings import read_settings
from knowledge.settings import load_config
from serve.cli import main
from serve.config.settings import ServerSettings, parse_server_settings
from serve.config.template import template


def test_the_file_is_valid_as_it_is_written(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    file = tmp_path / "refdesk.yaml"
    content = load_config(file)
    assert list(read_settings(content, file).banks) == ["documents"]
    assert parse_server_settings(content["server"], file) == ServerSettings()
    assert not read_agents(content, file)


def test_what_stands_behind_a_sharp_is_valid_too(tmp_path: Path) -> None:
    file = tmp_path / "refdesk.yaml"
    file.write_text(uncommented(template()), encoding="utf-8")
    content = load_config(file)
    settings = parse_server_settings(content["server"], file)
    assert settings.limits == ServerSettings().limits
    assert settings.allowed_hosts == ["help.example.com"]
    assert settings.flow.tier2 is not None
    assert list(settings.flow.tier2.tool_servers) == ["accounts"]
    assert read_settings(content, file).banks["documents"].access[0].allow == ["staff"]
    assert read_section(content["model"], file).name == "gpt-5-mini"


def test_the_folder_that_it_names_is_made_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path)]) == 0
    (source,) = load_config(tmp_path / "refdesk.yaml")["banks"]["documents"]["sources"]
    assert list((tmp_path / source).iterdir()) == []
    assert f"put documents into {tmp_path / source}" in capsys.readouterr().out


def test_documents_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "cards.md").write_text("Cards.", "utf-8")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "documents" / "cards.md").read_text("utf-8") == "Cards."


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "refdesk.yaml"
    file.write_text("banks: {}\n", encoding="utf-8")
    assert main(["init", str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text("utf-8") == "banks: {}\n"


def test_a_program_is_told_where_the_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "place"
    assert main(["init", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(folder / "refdesk.yaml")}
    assert yaml.safe_load((folder / "refdesk.yaml").read_text("utf-8"))


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["init", str(tmp_path / "file" / "below")]) != 0
    assert capsys.readouterr().err.count("\n") <= 3


def uncommented(text: str) -> str:
    """The file with every example in force: lines that are settings behind `# `."""
    lines = []
    for line in text.splitlines():
        bare = line.lstrip()
        rest = bare.removeprefix("# ").removeprefix("#")
        body = rest.lstrip()
        name = body.removeprefix("- ").partition(":")[0]
        is_setting = bare.startswith("#") and ":" in body and name.replace("_", "").isalpha() and name.islower()
        if is_setting and " " not in name and "an entry under" not in body:
            lines.append(" " * (len(line) - len(bare)) + rest)
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
