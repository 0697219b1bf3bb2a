from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ingest.parsers.pdf_fallback import read_with_pypdf
from knowledge.errors import EmptyDocument, NeedsPassword, ParseError
from tests.ingest.made_files import Placed, encrypted_pdf, gaps, made_pdf, outline, read, words

DATA = Path(__file__).parents[2] / "data"


def lines(*texts: str, top: float = 700, size: float = 11, x: float = 72) -> list[Placed]:
    """Lines of one paragraph, as a typesetter would place them."""
    return [(text, x, top - 13 * row, size) for row, text in enumerate(texts)]


REPORT = [
    [
        ("Annual Report", 72, 740, 20),
        *lines("The first paragraph of this report goes on over", "a second line, which ends the sen-", "tence early."),
        *lines("A new paragraph after a gap that readers see at once.", top=640),
        ("Name", 72, 600, 11),
        ("Amount", 300, 600, 11),
        ("Rent", 72, 586, 11),
        ("1,200", 300, 586, 11),
        ("- pens and ink", 72, 550, 11),
        ("- paper", 72, 537, 11),
    ],
    [],
    [("Details", 72, 740, 16), *lines("Words of the third page, which is the last one.")],
]


def test_lines_become_paragraphs_headings_rows_and_items() -> None:
    document = read(made_pdf(REPORT), "report.pdf")
    assert outline(document) == [
        ("heading", "Annual Report"),
        (
            "paragraph",
            "The first paragraph of this report goes on over a second line, which ends the sentence early.",
        ),
        ("paragraph", "A new paragraph after a gap that readers see at once."),
        ("table_row", "Name | Amount"),
        ("table_row", "Rent | 1,200"),
        ("list_item", "- pens and ink"),
        ("list_item", "- paper"),
        ("heading", "Details"),
        ("paragraph", "Words of the third page, which is the last one."),
    ]
    assert gaps(document) == []


def test_every_page_knows_its_words_also_after_an_empty_one() -> None:
    document = read(made_pdf(REPORT), "report.pdf")
    assert [page.number for page in document.pages] == [1, 2, 3]
    assert all(before.end == after.start for before, after in pairwise(document.pages))
    third = document.pages[2]
    assert document.text[third.start : third.end].startswith("Details")
    assert document.pages[1].start == document.pages[1].end
    assert document.notes == ()


def test_the_title_is_declared_or_prominent_and_tells_reports_of_a_series_apart() -> None:
    assert read(made_pdf(REPORT, title="Declared title"), "r.pdf").title == "Declared title"
    assert read(made_pdf(REPORT, title="Microsoft Word - x.doc"), "annual-report.pdf").title == "annual report"
    assert read(made_pdf(REPORT, title="untitled"), "2024_Q3.pdf").title == "Annual Report (2024 Q3)"
    assert read(made_pdf([lines("words of plain size, a sentence.")]), "notes_may.pdf").title == "notes may"


def test_page_numbers_and_repeated_headers_are_not_repeated_in_the_text() -> None:
    pages = [
        [("Acme Corp 10-Q", 72, 760, 9), *lines(f"Body of page {word}."), (f"Page {number} of 4", 280, 30, 9)]
        for number, word in enumerate(("one", "two", "three", "four"), start=1)
    ]
    text = read(made_pdf(pages), "a.pdf").text
    assert text.count("Acme Corp") == 1
    assert "Page 1 of 4" not in text
    assert all(f"Body of page {word}." in text for word in ("one", "two", "three", "four"))


def test_a_word_broken_at_a_line_end_is_mended_as_the_document_writes_it() -> None:
    text = read(
        made_pdf(
            [
                [
                    *lines("We looked at the year-end figures of the com-", "pany again, and once more at the year-"),
                    *lines("end figures, for this non-", "European office of a well known firm.", top=674),
                ]
            ]
        ),
        "a.pdf",
    ).text
    assert "the company again" in text
    assert text.count("year-end figures") == 2
    assert "non-European" in text


def test_a_scan_is_empty_and_says_so() -> None:
    blank = made_pdf([[], []])
    with pytest.raises(EmptyDocument, match=r"scan\.pdf has only blank pages"):
        read(blank, "scan.pdf")
    drawn = blank.replace(
        b"<</Length 0>>\nstream\n\nendstream", b"<</Length 16>>\nstream\n0 0 99 99 re f   \nendstream"
    )
    with pytest.raises(EmptyDocument, match=r"scan\.pdf has no text layer") as caught:
        read(drawn, "scan.pdf")
    assert "OCR" in caught.value.hint


def test_pages_without_a_text_layer_are_named() -> None:
    data = made_pdf([lines("Words."), [("", 10, 10, 5)]]).replace(b"() Tj", b"f   ").replace(b"10 10 Td", b"0 0 9 9 re")
    document = read(data, "a.pdf")
    assert document.notes == ("1 of 2 pages have no text layer and need OCR (page 2).",)


def test_an_encrypted_file_needs_its_password_unless_that_is_empty() -> None:
    plain = made_pdf([lines("Secret words.")])
    with pytest.raises(NeedsPassword, match=r"locked\.pdf is encrypted"):
        read(encrypted_pdf(plain, user_password="opensesame"), "locked.pdf")
    assert read(encrypted_pdf(plain, user_password=""), "open.pdf").text == "Secret words."


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnothing", made_pdf(REPORT)[:300], b"%PDF-1.4\n" + b"\xff" * 5000])
def test_a_damaged_file_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"bad\.pdf") as caught:
        read(data, "bad.pdf")
    assert caught.value.hint


def test_a_file_whose_table_of_objects_is_lost_is_repaired() -> None:
    data = made_pdf(REPORT).replace(b"xref\n0 ", b"lost\n0 ")
    assert "Annual Report" in read(data, "lost.pdf").text


def test_the_fallback_reads_the_same_words() -> None:
    content = read_with_pypdf(made_pdf(REPORT), "report.pdf")
    assert [line.text for line in content.pages[2].lines] == [
        "Details",
        "Words of the third page, which is the last one.",
    ]


@pytest.mark.skipif(not (DATA / "aviation").is_dir(), reason="the sample documents are not here")
def test_a_form_of_the_samples_keeps_its_fields_together() -> None:
    document = read((DATA / "aviation" / "20071229X02007.pdf").read_bytes(), "20071229X02007.pdf")
    rows = [words(document, block) for block in document.blocks if block.kind == "table_row"]
    assert "Location: | Tallahassee, FL | Accident Number: | NYC08CA055" in rows
    assert any(block.label == "Probable Cause and Findings" for block in document.blocks)
    assert len(document.pages) == 4
    assert "20071229X02007" in document.title
