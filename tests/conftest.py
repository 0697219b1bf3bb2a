"""What every test runs under: no keys, no settings of the person at the keyboard, no network but loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.settings import quiet_dependencies

PERSONAL = ("OPENAI_", "REFDESK_", "HF_", "ANTHROPIC_", "AZURE_OPENAI_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_configure() -> None:
    """Before anything is imported, since some dependencies read these at import."""
    for name in [name for name in os.environ if name.startswith(PERSONAL) or name.lower() in PROXIES]:
        del os.environ[name]
    quiet_dependencies(os.environ, offline=True)


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the whole session, so that the query model is exported once, and exported for real."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFDESK_CACHE", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield folder


@pytest.fixture(autouse=True)
def environment_restored(cache_folder: Path) -> Iterator[None]:
    """What a test or the code under it changes in the environment ends with the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
