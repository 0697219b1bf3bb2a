from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.plaintext import PlainTextParser
from ingest.parsers.source_code import SourceCodeParser
from tests.ingest.made_files import check, gaps, outline, read


def test_paragraphs_are_what_blank_lines_separate() -> None:
    assert outline(read("one\ntwo\n\nthree\r\n\r\n \r\nfour\fnew page", "a.txt")) == [
        ("paragraph", "one\ntwo"),
        ("paragraph", "three"),
        ("paragraph", "four"),
        ("paragraph", "new page"),
    ]


def test_headings_are_found_only_where_nothing_else_is_likely() -> None:
    document = read(
        "HANDBOOK FOR STAFF\n\nIntroduction\n============\nwords\n\n2.1 Leave and absence\n\n"
        "NO.\n\nThis is prose. It ends here.\n\n12 eggs were bought, and sold again.\n\nA short line\n",
        "a.txt",
    )
    assert [(block.level, block.label) for block in document.blocks if block.label] == [
        (1, "HANDBOOK FOR STAFF"),
        (1, "Introduction"),
        (2, "2.1 Leave and absence"),
    ]
    assert document.title == "HANDBOOK FOR STAFF"


def test_a_paragraph_of_bullets_is_a_list() -> None:
    document = read("Bring:\n\n- a pen\n  and ink\n- paper\n\n- alone in its paragraph\n", "a.txt")
    assert outline(document)[1:3] == [("list_item", "- a pen\n  and ink"), ("list_item", "- paper")]
    assert document.blocks[1].group == document.blocks[2].group > 0


def test_old_macintosh_line_ends_are_line_ends() -> None:
    assert len(outline(read("line one\rline two\r\rline three\r", "a.txt"))) == 2


@given(st.text(st.sampled_from("aA1.-=*\n\r\t \f\u2028")))
def test_no_word_of_a_text_is_outside_its_blocks(source: str) -> None:
    document = PlainTextParser().parse(source.encode(), "a.txt")
    check(document)
    assert gaps(document) == []


PYTHON = '''"""Module."""

import os


@decorated
def first(a):
    return a

class Second:
    """Doc."""

    field = 1

    def method(self):
        pass

    async def other(self): ...

LAST = os.sep
'''


def test_python_is_cut_at_functions_classes_and_methods() -> None:
    document = read(PYTHON, "src/tool.py")
    assert [text.split("\n")[0] for _, text in outline(document)] == [
        '"""Module."""',
        "@decorated",
        "class Second:",
        "    def method(self):",
        "    async def other(self): ...",
        "LAST = os.sep",
    ]
    assert {kind for kind, _ in outline(document)} == {"code"}
    assert (document.title, document.text, document.media_type) == ("tool.py", PYTHON, "text/x-python")


@pytest.mark.parametrize(
    "source", ["def broken(:\n\nx = 1\n", "(" * 5000, "print 'two'\n\ndef f():\n  pass\n", "a = '\\d'\n"]
)
def test_python_that_does_not_parse_is_still_read(source: str) -> None:
    assert read(source, "a.py").text == source


def test_other_languages_are_cut_where_something_begins_at_the_margin() -> None:
    source = "package main\n\nfunc one() {\n\n\treturn\n}\n\n// two\nfunc two() {\n}\n"
    assert [text.split("\n")[0] for _, text in outline(read(source, "a.go"))] == [
        "package main",
        "func one() {",
        "// two",
    ]


@given(st.lists(st.sampled_from(["def f():", "    pass", "x = 1", "", "}", "class C:", "@d", "  y"]), max_size=20))
def test_no_line_of_code_is_outside_its_blocks(lines: list[str]) -> None:
    for name in ("a.py", "a.go"):
        document = SourceCodeParser().parse("\n".join(lines).encode(), name)
        check(document)
        assert gaps(document) == []
