"""The section `server:`, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ConfigError
from knowledge.settings import load_config
from serve.config.checking import check_banks
from serve.config.settings import ServerSettings, parse_server_settings


def read(tmp_path: Path, text: str) -> ServerSettings:
    file = tmp_path / "refdesk.yaml"
    file.write_text(text, encoding="utf-8")
    return parse_server_settings(load_config(file).get("server") or {}, file)


def test_nothing_has_to_be_set() -> None:
    settings = parse_server_settings({}, None)
    assert settings.title == "Refdesk"
    assert settings.flow.tier2 is not None
    assert settings.flow.tier2.tools == ["create_support_ticket", "escalate_to_human"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("server:\n  titel: Help\n", 2, "server.titel is not a setting; write one of title, tagline"),
        ("server:\n  limits:\n    turns: many\n", 3, "server.limits.turns should be a valid integer, found 'many'"),
        ("server:\n  limits:\n    trns: 3\n", 3, "server.limits.trns is not a setting; write one of turns, queue"),
        ("server:\n  title: x\n  accent: blue\n", 3, "server.accent should"),
        ("server:\n  flow:\n    tier1:\n      name: A\n      tools: [rm]\n", 5, "create_support_ticket"),
        ("server:\n  suggested: How?\n", 2, "should be a list"),
        ("server:\n  features: all\n", 2, "should hold `name: value` lines"),
        ("server:\n  retention_days: 0\n", 2, "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_expected(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert f"refdesk.yaml, line {line}" in caught.value.sentence
    assert words in caught.value.sentence


def test_the_second_tier_can_be_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "server:\n  flow:\n    tier2: null\n").flow.tier2 is None


def test_the_service_may_have_tools_of_other_servers(tmp_path: Path) -> None:
    text = "server:\n  flow:\n    tier2:\n      name: B\n      tool_servers:\n        accounts:\n          url: http://a/mcp\n"
    tier = read(tmp_path, text).flow.tier2
    assert tier is not None
    assert tier.tool_servers["accounts"].url == "http://a/mcp"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("server:\n  banks:\n    - hr\n    - hrr\n", 4),
        ("server:\n  flow:\n    tier1:\n      name: A\n      banks: [hr, hrr]\n", 5),
        ("server:\n  flow:\n    tier2:\n      name: A\n      banks: [hrr]\n", 5),
    ],
)
def test_a_bank_that_is_none_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    settings = read(tmp_path, text)
    with pytest.raises(ConfigError, match=rf"line {line}: there is no bank 'hrr': write one of hr, it"):
        check_banks(settings, ["it", "hr"], tmp_path / "refdesk.yaml")
    check_banks(settings, ["hr", "hrr"], None)
