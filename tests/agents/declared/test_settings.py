"""What stands under `agents:`, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.declared.settings import read_agents
from knowledge.errors import ConfigError
from knowledge.settings import load_config, read_environment


def declared(folder: Path, text: str) -> dict[str, object]:
    path = folder / "refdesk.yaml"
    path.write_text(text, "utf-8")
    return dict(read_agents(load_config(path), path))


def test_agents_are_read_in_their_order(tmp_path: Path) -> None:
    text = "agents:\n  second: {banks: [hr]}\n  first: {instructions: Be brief.}\n"
    assert list(declared(tmp_path, text)) == ["second", "first"]


def test_without_the_section_there_are_none(tmp_path: Path) -> None:
    assert declared(tmp_path, "banks: {}\n") == declared(tmp_path, "agents:\n") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agents: [desk]", "line 1: agents should hold `name: value` lines, found ['desk']."),
        ("agents:\n  desk: brief", "line 2: agents.desk should hold `name: value` lines, found 'brief'."),
        ("agents:\n  desk:\n    banks: hr", "line 3: agents.desk.banks should be a list, as in ['hr']."),
        ("agents:\n  desk:\n    instruction: x", "line 3: agents.desk.instruction is not a setting; write one of desc"),
        ("agents:\n  desk:\n    rounds: 0", "agents.desk.rounds should be greater than or equal to 1, found 0."),
        ("agents:\n  desk:\n    tools: [rm]", "agents.desk.tools.0 should be 'dashscope_text_to_image'"),
        ("agents:\n  desk:\n    tools: [view_text_file]", "line 2: agents.desk: view_text_file needs a folder to work"),
        ("agents:\n  the desk: {}", "line 2: 'the desk' is no name for an agent: write up to 40 letters"),
        ("agents:\n  ../desk: {}", "is no name for an agent"),
        (
            "agents:\n  desk:\n    tool_servers:\n      weather: {}",
            "line 4: agents.desk.tool_servers.weather: needs either `url` or `command`.",
        ),
        (
            "agents:\n  desk:\n    tool_servers:\n      weather: {address: x}",
            "agents.desk.tool_servers.weather.address is not a setting; write one of url, transport, command",
        ),
    ],
)
def test_a_mistake_names_its_line_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        declared(tmp_path, text)
    assert said in caught.value.sentence
    assert caught.value.sentence.startswith(str(tmp_path / "refdesk.yaml"))


def test_tokens_of_tool_servers_belong_to_addresses_and_programs_are_off() -> None:
    known = read_environment(
        {"REFDESK_TOOL_SERVER_TOKENS": "https://a.example/mcp tok-1 https://b.example/mcp tok-2 odd"}
    )
    assert known.tool_server_tokens == {"https://a.example/mcp": "tok-1", "https://b.example/mcp": "tok-2"}
    assert "tok-1" not in repr(known)
    assert not known.programs_allowed
    assert read_environment({"REFDESK_ALLOW_PROGRAMS": "1"}).programs_allowed
