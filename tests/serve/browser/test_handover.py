"""Two people at two pages: a customer asks for a person, who answers live; then the bot goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import Page, expect

from serve.service import Service
from tests.serve.browser.chromium import ANSWERS, MESSAGE, PHONE, Visitor
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.browser.test_accessibility import violations
from tests.serve.served import FAST, UNKNOWN, opened, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def desk(banks: Path, tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A service with banks of its own and an empty inbox, and where it is."""
    root = Path(shutil.copytree(banks, tmp_path / "root"))
    service = opened(root, root / "store.sqlite", **SETTINGS)
    with serving(service) as url:
        yield service, url
    service.close()


def wants_a_person(visitor: Visitor) -> Page:
    """A customer whom the documents did not help asks for a person."""
    page = visitor.arrive()
    visitor.ask(UNKNOWN)
    page.locator(ANSWERS).get_by_role("button", name="Talk to a person").click()
    dialog = page.get_by_role("dialog", name="Talk to a person")
    dialog.get_by_label("What is it about?").fill("A journey in winter")
    dialog.get_by_role("button", name="Ask for a person").click()
    expect(page.get_by_text("A person will join you here.")).to_be_visible()
    return page


def test_a_person_answers_live_and_the_bot_goes_on(desk: tuple[Service, str], visit: Visit) -> None:
    _, url = desk
    staff = visit(url).page
    staff.goto(f"{url}/inbox")
    expect(staff.get_by_text("Nobody waits for a person.")).to_be_visible()
    visitor = visit(url)
    customer = wants_a_person(visitor)
    ticket = staff.get_by_role("navigation", name="Tickets").get_by_role("link")
    expect(ticket).to_contain_text(UNKNOWN)
    expect(staff).to_have_title("(1) Inbox · Rho-Bank help desk")
    staff.get_by_label("Customers see you as").fill("Anna")
    ticket.click()
    why = staff.get_by_role("region", name="Why this is here")
    expect(why).to_contain_text("A journey in winter")
    expect(staff.locator(".bubble")).to_have_text([UNKNOWN])
    staff.get_by_role("button", name="Claim").click()
    expect(customer.get_by_text("You are talking to a person.")).to_be_visible()
    staff.get_by_label("Answer").press_sequentially("Ulaanbaatar is the coldest capital of all.", delay=5)
    expect(customer.get_by_text("Anna is writing …")).to_be_visible()
    staff.keyboard.press("Enter")
    answer = customer.locator("li.agent")
    expect(answer).to_contain_text("Ulaanbaatar is the coldest capital of all.")
    expect(answer).to_contain_text("Anna")
    customer.fill(MESSAGE, "Thank you, that helps!")
    customer.press(MESSAGE, "Enter")
    expect(staff.locator(".bubble").last).to_have_text("Thank you, that helps!")
    expect(customer.locator(ANSWERS)).to_have_count(1)
    staff.get_by_role("button", name="Return to the assistant").click()
    expect(customer.get_by_text("You are talking to a person.")).to_have_count(0)
    visitor.ask(FAST)
    expect(customer.locator(ANSWERS).last).to_contain_text("2–3 business days")
    expect(staff.get_by_text("Nobody waits for a person.")).to_be_visible()


def test_what_a_person_answered_is_known_to_the_bank_after_one_click(desk: tuple[Service, str], visit: Visit) -> None:
    _, url = desk
    visitor = visit(url)
    wants_a_person(visitor)
    staff = visit(url).page
    staff.goto(f"{url}/inbox")
    expect(staff.get_by_role("navigation", name="Tickets").get_by_role("link")).to_have_count(1)
    staff.keyboard.press("j")
    staff.get_by_role("button", name="Claim").click()
    staff.get_by_label("Answer").fill("The capital of Mongolia is famous for being the coldest capital in winter.")
    staff.keyboard.press("Enter")
    expect(staff.locator("li.agent")).to_be_visible()
    staff.get_by_role("button", name="Return to the assistant").click()
    staff.get_by_role("link", name="Review").click()
    entry = staff.get_by_role("form", name=UNKNOWN)
    entry.get_by_label("Bank").select_option("aviation")
    entry.get_by_role("button", name="Accept").click()
    expect(staff.get_by_text("Nothing is proposed.")).to_be_visible()
    expect(staff.get_by_role("region", name="Accepted")).to_contain_text("In the bank", timeout=60_000)
    staff.get_by_role("link", name="Over").click()
    staff.get_by_role("navigation", name="Tickets").get_by_role("link").click()
    expect(staff.locator("p.closed")).to_have_text("Returned")
    customer = visitor.page
    customer.get_by_role("button", name="New conversation").click()
    visitor.ask(UNKNOWN)
    answer = customer.locator(ANSWERS)
    expect(answer).to_contain_text("coldest capital in winter")
    expect(answer.get_by_role("region", name="Sources")).to_contain_text(UNKNOWN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_inbox_has_a_violation(
    desk: tuple[Service, str], visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    service, url = desk
    wants_a_person(visit(url))
    somebody = visit(url, color_scheme=scheme)
    somebody.watched.excuse("401", "403")
    page = somebody.page
    page.goto(f"{url}/inbox")
    page.get_by_role("navigation", name="Tickets").get_by_role("link").wait_for()
    assert violations(page) == []
    page.keyboard.press("j")
    page.get_by_text("Passages that were found").click()
    assert violations(page) == []
    page.get_by_role("button", name="Claim").click()
    page.get_by_label("Answer").fill("It is the coldest capital of all.")
    page.keyboard.press("Enter")
    page.locator("li.agent").wait_for()
    assert violations(page) == []
    page.get_by_role("link", name="Knowledge").click()
    page.get_by_role("form").wait_for()
    assert violations(page) == []
    service.guard.keys.make("desk", scopes=["inbox"])
    page.reload()
    page.get_by_label("Key").wait_for()
    assert violations(page) == []


def test_a_key_opens_the_inbox_until_the_tab_is_closed(
    browser: Browser, desk: tuple[Service, str], visit: Visit
) -> None:
    service, url = desk
    wants_a_person(visit(url))
    key, _ = service.guard.keys.make("phone", scopes=["inbox"], roles=["staff"])
    visitor = visit(url, viewport=PHONE, is_mobile=True, has_touch=True)
    visitor.watched.excuse("401", "403")
    page = visitor.page
    page.goto(f"{url}/inbox")
    page.get_by_label("Key").fill("rd_00000000_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("This key opens nothing")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Tickets").get_by_role("link").click()
    page.get_by_role("button", name="Claim").click()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("group", name="Close this conversation?").get_by_role("button", name="Close").click()
    expect(page.locator("p.closed")).to_have_text("Closed")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate("localStorage.getItem('refdesk-inbox-key')") is None
    page.reload()
    page.get_by_role("link", name="Back to the list").click()
    page.get_by_role("link", name="Over").click()
    expect(page.get_by_role("navigation", name="Tickets").get_by_role("link")).to_contain_text("Closed")
