"""The boxes of a quote hold the words of the quote: on real reports, turned and cropped pages, and hostile files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader, PdfWriter

from ingest.parsers.registry import Registry
from ingest.worker_process import ParserLimits
from knowledge.types import Document
from serve.sources.locating import Locator, PageBox, located, packed, quotes
from serve.sources.matching import keyed
from tests.ingest.made_files import made_pdf

REPORTS = sorted((Path(__file__).parents[3] / "data" / "aviation").glob("*.pdf"))
LINES = [
    [
        ("The engine stopped with-", 72, 700, 11),
        ("out a warning at noon.", 72, 686, 11),
        ("Second column", 400, 700, 11),
        ("The engine stopped again.", 72, 650, 11),
    ],
    [("It was found in the river.", 72, 700, 11)],
]


def document_of(data: bytes, name: str = "report.pdf") -> Document:
    parsed = Registry().read(data, name)
    return Document(1, "aviation", parsed.title, parsed.text, name, parsed.media_type, parsed.pages, {})


def boxes(data: bytes, document: Document, start: int, end: int) -> list[PageBox]:
    found = located(packed(quotes(document, start, end), data), "report.pdf", {})["boxes"]
    return [PageBox(*box) for box in found]


def words_in(data: bytes, found: list[PageBox]) -> str:
    """What PDFium reads within the boxes, of pages that are neither turned nor cropped."""
    pdf = pypdfium2.PdfDocument(data)
    try:
        return " ".join(_words_in(pdf[box.page - 1], box) for box in found)
    finally:
        pdf.close()


def _words_in(page: pypdfium2.PdfPage, box: PageBox) -> str:
    width, height = page.get_size()
    bounds = (box.x0 * width, (1 - box.y1) * height, box.x1 * width, (1 - box.y0) * height)
    words: str = page.get_textpage().get_text_bounded(*bounds)
    return words


def some_blocks(data: bytes, name: str) -> Iterator[tuple[int, int]]:
    blocks = [block for block in Registry().read(data, name).blocks if block.end - block.start > 40]
    return ((block.start, block.end) for block in blocks[:: max(1, len(blocks) // 12)])


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.stem)
def test_the_boxes_of_a_report_hold_the_words_that_are_quoted(report: Path) -> None:
    data = report.read_bytes()
    document = document_of(data, report.name)
    looked_at = 0
    for start, end in some_blocks(data, report.name):
        found = boxes(data, document, start, end)
        wanted, read = keyed(document.text[start:end]).key, keyed(words_in(data, found)).key
        assert found, document.text[start:end]
        assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in found)
        assert sorted(wanted) == sorted(read) or wanted in read, (document.text[start:end], words_in(data, found))
        assert len(read) <= 1.1 * len(wanted) + 5
        looked_at += 1
    assert looked_at > 5


def test_a_word_that_is_broken_over_two_lines_has_a_box_on_each() -> None:
    data = made_pdf(LINES)
    document = document_of(data)
    start = document.text.index("stopped without")
    found = boxes(data, document, start, start + len("stopped without a warning"))
    assert [box.page for box in found] == [1, 1]
    assert found[0].y1 <= found[1].y0 + 0.005
    assert keyed(words_in(data, found)).key == "stoppedwithoutawarning"


def test_of_equal_words_those_that_are_cited_are_marked() -> None:
    data = made_pdf(LINES)
    document = document_of(data)
    second = document.text.rindex("The engine stopped")
    (box,) = boxes(data, document, second, second + len("The engine stopped"))
    assert box.y0 == pytest.approx(1 - (650 + 8) / 792, abs=0.01)


def test_words_on_two_pages_have_boxes_on_both() -> None:
    data = made_pdf(LINES)
    document = document_of(data)
    found = boxes(data, document, document.text.index("stopped again"), document.text.index(" found in"))
    assert sorted({box.page for box in found}) == [1, 2]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_boxes_lie_where_a_turned_and_cropped_page_is_shown(turned: int) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made_pdf(LINES))))
    page = writer.pages[0]
    page.cropbox.lower_left, page.cropbox.upper_right = (50, 500), (562, 742)
    page.rotate(turned)
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    document = document_of(data)
    start = document.text.index("Second column")
    (box,) = boxes(data, document, start, start + len("Second column"))
    pdf = pypdfium2.PdfDocument(data)
    shown: Any = pdf[0].render(scale=2, grayscale=True).to_numpy().squeeze()
    pdf.close()
    height, width = shown.shape
    inside = shown[int(box.y0 * height) : int(box.y1 * height) + 1, int(box.x0 * width) : int(box.x1 * width) + 1]
    assert (inside < 128).sum() > 50
    beside = shown.copy()
    beside[int(box.y0 * height) - 2 : int(box.y1 * height) + 3, int(box.x0 * width) - 2 : int(box.x1 * width) + 3] = 255
    # Nothing else stands in that half of the page, so nothing of the words is left beside the box.
    halves = {0: beside[:, width // 2 :], 180: beside[:, : width // 2]}
    assert turned not in halves or (halves[turned] < 128).sum() == 0


def test_a_locator_asks_a_process_once_for_what_it_found_before() -> None:
    data = made_pdf(LINES)
    document = document_of(data)
    locator = Locator(ParserLimits(seconds=30))
    try:
        start = document.text.index("found in the river")
        first = locator.boxes(document, start, start + 5, data=data, digest="d")
        assert [box.page for box in first] == [2]
        assert locator.boxes(document, start, start + 5, data=b"", digest="d") == first
        assert locator.boxes(document, start, start + 5, data=b"no pdf at all", digest="e") == ()
        assert locator.boxes(document, 0, 0, data=data, digest="d") == ()
        assert locator.boxes(document, start, start + 6, data=data, digest="d") != ()
    finally:
        locator.close()


def test_a_file_that_hangs_or_crashes_the_process_costs_nothing_but_its_boxes() -> None:
    data = made_pdf(LINES)
    document = document_of(data)
    locator = Locator(ParserLimits(seconds=30, max_file_mb=0.0001))
    try:
        assert locator.boxes(document, 0, 10, data=data, digest="d") == ()
    finally:
        locator.close()
