"""Documents that are added on the page, and asked about at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import FilePayload, expect

from tests.serve.browser.chromium import ANSWERS
from tests.serve.browser.conftest import SETTINGS, Visit
from tests.serve.served import opened, serving

HOURS = "# Opening hours of the Lisbon branch\n\nThe Lisbon branch is open on Saturdays from 9:30 to 13:00.\n"
QUESTION = "When is the Lisbon branch open on Saturdays?"


def test_a_document_is_added_and_asked_about(visit: Visit, banks: Path, tmp_path: Path) -> None:
    # Banks of its own: what is added here must not be found by other tests.
    root = Path(shutil.copytree(banks, tmp_path / "root"))
    service = opened(root, tmp_path / "store.sqlite", **SETTINGS, features={"upload": True})
    with serving(service) as url:
        visitor = visit(url)
        page = visitor.arrive()
        page.get_by_role("button", name="Add documents").click()
        dialog = page.get_by_role("dialog", name="Add documents")
        dialog.get_by_label("Add to").select_option("banking")
        dialog.locator("input[type=file]").set_input_files(
            [
                FilePayload(name="lisbon.md", mimeType="text/markdown", buffer=HOURS.encode()),
                FilePayload(name="broken.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 nothing"),
            ]
        )
        expect(dialog.locator("li.done")).to_contain_text("lisbon.md")
        expect(dialog.locator("li.failed")).to_contain_text("broken.pdf")
        page.keyboard.press("Escape")
        visitor.ask(QUESTION)
        expect(page.locator(ANSWERS)).to_contain_text("from 9:30 to 13:00")
        page.locator(".cite").first.click()
        expect(page.locator(".document mark").first).to_contain_text("Lisbon branch")
        visitor.leave()
    service.close()
