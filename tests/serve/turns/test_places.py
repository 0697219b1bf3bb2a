"""Words of documents as Markdown that says exactly those words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from knowledge.types import AnswerSentence, Citation
from serve.turns.places import cited_places, escaped, marked_sentences, unescaped


def shown(markdown: str) -> str:
    """The text that a reader sees."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return "".join(
        child.content if child.type in ("text", "text_special") else "\n"
        for token in tokens
        for child in token.children or ()
    )


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1).filter(str.strip))
def test_a_quote_is_shown_as_it_stands(quote: str) -> None:
    assert shown(escaped(quote)).strip() == quote.strip()


def test_what_a_document_says_is_no_link_no_mark_and_no_heading() -> None:
    text = escaped("# See [1] or [here](http://x) <b>now</b> *and* `code`\n1. one")
    assert shown(text).split("\n") == ["# See [1] or [here](http://x) <b>now</b> *and* `code`", "1. one"]


def test_the_lines_of_a_list_stay_a_list() -> None:
    assert escaped("- a_b\n- c").splitlines() == ["- a\\_b", "- c"]


def test_marks_count_citations_in_order_of_appearance() -> None:
    one, two = (Citation("hr", 1, "Leave", "leave.md", at, at + 1, "x") for at in (0, 5))
    sentences = (AnswerSentence("First.", (two,)), AnswerSentence("Second.", (one, two)))
    assert marked_sentences(sentences) == ["First. [1]", "Second. [2][1]"]
    assert [place.start for place in cited_places(sentences)] == [5, 0]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=12)


@given(before=TEXT, phrase=st.sampled_from(["25 days", "€12", "Anna", "40 %", "C++"]), after=TEXT)
def test_the_phrase_that_answers_is_in_bold_and_the_words_are_the_same(before: str, phrase: str, after: str) -> None:
    before, after = f"{before} " if before else "", f" {after}" if after else ""
    text = f"{before}{phrase}{after}"
    sentence = AnswerSentence(text, (), 1, (len(before), len(before) + len(phrase)))
    (markdown,) = marked_sentences([sentence])
    assert shown(markdown).replace("\n", "").strip() == text.strip()
    assert unescaped(markdown).strip() == text.strip()
    (inline,) = (token for token in MarkdownIt("commonmark").parse(markdown) if token.type == "inline")
    types = [child.type for child in inline.children or ()]
    assert types.count("strong_open") == 1


def test_characters_that_mark_a_phrase_are_left_alone_where_a_document_has_them() -> None:
    sentence = AnswerSentence("a \ufdd0 b", (), 1, (0, 1))
    assert marked_sentences([sentence]) == ["a \ufdd0 b"]
