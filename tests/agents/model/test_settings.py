"""A model is used when it was named, the key goes to the host it belongs to, and offline wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.model.settings import choose_model
from agents.model.spec import open_model
from knowledge.errors import ConfigError, UsageError
from knowledge.settings import Environment
from knowledge.terminal.shell import Shell

LOCAL = "http://127.0.0.1:8080/v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def shell(
    folder: Path,
    yaml: str = "",
    *,
    model: str | None = None,
    key: str | None = None,
    base_url: str | None = None,
    offline: bool = False,
) -> Shell:
    config = folder / "refdesk.yaml"
    config.write_text(yaml, "utf-8")
    environment = Environment(cache=folder, data=folder, model=model, openai_api_key=key, openai_base_url=base_url)
    return Shell(folder, config, environment, offline)


def test_a_key_in_the_environment_enables_nothing(folder: Path) -> None:
    assert choose_model(shell(folder, key="sk-1", base_url=LOCAL), None).spec is None


@pytest.mark.parametrize(
    ("named", "yaml", "model", "chosen"),
    [
        ("from-argument", "model: {name: from-file}", "from-environment", "from-argument"),
        (None, "model: {name: from-file}", "from-environment", "from-file"),
        (None, "banks: {}", "from-environment", "from-environment"),
    ],
)
def test_the_argument_goes_before_the_file_and_the_file_before_the_environment(
    folder: Path, named: str | None, yaml: str, model: str, chosen: str
) -> None:
    spec = choose_model(shell(folder, yaml, model=model, key="sk-1"), named).spec
    assert spec is not None
    assert spec.name == chosen


def test_the_file_says_where_a_model_runs_and_what_it_can_do(folder: Path) -> None:
    yaml = f"model:\n  name: small\n  base_url: {LOCAL}\n  function_calling: false\n  context_window: 4096\n"
    spec = choose_model(shell(folder, yaml), None).spec
    assert spec is not None
    assert (spec.base_url, spec.function_calling, spec.context_window) == (LOCAL, False, 4096)


@pytest.mark.parametrize(
    ("in_file", "in_environment", "sent"),
    [
        ("", None, True),
        ("", LOCAL, True),
        (LOCAL, LOCAL + "/", True),
        ("https://models.example.com/v1", None, False),
        (LOCAL, None, False),
        (LOCAL, "https://models.example.com/v1", False),
    ],
)
def test_the_key_goes_only_to_the_address_that_the_environment_names(
    folder: Path, in_file: str, in_environment: str | None, sent: bool
) -> None:
    yaml = f"model: {{name: m, base_url: '{in_file}'}}" if in_file else "model: {name: m}"
    spec = choose_model(shell(folder, yaml, key="sk-1", base_url=in_environment), None).spec
    assert spec is not None
    assert (spec.api_key == "sk-1") is sent


def test_offline_a_model_elsewhere_is_not_asked_and_the_reader_is_told(folder: Path) -> None:
    choice = choose_model(shell(folder, key="sk-1", offline=True), "gpt-4o")
    assert choice.spec is None
    assert choice.note.startswith("Offline: gpt-4o at api.openai.com was not asked")


def test_offline_a_model_on_this_machine_answers(folder: Path) -> None:
    assert choose_model(shell(folder, base_url=LOCAL, offline=True), "small").spec is not None


def test_a_model_of_openai_without_a_key_is_refused_before_anything_is_searched(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_model(shell(folder), "gpt-4o")
    assert caught.value.sentence == (
        "gpt-4o at api.openai.com needs a key: set OPENAI_API_KEY, or leave the model out."
    )


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("model:\n  name: m\n  colour: red\n", "line 3: model.colour is not a setting; write one of name, base_url,"),
        ("model:\n  name: m\n  timeout: soon\n", "line 3: model.timeout should be a valid number, found 'soon'."),
        ("model:\n  name: m\n  context_window: 1\n", "line 3: model.context_window should be greater than or equal"),
        ("model:\n  name: m\n  base_url: nowhere\n", "'nowhere' is not the address of a model server"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(folder: Path, yaml: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_model(shell(folder, yaml), None)
    assert words in caught.value.sentence


def test_a_section_that_holds_no_settings_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="`model` must hold settings"):
        choose_model(shell(folder, "model: gpt-4o"), None)


ENTRIES = f"""models:
  fast: {{model_name: small, base_url: '{LOCAL}'}}
  far: {{model_name: large}}
  none: {{model_type: extractive}}
"""


@pytest.mark.parametrize(
    ("named", "yaml", "chosen"),
    [
        ("far", ENTRIES, "large"),
        ("large", ENTRIES, "large"),
        (None, ENTRIES, "small"),
        (None, ENTRIES + "model: {name: far}\n", "large"),
        ("other", ENTRIES, "other"),
        ("none", ENTRIES, None),
    ],
)
def test_a_model_may_be_named_among_those_of_the_file(
    folder: Path, named: str | None, yaml: str, chosen: str | None
) -> None:
    spec = choose_model(shell(folder, yaml, key="sk-1", model="from-environment"), named).spec
    assert (spec.name if spec else None) == chosen


def test_a_model_of_the_file_is_opened_as_it_is_described(folder: Path) -> None:
    spec = choose_model(shell(folder, ENTRIES), None).spec
    assert spec is not None
    assert (spec.base_url, spec.is_local) == (LOCAL, True)
    assert open_model(spec).metadata.model_name == "small"


def test_offline_a_model_of_the_file_that_runs_elsewhere_is_not_asked(folder: Path) -> None:
    choice = choose_model(shell(folder, ENTRIES, offline=True), "far")
    assert choice.spec is None
    assert "far at api.openai.com was not asked" in choice.note
