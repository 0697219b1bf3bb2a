"""The widget on another site: shown, asked, remembered; refused where it is not allowed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

from tests.serve.browser.chromium import ANSWERS, MESSAGE, PATIENCE_MS
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.served import EXPEDITED, FAST, PLANE, opened, serving

SHOP = "<!doctype html><html lang='en'><title>Shop</title><h1>Shop</h1><script async src='{}/widget.js'></script>"
# What a strict site would send: nothing but what the widget needs.
POLICY = "default-src 'none'; script-src {0}; frame-src {0}; connect-src {0}"


class Shop(BaseHTTPRequestHandler):
    """The pages of another site, all alike."""

    def __init__(self, *arguments: Any, service: list[str]) -> None:
        self._service = service
        super().__init__(*arguments)

    def do_GET(self) -> None:
        body = SHOP.format(self._service[0]).encode() if self.path != "/favicon.ico" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", POLICY.format(self._service[0]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def shop(service: list[str]) -> Iterator[str]:
    """The origin of another site; `service` holds the address of the service once it is known."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Shop, service=service))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        # Another name than the service's makes it another site, not only another origin.
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(frame: FrameLocator, text: str) -> None:
    before = frame.locator(ANSWERS).count()
    frame.locator(MESSAGE).fill(text)
    frame.locator(MESSAGE).press("Enter")
    frame.locator(ANSWERS).nth(before).wait_for()


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("refdesk-chat iframe")


def test_a_visitor_of_another_site_asks_looks_and_comes_back(visit: Visit, banks: Path, tmp_path: Path) -> None:
    address: list[str] = []
    with shop(address) as origin:
        service = opened(banks, tmp_path / "store.sqlite", **SETTINGS, widget={"origins": [origin]})
        with serving(service) as url:
            address.append(url)
            visitor = visit(origin)
            visitor.watched.allow(url)
            page = visitor.page
            page.goto(origin)
            button = page.get_by_role("button", name="Rho-Bank help desk")
            button.click()
            asked(chat(page), FAST)
            expect(chat(page).locator(ANSWERS)).to_contain_text(EXPEDITED)
            chat(page).locator(".cite").first.click()
            expect(chat(page).locator(".document mark").first).to_be_in_viewport()
            page.keyboard.press("Escape")
            asked(chat(page), PLANE)
            chat(page).locator(".cite").last.click()
            chat(page).locator(".sheet[data-drawn] .cited").first.wait_for()
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            expect(button).to_be_focused()
            expect(button).to_have_attribute("aria-expanded", "false")

            page.goto(f"{origin}/another")
            button.click()
            expect(chat(page).locator(".bubble")).to_have_text([FAST, PLANE])
            kept = page.evaluate("[document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)]")
            assert not any("rw_" in value or len(value) > 20 for value in kept)
            visitor.leave()
        service.close()


def test_a_site_that_is_not_allowed_shows_nothing(visit: Visit, banks: Path, tmp_path: Path) -> None:
    address: list[str] = []
    with shop(address) as origin:
        service = opened(banks, tmp_path / "store.sqlite", widget={"origins": ["https://www.example.com"]})
        with serving(service) as url:
            address.append(url)
            visitor = visit(origin)
            visitor.watched.excuse("CORS policy", "ERR_FAILED", "403", "does not allow its chat", "frame-ancestors")
            visitor.watched.allow(url)
            with visitor.page.expect_console_message(lambda said: "does not allow its chat" in said.text):
                visitor.page.goto(origin)
            expect(visitor.page.locator("refdesk-chat")).to_have_count(0)
            with visitor.page.expect_console_message(lambda said: "frame-ancestors" in said.text, timeout=PATIENCE_MS):
                visitor.page.evaluate(
                    "url => document.body.append(Object.assign(document.createElement('iframe'), { src: url }))",
                    f"{url}/widget",
                )
            visitor.leave()
        service.close()
