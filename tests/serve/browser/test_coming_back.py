"""A page that outlives its service: it says so, and goes on with the next one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.serve.browser.chromium import ANSWERS
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.served import FAST, UNKNOWN, opened, serving


def test_a_page_goes_on_with_a_service_that_was_restarted(visit: Visit, banks: Path, tmp_path: Path) -> None:
    database = tmp_path / "store.sqlite"
    first = opened(banks, database, **SETTINGS)
    with serving(first) as url:
        visitor = visit(url)
        visitor.watched.excuse("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE")
        page = visitor.arrive()
        visitor.ask(FAST)
    first.close()
    expect(page.get_by_text("The connection was lost. Reconnecting …")).to_be_visible()
    second = opened(banks, database, **SETTINGS)
    with serving(second, port=urlsplit(url).port or 0):
        expect(page.get_by_text("The connection was lost. Reconnecting …")).to_have_count(0)
        visitor.ask(UNKNOWN)
        expect(page.locator(ANSWERS)).to_have_count(2)
        visitor.leave()
    second.close()
