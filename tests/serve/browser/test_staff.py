"""Staff sign in at the inbox with their accounts, in a real browser, at a provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from serve.config.settings import parse_server_settings
from serve.service import Service, open_service
from tests.serve.browser.chromium import MESSAGE, PHONE, Visitor
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.browser.test_accessibility import violations
from tests.serve.browser.test_handover import wants_a_person
from tests.serve.served import serving, shell_at
from tests.serve.staff_provider import SECRET, Provider, provider_at_work


@pytest.fixture
def staffed(banks: Path, tmp_path: Path) -> Iterator[tuple[Service, str, Provider]]:
    """A service at which staff sign in, where it is, and the provider."""
    shell = shell_at(banks)
    shell = replace(shell, environment=replace(shell.environment, oidc_client_secret=SECRET))
    with provider_at_work() as provider:
        given = {**SETTINGS, "database": f"sqlite:///{tmp_path / 'store.sqlite'}", "oidc": provider.settings()}
        service = open_service(shell, parse_server_settings(given, None))
        with serving(service) as url:
            yield service, url, provider
        service.close()


def colleague(visit: Visit, url: str, provider: Provider, place: str = "/inbox", **context: object) -> Visitor:
    """Somebody of the staff at the inbox, who is not signed in yet."""
    somebody = visit(url, **context)
    somebody.watched.excuse("401", "403")
    somebody.watched.allow(provider.url)
    somebody.page.goto(f"{url}{place}")
    return somebody


def signs_in(page: Page, account: str) -> None:
    page.get_by_role("link", name="Sign in with Example Ltd").click()
    page.get_by_label("Account").fill(account)
    page.get_by_role("button", name="Continue").click()


def test_somebody_signs_in_answers_and_signs_out(staffed: tuple[Service, str, Provider], visit: Visit) -> None:
    _, url, provider = staffed
    customer = wants_a_person(visit(url))
    anna = colleague(visit, url, provider, "/inbox#/over").page
    signs_in(anna, "anna")
    expect(anna).to_have_url(f"{url}/inbox#/over")
    expect(anna.get_by_label("Customers see you as")).to_have_value("Anna Berg")
    anna.get_by_role("link", name="Open").click()
    anna.get_by_role("navigation", name="Tickets").get_by_role("link").click()
    anna.get_by_role("button", name="Claim").click()
    answer = anna.get_by_label("Answer")
    answer.fill("It is the coldest capital of all.")
    # Safari tells that an Enter ends a composition of letters by the key code alone.
    pressed = "new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true})"
    assert answer.evaluate(f"field => field.dispatchEvent({pressed})"), "it was taken for Enter"
    expect(answer).to_have_value("It is the coldest capital of all.")
    anna.keyboard.press("Enter")
    expect(customer.locator("li.agent")).to_contain_text("Anna Berg")
    customer.locator(MESSAGE).press_sequentially("Thank", delay=5)
    expect(anna.get_by_text("The customer is writing …")).to_be_visible()
    customer.locator(MESSAGE).press_sequentially(" you!", delay=5)
    customer.press(MESSAGE, "Enter")
    expect(anna.locator(".bubble").last).to_have_text("Thank you!")
    expect(anna.get_by_text("The customer is writing …")).to_have_count(0)
    anna.reload()
    expect(anna.locator("li.agent")).to_contain_text("It is the coldest capital of all.")
    anna.get_by_role("button", name="Sign out").click()
    expect(anna.get_by_role("link", name="Sign in with Example Ltd")).to_be_visible()
    assert [one["name"] for one in anna.context.cookies() if "staff" in one["name"]] == []


def test_whoever_is_of_no_team_or_turned_back_is_told(staffed: tuple[Service, str, Provider], visit: Visit) -> None:
    _, url, provider = staffed
    page = colleague(visit, url, provider).page
    signs_in(page, "guest")
    expect(page.get_by_role("alert")).to_have_text("This account is of no team here. Ask whoever runs this service.")
    expect(page).to_have_url(f"{url}/inbox")
    signs_in(page, "nobody at all")
    expect(page.get_by_role("alert")).to_have_text("Nobody was signed in.")
    provider.down = True
    signs = page.get_by_role("link", name="Sign in with Example Ltd")
    signs.click()
    page.get_by_label("Account").fill("anna")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached now")
    provider.down = False
    signs_in(page, "boss")
    expect(page.get_by_role("alert")).to_contain_text("lacks the scope inbox")
    page.get_by_role("button", name="Sign out (The Boss)").click()
    expect(signs).to_be_visible()


def test_a_session_that_is_revoked_ends_at_the_next_step(staffed: tuple[Service, str, Provider], visit: Visit) -> None:
    service, url, provider = staffed
    page = colleague(visit, url, provider, locale="de-DE").page
    page.get_by_role("link", name="Mit Example Ltd anmelden").click()
    page.get_by_label("Account").fill("anna")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Niemand wartet auf einen Menschen.")).to_be_visible()
    assert service.guard.staff is not None
    service.guard.staff.sessions.end(["anna@example.com"])
    page.get_by_role("link", name="Erledigt").click()
    expect(page.get_by_role("link", name="Mit Example Ltd anmelden")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_has_no_violation(staffed: tuple[Service, str, Provider], visit: Visit, scheme: str) -> None:
    _, url, provider = staffed
    page = colleague(visit, url, provider, "/inbox?sign-in=no-team", color_scheme=scheme, viewport=PHONE).page
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
