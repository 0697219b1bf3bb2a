"""A conversation that a person takes over: asked for on the page, answered live, closed."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from serve.service import Service
from serve.store.conversations import State
from serve.store.messages import Message
from serve.store.schema import new_id, now
from tests.serve.browser.chromium import MESSAGE
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.served import FAST, opened, serving


def said(service: Service, conversation: str, text: str) -> None:
    service.store.messages.add(Message(new_id(), conversation, "agent", text, "Mara Lindqvist", now()))
    service.live.ring(conversation)


def put(service: Service, conversation: str, state: State) -> None:
    service.store.events.set_state(conversation, state)
    service.live.ring(conversation)


def test_a_person_is_asked_for_and_answers_live(visit: Visit, banks: Path, tmp_path: Path) -> None:
    service = opened(banks, tmp_path / "store.sqlite", **SETTINGS)
    with serving(service) as url:
        visitor = visit(url)
        page = visitor.arrive()
        visitor.ask(FAST)
        conversation = page.url.rsplit("/", 1)[1]
        page.locator("header").get_by_role("button", name="Talk to a person").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("What is it about?").fill("I need it tomorrow.")
        dialog.get_by_label("E-mail").fill("ada@example.org")
        dialog.get_by_role("button", name="Ask for a person").click()
        expect(page.get_by_text("A person will join you here.")).to_be_visible()
        asked = service.store.events.after(conversation, 0)[-1].data
        assert (asked["reason"], asked["contact"]) == ("I need it tomorrow.", "ada@example.org")

        put(service, conversation, "human")
        said(service, conversation, "Hello, I am **Mara**.")
        expect(page.locator("li.agent")).to_contain_text("Mara Lindqvist")
        expect(page.locator("li.agent strong")).to_have_text("Mara")
        expect(page.get_by_text("You are talking to a person.")).to_be_visible()
        page.fill(MESSAGE, "Thank you!")
        page.press(MESSAGE, "Enter")
        expect(page.locator(".bubble")).to_have_text([FAST, "Thank you!"])
        expect(page.locator("li.user[aria-busy]")).to_have_count(0)
        assert service.store.messages.of(conversation)[-1].text == "Thank you!"

        put(service, conversation, "closed")
        expect(page.get_by_text("This conversation is closed.")).to_be_visible()
        page.get_by_role("button", name="Start a new one").click()
        expect(page.locator(".welcome")).to_be_visible()
        visitor.leave()
    service.close()
