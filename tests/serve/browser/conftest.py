"""One browser and one service for each file of tests; a person of their own for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.serve.browser.chromium import CHROMIUM, PHONE, Visitor, chromium
from tests.serve.served import FAST, UNKNOWN, opened, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SETTINGS: dict[str, Any] = {
    "title": "Rho-Bank help desk",
    "tagline": "Answers straight from our help articles.",
    "accent": "#0f766e",
    "suggested": [FAST, UNKNOWN],
    "languages": ["en", "de"],
}
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; where it is missing the tests are skipped, but not where everything has to be checked."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing: install the package chromium.")
        pytest.skip(f"{CHROMIUM} is missing: install the package chromium to run the tests of the page.")
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def site(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service without a language model."""
    service = opened(banks, tmp_path_factory.mktemp("site") / "store.sqlite", **SETTINGS)
    with serving(service) as url:
        yield url
    service.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Makes visitors of an address; each leaves in the end, and nothing may have gone wrong on their page."""
    present: list[Visitor] = []

    def make(url: str, **context: Any) -> Visitor:
        present.append(Visitor(browser, url, **context))
        return present[-1]

    yield make
    for visitor in present:
        visitor.leave()


@pytest.fixture
def visitor(visit: Visit, site: str) -> Visitor:
    """Somebody at a desk."""
    return visit(site)


@pytest.fixture
def caller(visit: Visit, site: str) -> Visitor:
    """Somebody with a phone."""
    return visit(site, viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
