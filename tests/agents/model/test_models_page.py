"""What docs/models.md shows is true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from agents.model.configs import ModelConfig, parse_configs
from agents.model.opening import CLASSES
from agents.model.resolve import as_model
from agents.runtime import init, isolated
from knowledge.settings import PROVIDERS

PAGE = (Path(__file__).parents[3] / "docs" / "models.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found.group(1)


def test_the_file_that_it_shows_is_read() -> None:
    entries = parse_configs(yaml.safe_load(block("yaml"))["models"], "refdesk.yaml")
    assert [(entry.name, entry.fallbacks) for entry in entries] == [("fast", ("here",)), ("here", ())]


def test_the_configuration_that_it_shows_is_read() -> None:
    with isolated():
        init(json.loads(block("json")))
        assert as_model("fast").model_name == "gpt-4o-mini"


def test_it_names_every_type_every_variable_and_every_error() -> None:
    assert all(f"`{kind}`" in PAGE for kind in (*CLASSES, "openai_embedding"))
    assert all(any(name in PAGE for name in names) for both in PROVIDERS.values() for names in both)


@pytest.mark.parametrize("field", ["base_url", "stream", "timeout", "price", "fallbacks", "generate_kwargs"])
def test_the_fields_that_it_names_exist(field: str) -> None:
    assert field in ModelConfig.model_fields
    assert f"`{field}" in PAGE
