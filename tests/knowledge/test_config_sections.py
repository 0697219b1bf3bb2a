"""A mistake in a settings file is told with its line, its name and what was expected, however deep it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import Field, field_validator

from knowledge.config_sections import Strict, read_part
from knowledge.errors import ConfigError


class Inner(Strict):
    size: int = Field(default=1, ge=1)
    tags: list[str] = Field(default_factory=list)

    @field_validator("tags")
    @classmethod
    def _are_short(cls, tags: list[str]) -> list[str]:
        if any(len(tag) > 3 for tag in tags):
            raise ValueError("write tags of three letters.")
        return tags


class Outer(Strict):
    one: Inner | None = None
    several: list[Inner] = Field(default_factory=list)
    named: dict[str, Inner] = Field(default_factory=dict)
    needed: bool


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("needed: true\none:\n  sise: 2\n", "line 3: one.sise is not a setting; write one of size, tags."),
        ("needed: true\nseveral:\n- sise: 2\n", "line 3: several.0.sise is not a setting; write one of size, tags."),
        ("needed: true\nnamed:\n  a:\n    sise: 2\n", "line 4: named.a.sise is not a setting; write one of size"),
        ("need: true\n", "line 1: need is not a setting; write one of one, several, named, needed."),
        ("one: {size: 0}\nneeded: true\n", "line 1: one.size should be greater than or equal to 1, found 0."),
        ("one: [1]\nneeded: true\n", "line 1: one should hold `name: value` lines, found [1]."),
        ("one: {tags: a}\nneeded: true\n", "line 1: one.tags should be a list, as in ['a']."),
        ("one: {tags: [long]}\nneeded: true\n", "line 1: one.tags: write tags of three letters."),
        (f"needed: {'x' * 500}\n", f"needed should be a valid boolean, found '{'x' * 38}…."),
        ("one: {}\n", "needed is missing."),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_part(Outer, yaml.safe_load(text), path)
    assert caught.value.sentence.startswith(str(path))
    assert said in caught.value.sentence


def test_a_part_of_a_file_is_told_by_its_place_in_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("server:\n  one:\n    size: x\n  needed: true\n", "utf-8")
    with pytest.raises(ConfigError, match=r"line 3: server\.one\.size should be a valid integer, found 'x'"):
        read_part(Outer, {"one": {"size": "x"}, "needed": True}, path, at=("server",))


def test_without_a_file_the_settings_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^The settings: needed is missing"):
        read_part(Outer, {}, None)
