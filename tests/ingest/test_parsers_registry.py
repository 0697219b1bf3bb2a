from __future__ import annotations

from pathlib import Path

import pytest

from ingest.parsers.registry import Registry
from ingest.parsers.titles import sensible_title, title_from_name
from knowledge.errors import EmptyDocument, NeedsPassword, ParseError, UnsupportedFormat
from tests.ingest.made_files import made_pdf, read

DATA = Path(__file__).parents[2] / "data"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
PDF = made_pdf([[("Words.", 72, 700, 11)]])


@pytest.mark.parametrize(
    ("head", "suffix", "parser"),
    [
        (b"# Title", ".md", "markdown"),
        (b"# Title", ".MD", "markdown"),
        (b"plain", ".txt", "text"),
        (b"plain", "", "text"),
        (b"plain", ".unheard", "text"),
        (b"<!-- c --><!doctype html><p>", "", "html"),
        (b"<html><p>", ".pdf", "html"),
        (b"<html> is how a page begins", ".txt", "text"),
        (b"<html> is how a page begins", ".md", "markdown"),
        (b"<p>", ".htm", "html"),
        (b"%PDF-1.7", ".txt", "pdf"),
        (b"rubbish\n%PDF-1.7", ".pdf", "pdf"),
        (b"about %PDF-1.7", ".txt", "text"),
        (b"PK\x03\x04....word/document.xml", ".zip", "word"),
        (b"PK\x03\x04", ".docx", "word"),
        (b"PK\x03\x04", ".zip", "unreadable"),
        (b"PKCS is a family of standards", ".txt", "text"),
        (b"def f(): pass", ".py", "source-code"),
        (b"\x89PNG\r\n\x1a\n", ".txt", "unreadable"),
        (OLE, ".doc", "unreadable"),
        (b"a,b\n1,2\n", ".csv", "unreadable"),
    ],
)
def test_content_decides_and_the_suffix_helps(head: bytes, suffix: str, parser: str) -> None:
    assert Registry().choose(head, suffix).name == parser


def test_a_fingerprint_names_the_parser_and_its_version() -> None:
    assert Registry().fingerprint(b"words", ".md").startswith("markdown/")


def test_every_suffix_is_taken_by_the_parser_that_claims_it() -> None:
    registry = Registry()
    heads = {"pdf": b"%PDF-1.4", "word": b"PK\x03\x04"}
    for parser in registry.parsers.values():
        for suffix in parser.suffixes:
            assert registry.choose(heads.get(parser.name, b"words"), suffix) is parser
    assert {".md", ".txt", ".html", ".pdf", ".docx", ".py"} <= registry.suffixes()
    assert "" not in registry.suffixes()


def test_a_file_of_another_type_than_its_name_says_is_read_and_noted() -> None:
    document = read(PDF, "letter.txt")
    assert document.text == "Words."
    assert document.notes == ("It is named .txt but was read as application/pdf, which is what it holds.",)


@pytest.mark.parametrize("data", [b"", b" \n\t ", b"\0" * 5000, b"\xef\xbb\xbf", b"\xff\xfe \0"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.pdf", "a.docx", "a.html", "a"])
def test_nothing_is_empty_whatever_its_name(data: bytes, name: str) -> None:
    with pytest.raises(ParseError, match=name) as caught:
        Registry().read(data, name)
    assert caught.value.hint


def test_a_file_of_no_bytes_is_called_empty() -> None:
    with pytest.raises(EmptyDocument) as caught:
        Registry().read(b"", "notes.md")
    assert caught.value.sentence == "notes.md is empty: there is nothing to index."


@pytest.mark.parametrize(
    ("data", "name", "error", "words"),
    [
        (bytes(range(256)) * 20, "a.txt", UnsupportedFormat, "a.txt holds binary data, not text"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a.txt", UnsupportedFormat, "a.txt is an image"),
        (b"PK\x03\x04" + b"\0" * 50, "a.xlsx", UnsupportedFormat, "a.xlsx is an Excel workbook"),
        (b"words, no PDF at all", "a.pdf", UnsupportedFormat, "a.pdf is not what its name says"),
        (b"From: me\n\nhello", "a.eml", UnsupportedFormat, "of a type (.eml) that is not read"),
        (OLE, "a.doc", UnsupportedFormat, "an office format from before 2007"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", NeedsPassword, "a.docx is encrypted"),
        (OLE + b"\xec\xa5" + b"\0" * 9 + b"\1" + b"\0" * 500, "a.doc", NeedsPassword, "a.doc is encrypted"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(data: bytes, name: str, error: type[ParseError], words: str) -> None:
    with pytest.raises(error) as caught:
        Registry().read(data, name)
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert caught.value.hint.endswith(".")


@pytest.mark.parametrize(
    "title", ["", "untitled", "Microsoft Word - x.doc", "report.docx", "Document1", "  12/3 ", "None"]
)
def test_titles_that_say_nothing_are_not_believed(title: str) -> None:
    assert sensible_title(title) == ""


def test_titles_that_say_something_are_kept() -> None:
    assert sensible_title(" Annual\n report 2024 ") == "Annual report 2024"
    assert title_from_name("docs/Q3_report-final.v2.pdf") == "Q3 report final.v2"
    assert title_from_name(".env") == ".env"


@pytest.mark.skipif(not DATA.is_dir(), reason="the sample documents are not here")
@pytest.mark.parametrize("bank", ["banking", "monitoring", "rust", "aviation"])
def test_every_sample_document_is_read_with_a_title_and_structure(bank: str) -> None:
    files = [path for path in sorted((DATA / bank).rglob("*")) if path.suffix in Registry().suffixes()]
    assert files
    for path in files:
        document = read(path.read_bytes(), path.name)
        assert len(document.blocks) > 1, path
        assert not document.notes, path
