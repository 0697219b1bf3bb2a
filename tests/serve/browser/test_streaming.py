"""An answer that is still being written: shown as it comes, stopped, resumed after a reload, asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.serve.browser.chromium import ANSWERS, MESSAGE, Visitor
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.browser.gated import GatedModel
from tests.serve.served import EXPEDITED, FAST, opened, serving

STANDARD = "Standard delivery: 7–10 business days"
WORKING = "li.working"


@dataclass(frozen=True)
class Held:
    """A visitor of a service whose model waits in the middle of its answer."""

    visitor: Visitor
    model: GatedModel


@pytest.fixture
def held(visit: Visit, banks: Path, tmp_path: Path) -> Iterator[Held]:
    model = GatedModel("replacement shipping days", f"{EXPEDITED} [1] And", f" {STANDARD} [1].")
    service = opened(banks, tmp_path / "store.sqlite", model=model, **SETTINGS)
    with serving(service) as url:
        held = Held(visit(url), model)
        yield held
        model.gate.set()
        held.visitor.leave()
    service.close()


def begun(held: Held) -> None:
    """Asked, and answered half-way."""
    page = held.visitor.arrive()
    page.fill(MESSAGE, FAST)
    page.press(MESSAGE, "Enter")
    expect(page.locator(WORKING)).to_contain_text(EXPEDITED)


def test_an_answer_is_shown_as_it_is_written_with_the_model_that_writes_it(held: Held) -> None:
    begun(held)
    page = held.visitor.page
    expect(page.locator(WORKING)).not_to_contain_text("Standard delivery")
    held.model.gate.set()
    expect(page.locator(ANSWERS)).to_contain_text("Standard delivery")
    expect(page.locator(ANSWERS)).to_contain_text("Written by small-model at scripted")
    expect(page.locator(WORKING)).to_have_count(0)


def test_a_stopped_answer_keeps_what_was_shown_and_can_be_asked_for_again(held: Held) -> None:
    begun(held)
    page = held.visitor.page
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(ANSWERS)).to_contain_text("You stopped this answer.")
    expect(page.locator(ANSWERS)).to_contain_text(EXPEDITED)
    held.model.gate.set()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(ANSWERS)).to_contain_text("Standard delivery")
    expect(page.locator(ANSWERS)).to_have_count(1)


def test_a_reload_in_the_middle_of_an_answer_loses_nothing(held: Held) -> None:
    begun(held)
    page = held.visitor.page
    page.reload()
    expect(page.locator(WORKING)).to_contain_text(EXPEDITED)
    held.model.gate.set()
    expect(page.locator(ANSWERS)).to_contain_text("Standard delivery")
    expect(page.locator(".bubble")).to_have_text([FAST])


def test_the_progress_is_told_before_the_first_word(held: Held) -> None:
    page = held.visitor.arrive()
    page.evaluate(
        """() => {
          window.told = new Set();
          new MutationObserver(() => {
            for (const step of document.querySelectorAll('.steps li')) window.told.add(step.textContent);
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.fill(MESSAGE, FAST)
    page.press(MESSAGE, "Enter")
    expect(page.locator(WORKING)).to_contain_text(EXPEDITED)
    told = page.evaluate("[...window.told]")
    assert any(step.startswith("Searching") for step in told)
    assert any(step.startswith("Reading “") for step in told)
