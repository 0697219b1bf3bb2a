"""Model configurations are read from JSON, from refdesk.yaml and from code, and a wrong one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agents.model.configs import read_configs
from agents.model.dashscope_chat import DashScopeChatModel
from agents.model.embedding import embedding_key, embedding_spec
from agents.model.extractive_chat import ExtractiveChatModel
from agents.model.fallback_chat import FallbackChatModel
from agents.model.openai_chat import OpenAIChatModel
from agents.model.resolve import as_model
from agents.runtime import init, isolated
from agents.testing import ScriptedModel
from knowledge.errors import ConfigError, UsageError
from knowledge.settings import process_environment

TUTORIAL = {
    "config_name": "my_openai_config",
    "model_type": "openai_chat",
    "model_name": "gpt-4",
    "api_key": "YOUR_OPENAI_API_KEY",
}
EMBEDDING = {"config_name": "embedding_model", "model_type": "openai_embedding", "model_name": "small-embedding"}
LOCAL = "http://127.0.0.1:8080/v1"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No configuration of another test, and no refdesk.yaml above the working folder."""
    monkeypatch.chdir(tmp_path)
    with isolated():
        yield


def written(folder: Path, content: object) -> Path:
    path = folder / "model_config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize("form", ["object", "list", "path", "text", "path of a list"])
def test_one_object_a_list_and_a_file_are_read_alike(tmp_path: Path, form: str) -> None:
    given: Any = {
        "object": TUTORIAL,
        "list": [TUTORIAL],
        "path": written(tmp_path, TUTORIAL),
        "text": str(written(tmp_path, TUTORIAL)),
        "path of a list": written(tmp_path, [TUTORIAL]),
    }[form]
    [config] = read_configs(given)
    assert (config.config_name, config.model_name, config.api_key) == (
        "my_openai_config",
        "gpt-4",
        "YOUR_OPENAI_API_KEY",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "model_config.json, line 1: is not JSON"),
        ("3", "model_config.json: expected one configuration or a list of them, found int."),
        ([3], "model_config.json: entry 1: expected an object"),
        ([{**TUTORIAL, "colour": 1}], "entry 1 (my_openai_config): colour is not a field; write one of config_name,"),
        ([{**TUTORIAL, "timeout": "soon"}], "entry 1 (my_openai_config): timeout should be a valid number"),
        ([{**TUTORIAL, "model_type": "llama"}], "model_type should be 'openai_chat', 'openai_embedding'"),
        ([{"model_type": "openai_chat"}], "entry 1: model_name is missing."),
        ([TUTORIAL, TUTORIAL], "two configurations are called 'my_openai_config'"),
        ([{**TUTORIAL, "fallbacks": ["gone"]}], "fallbacks names 'gone', which is no configuration."),
        ([{**TUTORIAL, "api_key": 12345}], "api_key should be a valid string."),
    ],
)
def test_a_wrong_configuration_names_file_and_field(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        init(model_configs=written(tmp_path, content))
    assert words in caught.value.sentence
    assert "12345" not in caught.value.sentence


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        init(model_configs=tmp_path / "gone.json")


def test_a_wrong_configuration_leaves_the_one_before_in_force() -> None:
    init(TUTORIAL)
    with pytest.raises(ConfigError):
        init({"model_type": "nonsense"})
    assert as_model().model_name == "gpt-4"


def test_the_first_model_that_chats_is_the_default() -> None:
    init([EMBEDDING, TUTORIAL, {"model_type": "dashscope_chat", "model_name": "qwen-max"}])
    assert isinstance(as_model(), OpenAIChatModel)
    assert as_model() is as_model("my_openai_config") is as_model("gpt-4")
    assert isinstance(as_model("qwen-max"), DashScopeChatModel)


def test_a_config_name_goes_before_a_model_name() -> None:
    init([{"config_name": "a", "model_name": "b"}, {"config_name": "b", "model_name": "c"}])
    assert as_model("b").model_name == "c"


def test_a_name_that_is_none_is_answered_with_those_there_are() -> None:
    init([TUTORIAL, EMBEDDING])
    with pytest.raises(UsageError) as caught:
        as_model("gpt-5")
    assert caught.value.sentence == (
        "There is no model called 'gpt-5': write a config_name (my_openai_config) or a model_name (gpt-4)."
    )


def test_without_any_configuration_a_name_says_how_to_configure() -> None:
    with pytest.raises(UsageError, match="none is configured; give `model_configs` to"):
        as_model("gpt-4")


def test_without_any_model_named_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL)
    assert isinstance(as_model(), ExtractiveChatModel)
    monkeypatch.setenv("REFDESK_MODEL", "small")
    model = as_model()
    assert isinstance(model, OpenAIChatModel)
    assert (model.model_name, model.base_url) == ("small", LOCAL)


def test_code_goes_before_the_file_and_the_file_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFDESK_MODEL", "from-environment")
    assert as_model().model_name == "from-environment"
    (tmp_path / "refdesk.yaml").write_text("models:\n  - {config_name: mine, model_name: from-file}\n", "utf-8")
    assert as_model().model_name == "from-file"
    init(TUTORIAL)
    assert as_model().model_name == "gpt-4"
    assert as_model("mine").model_name == "from-file"
    own = ScriptedModel()
    assert as_model(own) is own


def test_the_environment_may_name_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "refdesk.yaml").write_text(f"model: {{name: fast, base_url: '{LOCAL}'}}\n", "utf-8")
    assert as_model().model_name == "fast"
    (tmp_path / "refdesk.yaml").write_text(
        "model: {name: fast}\n"
        "models:\n"
        "  slow: {model_name: large}\n"
        f"  fast: {{model_name: m, base_url: '{LOCAL}'}}\n",
        "utf-8",
    )
    model = as_model()
    assert isinstance(model, OpenAIChatModel)
    assert (model.model_name, model.base_url, model.config_name) == ("m", LOCAL, "fast")


def test_a_wrong_entry_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "refdesk.yaml").write_text("models:\n  fast: {model_name: m, colour: red}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"refdesk\.yaml: models: fast: colour is not a field"):
        as_model()


def test_offline_a_default_that_runs_elsewhere_is_not_asked(caplog: pytest.LogCaptureFixture) -> None:
    init(TUTORIAL, offline=True)
    assert isinstance(as_model(), ExtractiveChatModel)
    assert "Offline: gpt-4 at api.openai.com is not asked" in caplog.text
    init({"model_name": "small", "base_url": LOCAL}, offline=True)
    assert as_model().model_name == "small"


def test_what_stands_under_client_args_counts() -> None:
    init({"model_name": "m", "client_args": {"base_url": LOCAL, "timeout": 3}, "generate_args": {"seed": 1}})
    model = as_model()
    assert isinstance(model, OpenAIChatModel)
    assert model.base_url == LOCAL


def test_own_prices_and_fallbacks_are_configured() -> None:
    init(
        [
            {"config_name": "a", "model_name": "x", "price": {"input": 1, "output": 2}, "fallbacks": ["b"]},
            {"config_name": "b", "model_type": "extractive"},
        ]
    )
    model = as_model("a")
    assert isinstance(model, FallbackChatModel)
    assert model.price is not None
    assert model.price.cost(1_000_000, 1_000_000) == 3
    assert isinstance(model.models[1], ExtractiveChatModel)


def test_an_embedding_model_runs_where_it_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    init([EMBEDDING, {**EMBEDDING, "config_name": "own", "base_url": LOCAL, "api_key": "sk-own"}])
    assert embedding_spec("embedding_model").base_url == "https://api.openai.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    here = embedding_spec("embedding_model")
    own = embedding_spec("own")
    assert (here.kind, here.model, here.base_url) == ("openai", "small-embedding", "http://127.0.0.1:9/v1")
    assert own.base_url == LOCAL
    environment = process_environment()
    assert embedding_key(here, environment) == "sk-environment"
    assert embedding_key(own, environment) == "sk-own"


def test_a_model_that_embeds_answers_no_messages_and_the_other_way_round() -> None:
    init([TUTORIAL, EMBEDDING])
    with pytest.raises(UsageError, match="There is no model called 'embedding_model'"):
        as_model("embedding_model")
    with pytest.raises(UsageError, match="There is no embedding model called 'gpt-4'"):
        embedding_spec("gpt-4")


def test_a_key_is_in_no_text() -> None:
    assert "YOUR_OPENAI_API_KEY" not in repr(read_configs(TUTORIAL))


@pytest.mark.parametrize("wrong", [3, 3.5, object()])
def test_what_is_no_model_is_refused(wrong: Any) -> None:
    with pytest.raises(UsageError, match="A model is a ChatModel"):
        as_model(wrong)
