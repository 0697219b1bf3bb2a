"""The OpenAPI document is what the service does: schemathesis tries every operation of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.serve.served import opened, serving

pytestmark = pytest.mark.long

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# A stream that goes on for as long as somebody listens.
ENDLESS = {"GET /api/inbox/events"}
FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def described(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a service that is served."""
    root = Path(shutil.copytree(banks, tmp_path_factory.mktemp("openapi") / "root"))
    service = opened(root, root / "store.sqlite")
    with serving(service) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json", config=SchemathesisConfig())
    service.close()


def test_every_operation_keeps_its_word(described: Any) -> None:
    tried = 0
    broken: dict[str, str] = {}
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.label in ENDLESS:
            continue
        tried += 1
        try:
            for way in schemathesis.GenerationMode:
                tries(operation, way)
        except (Exception, BaseExceptionGroup) as failure:  # each operation is told of, not the first alone
            broken[operation.label] = str(failure)
    assert tried > 30
    assert not broken, "\n\n".join(f"{label}\n{failure}" for label, failure in broken.items())


def tries(operation: Any, way: Any) -> None:
    """Some requests to an operation, as it wants them or not; raises where a response is not as described."""

    @FEW
    @given(operation.as_strategy(generation_mode=way))
    def try_one(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, timeout=30)

    # Of what takes nothing, nothing wrong can be asked.
    with suppress(Unsatisfiable):
        try_one()
