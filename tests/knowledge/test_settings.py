"""The environment, the configuration file and where the library is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.errors import ConfigError
from knowledge.settings import find_config, load_config, quiet_dependencies, read_environment
from knowledge.terminal.shell import open_shell


def test_an_empty_environment_configures_nothing() -> None:
    environment = read_environment({})
    assert (environment.model, environment.root, environment.openai_api_key) == (None, None, None)
    assert not environment.hub_allowed


def test_a_key_names_no_model_and_is_not_shown() -> None:
    environment = read_environment({"OPENAI_API_KEY": "secret-words"})
    assert environment.model is None
    assert "secret-words" not in repr(environment)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_environment({"REFDESK_MODEL": "", "OPENAI_API_KEY": ""}).model is None


def test_telemetry_goes_off_and_so_does_the_hub() -> None:
    environ: dict[str, str] = {"ANONYMIZED_TELEMETRY": "True"}
    quiet_dependencies(environ, offline=False)
    assert environ["ANONYMIZED_TELEMETRY"] == "False"
    assert environ["ORT_DISABLE_TELEMETRY"] == "1"
    assert environ["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(("offline", "hub"), [(False, "0"), (True, "1")])
def test_only_a_word_of_the_user_opens_the_hub_and_offline_closes_it(offline: bool, hub: str) -> None:
    environ = {"HF_HUB_OFFLINE": "0"}
    quiet_dependencies(environ, offline=offline)
    assert environ["HF_HUB_OFFLINE"] == hub


def test_the_nearest_configuration_upward_is_found(tmp_path: Path) -> None:
    (tmp_path / "refdesk.yaml").write_text("banks: {}\n")
    inner = tmp_path / "one" / "two"
    inner.mkdir(parents=True)
    assert find_config(inner) == tmp_path / "refdesk.yaml"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("banks: [1,\nmodel: x", "line 2"),
        ("- one\n- two\n", "line 1: expected settings"),
        ("just words", "found a single value"),
        ("a:\n\tb: 1\n", "line 2, column 1"),
    ],
)
def test_a_wrong_configuration_names_file_and_place(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "refdesk.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=place) as caught:
        load_config(path)
    assert str(path) in caught.value.sentence


def test_a_configuration_in_another_encoding_says_so(tmp_path: Path) -> None:
    path = tmp_path / "refdesk.yaml"
    path.write_bytes("título: ñ".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


def test_an_empty_configuration_holds_no_settings(tmp_path: Path) -> None:
    path = tmp_path / "refdesk.yaml"
    path.write_text("# nothing yet\n")
    assert load_config(path) == {}


def test_the_root_is_the_option_then_the_file_then_the_environment(tmp_path: Path) -> None:
    environment = read_environment({"REFDESK_ROOT": str(tmp_path / "env")})
    (tmp_path / "project").mkdir()
    config = tmp_path / "project" / "refdesk.yaml"

    def opened(root: Path | None) -> Path:
        return open_shell(environment, root=root, folder=tmp_path / "project", offline=False).root

    assert opened(None) == tmp_path / "env"
    config.write_text("banks: {}\n")
    assert opened(None) == tmp_path / "project"
    assert opened(tmp_path / "other") == tmp_path / "other"


def test_a_configuration_given_on_the_command_line_moves_the_root_beside_it(tmp_path: Path) -> None:
    config = tmp_path / "refdesk.yaml"
    config.write_text("model: m\n")
    shell = open_shell(read_environment({}), root=None, folder=Path("/"), offline=False).with_config(config)
    assert shell.root == tmp_path
    assert shell.settings() == {"model": "m"}


def test_a_section_that_is_not_settings_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "refdesk.yaml"
    config.write_text("banks: 3\n")
    shell = open_shell(read_environment({}), root=tmp_path, folder=Path("/"), offline=False)
    with pytest.raises(ConfigError, match="`banks`"):
        shell.section("banks")
