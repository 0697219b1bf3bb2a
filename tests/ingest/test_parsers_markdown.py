from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.decoding import decode
from ingest.parsers.markdown import COMMENT, REFERENCE, MarkdownParser
from ingest.structure import BlockKind
from knowledge.errors import EmptyDocument
from tests.ingest.made_files import check, gaps, outline, read, words

PAGE = """---
title: Card fees
tags: [cards, fees]
updated: 2024-05-01
---
# Fees of the *Bronze* `card`

Intro on
two lines.

- first item
  goes on
  - nested item
- second item

1. step

   ```sh
   run --now
   ```

| fee | amount |
|-----|--------|
| annual | $0 |
| late | $25 |

> quoted words

Setext heading
--------------

    indented code

<!-- a comment
over lines -->

***

[ref]: https://example.org
"""


def test_every_kind_of_block_is_found_in_order() -> None:
    assert outline(read(PAGE, "fees.md")) == [
        ("heading", "# Fees of the *Bronze* `card`"),
        ("paragraph", "Intro on\ntwo lines."),
        ("list_item", "- first item\n  goes on"),
        ("list_item", "- nested item"),
        ("list_item", "- second item"),
        ("list_item", "1. step"),
        ("code", "   ```sh\n   run --now\n   ```"),
        ("table_header", "| fee | amount |\n|-----|--------|"),
        ("table_row", "| annual | $0 |"),
        ("table_row", "| late | $25 |"),
        ("paragraph", "> quoted words"),
        ("heading", "Setext heading\n--------------"),
        ("code", "    indented code"),
    ]


def test_levels_labels_and_groups_are_those_of_the_page() -> None:
    blocks = read(PAGE, "fees.md").blocks
    headings = [(block.level, block.label) for block in blocks if block.kind is BlockKind.HEADING]
    assert headings == [(1, "Fees of the Bronze card"), (2, "Setext heading")]
    assert [block.level for block in blocks if block.kind is BlockKind.LIST_ITEM] == [1, 2, 1, 1]
    rows = {block.group for block in blocks if block.kind in (BlockKind.TABLE_HEADER, BlockKind.TABLE_ROW)}
    items = {block.group for block in blocks if block.kind is BlockKind.LIST_ITEM}
    assert len(rows) == 1
    assert len(items) == 2
    assert 0 not in rows | items
    assert not rows & items


def test_front_matter_gives_title_and_metadata_and_is_no_block() -> None:
    document = read(PAGE, "fees.md")
    assert document.title == "Card fees"
    assert document.metadata == {"title": "Card fees", "tags": "cards, fees", "updated": "2024-05-01"}
    assert document.text == PAGE


def test_the_title_is_the_first_heading_else_the_name() -> None:
    assert read("intro\n\n## Sub\n\n# The *title*\n\ntext", "a.md").title == "The title"
    assert read("## only a section\n\ntext", "docs/how_to-pay.md").title == "how to pay"


def test_what_is_underlined_far_down_is_not_the_title() -> None:
    before = "a paragraph\n\n" * 19
    assert read(f"{before}Figure 1\n===\n\ntext", "a.md").title == "Figure 1"
    assert read(f"{before}one more\n\nFigure 1\n===\n\ntext", "the_paper.md").title == "the paper"
    assert read(f"{before}one more\n\n# The guide\n\ntext", "a.md").title == "The guide"
    unseen = "<!-- licence -->\n\n" * 20 + "".join(f"[{number}]: https://a.b/{number}\n" for number in range(20))
    assert read(f"{unseen}\nThe guide\n===\n\ntext", "a.md").title == "The guide"


def test_prose_above_a_row_of_dashes_is_no_heading() -> None:
    long = "word " * 41
    for prose in (long, "one\ntwo\nthree"):
        for underline in ("---", "==="):
            assert outline(read(f"# T\n\n{prose}\n{underline}\n\nafter\n", "a.md")) == [
                ("heading", "# T"),
                ("paragraph", f"{prose}\n{underline}"),
                ("paragraph", "after"),
            ]
    assert outline(read("A heading\nof two lines\n---\n", "a.md"))[0][0] == "heading"


def test_broken_front_matter_is_noted_and_left_out() -> None:
    document = read("---\ntitle: [\n---\n# Right\n", "a.md")
    assert document.title == "Right"
    assert document.notes == ("The front matter is not valid YAML and was left out.",)


def test_two_rules_with_prose_between_are_no_front_matter() -> None:
    assert ("paragraph", "just prose") in outline(read("---\n\njust prose\n\n---\n\nmore\n", "a.md"))


def test_spans_hold_whatever_the_line_ends() -> None:
    for end in ("\n", "\r\n", "\r"):
        document = read(f"# T{end}{end}one{end}two{end}{end}- a{end}- b{end}", "a.md")
        assert outline(document) == [
            ("heading", "# T"),
            ("paragraph", f"one{end}two"),
            ("list_item", "- a"),
            ("list_item", "- b"),
        ]


def test_a_byte_order_mark_is_not_part_of_the_heading() -> None:
    document = read(b"\xef\xbb\xbf# Title\r\n\r\ntext\r\n", "a.md")
    assert document.title == "Title"
    assert document.text.startswith("# Title")


def test_a_heading_in_a_list_or_a_quotation_does_not_divide_the_document() -> None:
    kinds = [kind for kind, _ in outline(read("> # quoted\n\n- # item\n", "a.md"))]
    assert kinds == ["paragraph", "list_item"]


def test_words_deeper_than_any_reader_goes_are_not_lost() -> None:
    document = read("> " * 500 + "deep words\n", "a.md")
    assert "deep words" in words(document, document.blocks[0])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "source",
    ["[" * 50_000 + "x", "<!-- a -->" * 5_000 + "x", "*a _b " * 20_000, "- " * 20_000 + "x", "|a" * 50_000 + "\n|-\n"],
)
def test_time_stays_linear_for_hostile_markup(source: str) -> None:
    read(f"# {source}\n\n{source}\n\nlast words\n", "a.md")


def test_a_file_of_comments_is_empty() -> None:
    with pytest.raises(EmptyDocument, match=r"a\.md holds no text"):
        read("<!-- nothing\n\nto see -->\n", "a.md")


LINES = st.sampled_from(
    [
        *("", "", "words here", "# head", "- item", "  - nested", "1. one", "   more", "> quote", "```", "    code"),
        *(
            "| a | b |",
            "|---|---|",
            "| 1 | 2 |",
            "===",
            "---",
            "<div>",
            "</div>",
            "<!-- c",
            "-->",
            "[r]: http://x",
            "\t",
        ),
    ]
)


@given(st.lists(LINES, max_size=25).map("\n".join))
@example("---\n> quote\n---")
@example("---\n\twords\n---\n")
def test_blocks_are_ordered_and_what_lies_between_them_holds_no_words(source: str) -> None:
    document = MarkdownParser().parse(source.encode(), "a.md")
    check(document)
    for gap in gaps(document):
        bare = COMMENT.sub("", gap)
        assert all(REFERENCE.match(line) or not re.search(r"[^\W_]", line) for line in bare.splitlines()), gap


@given(st.text())
def test_any_text_can_be_read_as_markdown(source: str) -> None:
    document = MarkdownParser().parse(source.encode("utf-8", "surrogatepass"), "a.md")
    assert document.text == decode(source.encode("utf-8", "surrogatepass")).text
    check(document)
