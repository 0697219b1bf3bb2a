"""What the tests of the service share: two banks, made once, and services over them."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies import models as dependencies

from serve.service import Service
from tests.serve.postgres import Cluster, cluster, with_password
from tests.serve.redis_server import redis_in, socket_folder
from tests.serve.served import build, client_of, forget_apps, opened

Open = Callable[..., Service]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Services end with their test: FastAPI remembers thousands of functions, and what they hold, models too."""
    yield
    forget_apps()
    for remembering in (
        dependencies._is_coroutine_callable_cached,
        dependencies._is_gen_callable_cached,
        dependencies._is_async_gen_callable_cached,
    ):
        remembering.cache_clear()


@pytest.fixture(scope="session")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of two small banks: banking, partly for staff only, and aviation, a PDF."""
    return build(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL, started once."""
    with cluster() as running:
        yield running


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """The address of an empty database in it, password included."""
    return with_password(postgres_cluster.new_database())


@pytest.fixture
def redis_server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a Redis of its own, and its process."""
    with socket_folder() as folder, redis_in(folder) as running:
        yield running


@pytest.fixture
def open_served(banks: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens services over the banks, all on one database of this test; they are closed with it."""
    made: list[Service] = []

    def make(**settings: Any) -> Service:
        made.append(opened(banks, tmp_path / "store.sqlite", **settings))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture
def service(open_served: Open) -> Service:
    """A service without a language model."""
    return open_served()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at this machine."""
    async with client_of(service) as calling:
        yield calling
