from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from knowledge.errors import EmptyDocument, LimitExceeded, ParseError, UnsupportedFormat
from tests.ingest.made_files import gaps, outline, read, saved, with_member

DATA = Path(__file__).parents[2] / "data"
BODY = "word/document.xml"


def made(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return saved(document)


def body(inner: str) -> bytes:
    """A document whose body is given as XML."""
    content = f"<w:document {nsdecls('w')}><w:body>{inner}</w:body></w:document>"
    return with_member(made("x"), BODY, content.encode())


def test_a_document_becomes_headings_lists_tables_and_paragraphs_in_their_order() -> None:
    document = docx.Document()
    document.add_heading("Travel policy", level=1)
    document.add_paragraph("Book early.")
    document.add_paragraph("trains", style="List Bullet")
    document.add_paragraph("buses", style="List Bullet")
    document.add_paragraph("ask", style="List Number")
    document.add_paragraph("go", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ("Class", "Limit", "Second", "€ 90"), strict=True
    ):
        cell.text = text
    document.add_heading("Exceptions", level=2)
    document.add_paragraph("None.")
    assert outline(parsed := read(saved(document), "travel.docx")) == [
        ("heading", "Travel policy"),
        ("paragraph", "Book early."),
        ("list_item", "- trains"),
        ("list_item", "- buses"),
        ("list_item", "1. ask"),
        ("list_item", "2. go"),
        ("table_header", "Class | Limit"),
        ("table_row", "Second | € 90"),
        ("heading", "Exceptions"),
        ("paragraph", "None."),
    ]
    assert [(block.level, block.label) for block in parsed.blocks if block.label] == [
        (1, "Travel policy"),
        (2, "Exceptions"),
    ]
    assert parsed.title == "Travel policy"
    assert gaps(parsed) == []


def test_a_title_in_the_properties_is_believed_unless_it_is_a_placeholder() -> None:
    document = docx.Document()
    document.add_heading("Heading", level=1)
    document.core_properties.title = "Real title"
    assert read(saved(document), "a.docx").title == "Real title"
    document.core_properties.title = "Document1"
    assert read(saved(document), "a.docx").title == "Heading"
    assert read(made("only words"), "my_notes.docx").title == "my notes"


def test_styles_of_the_house_are_understood_by_their_names() -> None:
    document = docx.Document()
    for name in ("ChapterTitle", "HeadA", "HeadB", "CodeWide", "CodeLabel", "CodeListingCaption"):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    for text, style in (
        ("Ownership", "ChapterTitle"),
        ("Moves", "HeadA"),
        ("Copies", "HeadB"),
        ("src/main.rs", "CodeLabel"),
        ("fn main() {", "CodeWide"),
        ("", "CodeWide"),
        ("    run();", "CodeWide"),
        ("}", "CodeWide"),
        ("A caption", "CodeListingCaption"),
    ):
        document.add_paragraph(text, style=style)
    parsed = read(saved(document), "a.docx")
    assert outline(parsed)[3:] == [
        ("paragraph", "src/main.rs"),
        ("code", "fn main() {\n\n    run();\n}"),
        ("paragraph", "A caption"),
    ]
    assert [block.level for block in parsed.blocks[:3]] == [1, 2, 3]


def test_deleted_and_hidden_words_are_left_out_and_inserted_ones_read() -> None:
    parsed = read(
        body(
            "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            "<w:ins><w:r><w:t xml:space='preserve'> added</w:t></w:r></w:ins>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>"
            "<w:hyperlink><w:r><w:t xml:space='preserve'> link</w:t></w:r></w:hyperlink></w:p>"
            "<w:sdt><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        ),
        "a.docx",
    )
    assert parsed.text == "kept added link\n\ncontrolled"


def test_text_boxes_are_read_once_also_inside_each_other() -> None:
    inner = "<w:p><w:r><w:t>deepest</w:t></w:r></w:p>"
    for depth in range(20):
        box = f"<w:r><w:pict><w:txbxContent>{inner}</w:txbxContent></w:pict></w:r>"
        inner = f"<w:p><w:r><w:t>box {depth}</w:t></w:r>{box}</w:p>"
    counts = Counter(text for _, text in outline(read(body(inner), "a.docx")))
    assert counts == {"deepest": 1, **{f"box {depth}": 1 for depth in range(20)}}


def test_merged_cells_are_repeated_and_frames_are_no_tables() -> None:
    def cell(text: str, merge: str = "") -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    start, go_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    table = (
        f"<w:tbl><w:tr>{cell('Adult', start)}{cell('10')}</w:tr><w:tr>{cell('', go_on)}{cell('12')}</w:tr></w:tbl>"
        f"<w:tbl><w:tr>{cell('framed')}</w:tr></w:tbl>"
    )
    assert outline(read(body(table), "a.docx")) == [
        ("table_row", "Adult | 10"),
        ("table_row", "Adult | 12"),
        ("paragraph", "framed"),
    ]


def test_lists_count_as_word_does() -> None:
    document = docx.Document()
    for text, level in (("a", 0), ("b", 0), ("b1", 1), ("b2", 1), ("c", 0), ("c1", 1)):
        paragraph = document.add_paragraph(text)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="99"/></w:numPr>')
        )
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/></w:lvl>' for level in (0, 1)
    )
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="99">{levels}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="99"><w:abstractNumId w:val="99"/></w:num>'))
    texts = [text for _, text in outline(read(saved(document), "a.docx"))]
    assert texts == ["1. a", "2. b", "1. b1", "2. b2", "3. c", "1. c1"]


def test_a_document_without_words_is_empty() -> None:
    with pytest.raises(EmptyDocument):
        read(made(), "a.docx")


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_member(made("x"), "word/media/x.xml", b"a" * (60 << 20))
    with pytest.raises(LimitExceeded, match=r"bomb\.docx unpacks to 6. MB"):
        read(bomb, "bomb.docx")


def test_entities_are_refused_and_never_resolved(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    content = (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
        f"<w:document {nsdecls('w')}><w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"
    )
    with pytest.raises(ParseError, match="declares XML entities"):
        read(with_member(made("x"), BODY, content.encode()), "a.docx")


@pytest.mark.parametrize("cut", [30, 500, 20_000])
def test_a_truncated_file_is_refused_in_one_sentence(cut: int) -> None:
    with pytest.raises(ParseError, match=r"cut\.docx is damaged or incomplete") as caught:
        read(made("words")[:cut], "cut.docx")
    assert caught.value.hint


def test_broken_xml_is_refused_in_one_sentence() -> None:
    with pytest.raises(ParseError, match="is damaged"):
        read(with_member(made("x"), BODY, b"<w:document><w:body>"), "a.docx")


def test_another_kind_of_office_file_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(UnsupportedFormat, match="is an Excel workbook"):
        read((tmp_path / "a.zip").read_bytes(), "a.docx")


@pytest.mark.skipif(not (DATA / "rust").is_dir(), reason="the sample documents are not here")
def test_a_chapter_of_the_samples_keeps_code_tables_and_headings() -> None:
    parsed = read((DATA / "rust" / "chapter03.docx").read_bytes(), "chapter03.docx")
    kinds = Counter(block.kind.value for block in parsed.blocks)
    assert parsed.title == "Common Programming Concepts"
    assert kinds["code"] > 50
    assert kinds["table_header"] == 2
    assert 'fn main() {\n    let x = 5;\n    println!("The value of x is: {x}");' in parsed.text
