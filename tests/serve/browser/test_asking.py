"""The chat page: asking, what an answer offers, and conversations that stay."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.serve.browser.chromium import ANSWERS, MESSAGE, Visitor
from tests.serve.browser.conftest import Visit
from tests.serve.served import FAST, UNKNOWN

EXPEDITED = re.compile("expedited shipping", re.IGNORECASE)


def test_a_suggested_question_is_answered_with_marks_and_sources(visitor: Visitor) -> None:
    page = visitor.arrive()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rho-Bank help desk")
    page.get_by_role("button", name=FAST).click()
    answer = page.locator(ANSWERS)
    expect(answer).to_contain_text(EXPEDITED)
    assert answer.locator(".cite").count() >= 1
    assert (answer.locator(".cite").first.get_attribute("aria-label") or "").startswith("Source 1: ")
    expect(answer.get_by_role("region", name="Sources").get_by_role("button").first).to_be_visible()
    expect(answer).to_contain_text("no language model")
    expect(page).to_have_title(f"{FAST} · Rho-Bank help desk")


def test_a_follow_up_is_one_click(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(FAST)
    follow_up = page.get_by_role("region", name="Ask next").get_by_role("button").first
    words = follow_up.inner_text()
    follow_up.click()
    expect(page.locator(".bubble").nth(1)).to_have_text(words)
    expect(page.locator(ANSWERS)).to_have_count(2)


def test_what_the_documents_do_not_answer_is_said_with_the_way_to_a_person(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(UNKNOWN)
    answer = page.locator(ANSWERS)
    expect(answer).to_contain_text("The documents do not answer this question.")
    expect(answer.get_by_role("region", name="Closest passages")).to_be_visible()
    answer.get_by_role("button", name="Talk to a person").click()
    expect(page.get_by_role("dialog", name="Talk to a person")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_conversations_stay_and_can_be_reopened_and_deleted(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(FAST)
    page.reload()
    expect(page.locator(ANSWERS)).to_contain_text(EXPEDITED)
    page.get_by_role("button", name="New conversation").click()
    visitor.ask(UNKNOWN)
    expect(page.locator(".bubble")).to_have_text([UNKNOWN])
    listed = page.get_by_role("navigation", name="Conversations")
    listed.get_by_role("link", name=FAST).click()
    expect(page.locator(".bubble")).to_have_text([FAST])
    page.get_by_role("button", name=f"Delete “{FAST}”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(listed.get_by_role("link")).to_have_text([UNKNOWN])
    expect(page.locator(".welcome")).to_be_visible()


def test_thumbs_are_kept_with_their_reason(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(FAST)
    page.get_by_role("button", name="Not helpful").click()
    form = page.get_by_role("form", name="What was wrong?")
    form.get_by_role("button", name="Incomplete").click()
    form.get_by_role("textbox").fill("Which days count?")
    form.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Thank you for telling us.").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    conversation = page.url.rsplit("/", 1)[1]
    kept = page.request.get(f"{visitor.url}/api/conversations/{conversation}").json()["messages"][1]["feedback"]
    assert kept == {"rating": "down", "reason": "Incomplete. Which days count?"}


def test_an_answer_is_copied_without_its_marks(visitor: Visitor) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.arrive()
    visitor.ask(FAST)
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert EXPEDITED.search(copied)
    assert "[1]" not in copied
    assert "**" not in copied


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    page = visitor.arrive()
    skip = page.get_by_role("link", name="Skip to the message field")
    page.keyboard.press("Shift+Tab")
    while not skip.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator(MESSAGE)).to_be_focused()
    page.keyboard.type("How fast can")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("a replacement card arrive?")
    page.keyboard.press("Enter")
    page.locator(ANSWERS).wait_for()
    expect(page.locator(".bubble")).to_have_text("How fast can\na replacement card arrive?")
    mark = page.locator(".cite").first
    mark.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Source 1")
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(mark).to_be_focused()


def test_what_was_written_offline_is_sent_once_back(visitor: Visitor) -> None:
    visitor.watched.excuse("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")
    page = visitor.arrive()
    visitor.context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.fill(MESSAGE, FAST)
    page.press(MESSAGE, "Enter")
    expect(page.get_by_role("alert")).to_contain_text("Not sent.")
    visitor.context.set_offline(False)
    expect(page.locator(ANSWERS)).to_contain_text(EXPEDITED)
    expect(page.locator(".bubble")).to_have_text([FAST])


def test_the_page_speaks_the_language_of_the_browser(visit: Visit, site: str) -> None:
    page = visit(site, locale="de-AT").arrive()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_placeholder("Stellen Sie eine Frage …")).to_be_visible()


def test_a_phone_shows_everything_within_its_width(caller: Visitor) -> None:
    page = caller.arrive()
    caller.ask(FAST)
    shown = page.get_by_role("button", name="Show conversations")
    shown.click()
    expect(page.get_by_role("navigation", name="Conversations").get_by_role("link", name=FAST)).to_be_visible()
    expect(page.get_by_role("button", name="Hide conversations")).to_be_focused()
    page.keyboard.press("Escape")
    expect(shown).to_be_focused()
    expect(page.get_by_role("navigation", name="Conversations")).to_be_hidden()
    page.locator(".cite").first.click()
    expect(page.get_by_role("dialog", name="Source 1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Close the source").click()
    expect(page.locator(MESSAGE)).to_be_visible()


def test_the_chosen_appearance_is_there_from_the_first_paint(visitor: Visitor) -> None:
    page = visitor.arrive()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("label[title=Dark]").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
