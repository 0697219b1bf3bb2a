"""One service for the tests of a module, behind real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.testing import ScriptedModel
from serve.service import Service
from tests.serve.served import opened, serving


@dataclass(frozen=True, slots=True)
class Served:
    """A service and where it is."""

    service: Service
    url: str

    @property
    def base_url(self) -> str:
        """What a client of OpenAI's protocol is given."""
        return f"{self.url}/v1"


@pytest.fixture(scope="module")
def quoting(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service without a language model."""
    service = opened(banks, tmp_path_factory.mktemp("quoting") / "store.sqlite")
    with serving(service) as url:
        yield Served(service, url)
    service.close()


def expedited(request: object) -> str:
    """What a model would say about expedited shipping, from the passages that it was shown."""
    return "An expedited replacement card arrives within 2–3 business days [1]."


@pytest.fixture
def scripted(banks: Path, tmp_path: Path) -> Iterator[tuple[Served, ScriptedModel]]:
    """A service with a language model whose words are scripted."""
    model = ScriptedModel([expedited], stream=True)
    service = opened(banks, tmp_path / "store.sqlite", model=model)
    with serving(service) as url:
        yield Served(service, url), model
    service.close()
