"""A place to run the tutorial's programs: an empty folder, a scripted server behind the providers' own variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import agents
from agents.runtime import isolated
from agents.testing import ScriptedServer, Step

CONFIGS: list[dict[str, Any]] = [
    {"config_name": "gpt-4", "model_type": "openai_chat", "model_name": "gpt-4", "api_key": "key-of-the-test"},
    {
        "config_name": "embedding_model",
        "model_type": "openai_embedding",
        "model_name": "text-embedding-3-small",
        "api_key": "key-of-the-test",
    },
]

Serve = Callable[[Sequence[Step]], ScriptedServer]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, banks of its own, and nothing configured."""
    folder = tmp_path / "workplace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("REFDESK_ROOT", str(tmp_path / "root"))
    with isolated():
        yield folder


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts a scripted server that OpenAI's and DashScope's variables name, and configures the tutorial's models."""
    with ExitStack() as stack:

        def start(script: Sequence[Step]) -> ScriptedServer:
            server = stack.enter_context(ScriptedServer(script))
            for provider in ("OPENAI", "DASHSCOPE"):
                monkeypatch.setenv(f"{provider}_BASE_URL", server.base_url)
                monkeypatch.setenv(f"{provider}_API_KEY", "key-of-the-test")
            agents.init(model_configs=CONFIGS)
            return server

        yield start
