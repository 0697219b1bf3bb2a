"""The browser of these tests, and what each of its pages is held to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
MESSAGE = "#message"
ANSWERS = "li.assistant:not(.working)"
PATIENCE_MS = 20_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Watched:
    """What a page did that it must not do: messages of errors, and requests to other hosts.

    Violations of the content security policy are among the errors.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.wrong: list[str] = []
        self._hosts = {urlsplit(url).netloc}
        self._excused: tuple[str, ...] = ()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._asked)

    def excuse(self, *words: str) -> None:
        """What the browser itself says of what a test brings about, such as being offline."""
        self._excused = words

    def allow(self, url: str) -> None:
        """Where the page may send requests besides."""
        self._hosts.add(urlsplit(url).netloc)

    @property
    def faults(self) -> list[str]:
        """All of it that no test brought about."""
        return [one for one in self.wrong if not any(words in one for words in self._excused)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc not in self._hosts:
            self.wrong.append(f"a request to {request.url}")


class Visitor:
    """A person at a page of their own, with cookies of their own."""

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-US", **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.url = url
        self._gone = False
        self.watched = Watched(self.page, url)

    def arrive(self) -> Page:
        """Open the page and wait until it is ready to be asked."""
        self.page.goto(self.url)
        self.page.locator(".welcome h1").wait_for()
        return self.page

    def ask(self, text: str) -> None:
        """Ask, and wait for the answer."""
        before = self.page.locator(ANSWERS).count()
        self.page.fill(MESSAGE, text)
        self.page.press(MESSAGE, "Enter")
        self.page.locator(ANSWERS).nth(before).wait_for()

    def leave(self) -> None:
        """Close the page; nothing may have gone wrong on it."""
        if not self._gone:
            self.context.close()
        self._gone = True
        assert not self.watched.faults, self.watched.faults
