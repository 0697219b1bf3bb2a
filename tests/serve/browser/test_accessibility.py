"""What axe-core finds on the page in each of its states, light and dark: nothing."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.serve.browser.chromium import Visitor
from tests.serve.browser.conftest import Visit
from tests.serve.browser.test_sources import CRASH
from tests.serve.served import FAST, UNKNOWN

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page: Page) -> list[str]:
    """Each violation with the first place that has it, once what moves stands still."""
    page.evaluate(
        "Promise.allSettled("
        "document.getAnimations().filter(a => a.effect.getTiming().iterations === 1).map(a => a.finished))"
    )
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]} {one['nodes'][0].get('failureSummary')}"
        for one in found
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_has_a_violation(visit: Visit, site: str, scheme: Literal["light", "dark"]) -> None:
    visitor = visit(site, color_scheme=scheme)
    page = visitor.arrive()
    assert violations(page) == []
    visitor.ask(FAST)
    page.locator(".cite").first.click()
    page.locator("mark").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    visitor.ask(UNKNOWN)
    page.get_by_role("button", name="Not helpful").last.click()
    assert violations(page) == []
    page.get_by_role("button", name="Talk to a person").first.click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


def test_no_state_of_the_page_on_a_phone_has_a_violation(caller: Visitor) -> None:
    page = caller.arrive()
    page.get_by_role("button", name="Show conversations").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    caller.ask(CRASH)
    page.locator(".cite").first.click()
    page.locator("[data-drawn]").first.wait_for()
    assert violations(page) == []
