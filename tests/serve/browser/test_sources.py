"""The source beside the chat: the right document, on the right page, with exactly the cited words marked."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.serve.browser.chromium import ANSWERS, Visitor
from tests.serve.served import FAST

CRASH = "Was the Cessna 172 near Boquete an amateur built aircraft?"
# The characters of the drawn page's words whose middle lies under a mark, as they are laid over the picture.
UNDER_MARKS = """sheet => {
  const marks = [...sheet.querySelectorAll('.cited')].map(mark => mark.getBoundingClientRect());
  const under = (x, y) => marks.some(m => x >= m.left && x <= m.right && y >= m.top && y <= m.bottom);
  const words = document.createTreeWalker(sheet.querySelector('.textLayer'), NodeFilter.SHOW_TEXT);
  let found = '';
  while (words.nextNode()) {
    for (let at = 0; at < words.currentNode.length; at++) {
      const range = new Range();
      range.setStart(words.currentNode, at);
      range.setEnd(words.currentNode, at + 1);
      const box = range.getBoundingClientRect();
      if (under((box.left + box.right) / 2, (box.top + box.bottom) / 2)) found += words.currentNode.data[at];
    }
  }
  return found;
}"""


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def kept_answer(visitor: Visitor) -> dict[str, Any]:
    """The last message, as the service keeps it."""
    conversation = re.search(r"#/c/([^/]+)", visitor.page.url)
    assert conversation
    answer = visitor.page.request.get(f"{visitor.url}/api/conversations/{conversation[1]}").json()["messages"][-1]
    assert isinstance(answer, dict)
    return answer


def opened_mark(page: Page, number: int) -> None:
    page.locator(ANSWERS).last.locator(f".cite[data-cite='{number}']").first.click()


def test_every_cited_word_is_marked_on_its_page_of_the_pdf(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(CRASH)
    citations = kept_answer(visitor)["citations"]
    assert {citation["kind"] for citation in citations} == {"pdf"}
    assert len({citation["page"] for citation in citations}) > 1
    for citation in citations:
        opened_mark(page, citation["number"])
        sheet = page.locator(f".sheet[data-page='{citation['page']}'][data-drawn]")
        expect(sheet.locator(".cited").first).to_be_in_viewport()
        assert letters(sheet.evaluate(UNDER_MARKS)) == letters(citation["quote"])
        assert page.locator(f".sheet:not([data-page='{citation['page']}']) .cited").count() == 0


def test_other_pages_of_the_pdf_are_within_reach(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(CRASH)
    cited = next(citation for citation in kept_answer(visitor)["citations"] if citation["page"] < 3)
    opened_mark(page, cited["number"])
    page.locator(f".sheet[data-page='{cited['page']}'][data-drawn]").wait_for()
    following = cited["page"] + 1
    page.get_by_role("button", name="Next page").click()
    expect(page.locator(".pager")).to_contain_text(f"Page {following} of 3")
    page.locator(f".sheet[data-page='{following}'][data-drawn]").wait_for()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Cited words").click()
    expect(page.locator(".cited").first).to_be_in_viewport()


def test_exactly_the_cited_words_are_marked_in_a_text(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(FAST)
    for citation in kept_answer(visitor)["citations"]:
        opened_mark(page, citation["number"])
        marked = page.locator(".document mark")
        expect(marked.first).to_be_in_viewport()
        assert "".join(marked.all_text_contents()) == citation["quote"]
        whole = "".join(page.locator(".document .line").all_text_contents())
        assert whole[citation["start"] : citation["end"]] == citation["quote"]


def test_a_source_has_an_address_of_its_own(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(FAST)
    opened_mark(page, 1)
    page.locator(".document mark").first.wait_for()
    page.reload()
    expect(page.locator(".document mark").first).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_role("complementary")).to_have_count(0)


def test_the_next_source_is_one_click_away(visitor: Visitor) -> None:
    page = visitor.arrive()
    visitor.ask(CRASH)
    opened_mark(page, 1)
    page.get_by_role("button", name="Next source").click()
    expect(page.get_by_role("complementary", name="Source 2")).to_be_visible()
    expect(page.locator(".cite.shown").first).to_have_text("2")
