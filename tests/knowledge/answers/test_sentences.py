"""A text falls into units that can be quoted, whatever it was written in."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answers.sentences import SpanKind, split

MARKDOWN = """---
title: Fees
---

# Fees

The fee is $0.50 per page, e.g. for copies. It is waived by Dr. Smith!
See [the list](https://example.org/a.b?c=d) (updated Jan. 3).

- First item
  goes on here.
- [ ] Second item
1. Step one
2. Step two

| Card | Fee |
| ---- | --- |
| Gold | $90 |

```sh
make all
make test
```
"""
PIECES = [
    *(
        "Hello there.",
        "U.S. ",
        "e.g. ",
        "\n",
        "\n\n",
        "- item",
        "# Head",
        "| a | b |",
        "|---|---|",
        "```",
        "  ",
        "3.14",
    ),
    *("No. 5", "…", "！", "你好。", "مرحبا؟", "नमस्ते।", "\t", "> quote", "Wait?", "“Yes.”", "[1]", "\u2028", "\x0c"),
]


def units(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split(text)]


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split(text) if span.kind is SpanKind.SENTENCE]


def test_markdown_falls_into_headings_sentences_items_rows_and_code() -> None:
    assert [(str(span.kind), MARKDOWN[span.start : span.end]) for span in split(MARKDOWN)] == [
        ("heading", "Fees"),
        ("sentence", "The fee is $0.50 per page, e.g. for copies."),
        ("sentence", "It is waived by Dr. Smith!"),
        ("sentence", "See [the list](https://example.org/a.b?c=d) (updated Jan. 3)."),
        ("item", "First item\n  goes on here."),
        ("item", "Second item"),
        ("item", "Step one"),
        ("item", "Step two"),
        ("header", "| Card | Fee |"),
        ("row", "| Gold | $90 |"),
        ("code", "make all\nmake test"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He moved to the U.S. in 1990. He stayed.", ["He moved to the U.S. in 1990.", "He stayed."]),
        ("It ended in the U.S. The rest followed.", ["It ended in the U.S.", "The rest followed."]),
        ("J. R. Smith wrote it. Read it.", ["J. R. Smith wrote it.", "Read it."]),
        ("Use rule No. 5 here. Or not.", ["Use rule No. 5 here.", "Or not."]),
        ("Pi is 3.14 or so. Good.", ["Pi is 3.14 or so.", "Good."]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        ("It rose.[4][5] Then it fell.", ["It rose.[4][5]", "Then it fell."]),
        ("Well... maybe so. Yes.", ["Well... maybe so.", "Yes."]),
        ("“Really?” he asked. She nodded.", ["“Really?” he asked.", "She nodded."]),
        ("**Note.** Keep it. _Always._", ["**Note.**", "Keep it.", "_Always._"]),
        ("Visit http://a.example/x.y. Then go on.", ["Visit http://a.example/x.y.", "Then go on."]),
        ("我们走吧。好的！真的吗？", ["我们走吧。", "好的！", "真的吗？"]),
        ("هل هذا صحيح؟ نعم.", ["هل هذا صحيح؟", "نعم."]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("At 5 p.m. on Monday it closed. Go.", ["At 5 p.m. on Monday it closed.", "Go."]),
        ("Step 1. Open it.", ["Step 1.", "Open it."]),
    ],
)
def test_sentences_end_where_a_reader_says_so(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_lines_that_a_page_wrapped_are_one_sentence() -> None:
    page = (
        "While on \nfinal approach for the strip, the airplane contacted trees, then \nutility wires, and came to rest."
    )
    assert units(page) == [page]


def test_labelled_lines_of_a_form_stand_for_themselves() -> None:
    form = "Location: Tallahassee, FL Number: NYC08\nDate & Time: 12/08/2007, 1730 EST\nAircraft: Piper PA-22-150"
    assert units(form) == form.splitlines()


def test_headings_are_told_from_sentences_without_markup() -> None:
    assert [span.kind for span in split("Overview\n========\n\nIt works.\n\nPROBABLE CAUSE\nThe pilot erred.")] == [
        SpanKind.HEADING, SpanKind.SENTENCE, SpanKind.HEADING, SpanKind.SENTENCE,
    ]  # fmt: skip


def test_an_indented_block_is_code_but_not_inside_a_list() -> None:
    assert [span.kind for span in split("Run:\n\n    make all\n    make test\n\nDone now.")] == [
        SpanKind.SENTENCE, SpanKind.CODE, SpanKind.SENTENCE,
    ]  # fmt: skip
    assert SpanKind.CODE not in {span.kind for span in split("- One\n\n    More about one.\n")}


def test_a_long_item_falls_into_its_sentences() -> None:
    item = "- " + " ".join(f"Sentence number {n} says something of its own." for n in range(20))
    assert len(split(item)) == 20


@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=30).map("".join)))
def test_units_are_ordered_stripped_and_hold_words(text: str) -> None:
    end = 0
    for span in split(text):
        unit = text[span.start : span.end]
        assert end <= span.start < span.end <= len(text)
        assert unit == unit.strip()
        assert any(c.isalnum() for c in unit)
        end = span.end


@given(st.lists(st.sampled_from(["The cat sat.", "A dog barked!", "Did it rain?"]), min_size=1, max_size=8))
def test_plain_sentences_are_found_one_by_one(parts: list[str]) -> None:
    assert units(" ".join(parts)) == parts
    assert units("\n\n".join(parts)) == parts


@pytest.mark.parametrize(
    "piece", ["a. ", "word ", "- x\n", "| a | b |\n", ". . ", "A. B. ", "\"'”’", "[1]", "```\n", "(" * 9]
)
def test_splitting_takes_linear_time(piece: str) -> None:
    started = process_time()
    split(piece * 15_000)
    assert process_time() - started < 5
