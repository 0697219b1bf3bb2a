from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents.tracing import stop_tracing
from tests.agents.tracing.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one
        stop_tracing()


@pytest.fixture(autouse=True)
def tracing_ends_with_the_test() -> Iterator[None]:
    yield
    stop_tracing(timeout=0.0)
