from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.studio.server import StudioServer
from agents.studio.service import Service
from agents.studio.store import StudioStore
from agents.tracing.store import TraceStore


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(StudioStore(tmp_path / "studio.sqlite"), TraceStore(tmp_path / "traces.sqlite"))


@pytest.fixture
def studio(service: Service) -> Iterator[StudioServer]:
    with StudioServer(service, port=0, token="s3cret") as server:
        yield server
