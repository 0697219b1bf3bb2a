"""Chunks: what they hold, where they are cut, what they cost."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import chunk
from ingest.structure import Block, BlockKind, ParsedDocument
from knowledge.card import ChunkingOptions, EmbedderSpec
from knowledge.embedding.embedder import TokenCounter
from knowledge.embedding.registry import open_embedder
from knowledge.types import Chunk, PageSpan

H, P, LI, TH, TR, C = (
    BlockKind.HEADING,
    BlockKind.PARAGRAPH,
    BlockKind.LIST_ITEM,
    BlockKind.TABLE_HEADER,
    BlockKind.TABLE_ROW,
    BlockKind.CODE,
)
SENTENCE = "The card is sent within five days. "


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> TokenCounter:
    return open_embedder(EmbedderSpec(), cache_dir=tmp_path_factory.mktemp("cache")).tokens()


def document(parts: Sequence[tuple[BlockKind, str, int, int]], title: str = "Cards") -> ParsedDocument:
    """A document of (kind, words, level, group), with a blank line between blocks, a line break within a group."""
    text, blocks, last_group = "", [], 0
    for kind, words, level, group in parts:
        text += "" if not text else "\n" if group and group == last_group else "\n\n"
        blocks.append(Block(kind, len(text), len(text) + len(words), level, words if kind is H else "", group))
        text, last_group = text + words, group
    return ParsedDocument(text, title, "text/plain", tuple(blocks))


def words(count: int) -> str:
    return " ".join(["card"] * count)


def cut(counter: TokenCounter, *parts: tuple[BlockKind, str, int, int], tokens: int = 64) -> tuple[Chunk, ...]:
    return chunk(document(parts), ChunkingOptions(tokens), counter)


def test_a_short_document_is_one_chunk_with_its_title_as_prefix(counter: TokenCounter) -> None:
    (only,) = cut(counter, (P, "A card is free.", 0, 0))
    assert (only.text, only.prefix, only.headings, only.start, only.end) == ("A card is free.", "Cards", (), 0, 15)
    assert only.tokens == counter.count("Cards\nA card is free.") + 2


def test_a_first_heading_that_repeats_the_title_stands_once_in_the_prefix(counter: TokenCounter) -> None:
    (only,) = cut(counter, (H, "Cards", 1, 0), (H, "Fees", 2, 0), (P, "A card is free.", 0, 0))
    assert only.prefix == "Cards > Fees"
    assert only.headings == ("Cards", "Fees")
    assert only.text.startswith("Cards\n\nFees\n\n")


def test_a_chunk_ends_where_a_section_of_some_size_begins(counter: TokenCounter) -> None:
    made = cut(counter, (H, "Fees", 1, 0), (P, words(24), 0, 0), (H, "Limits", 1, 0), (P, words(24), 0, 0))
    assert [item.headings for item in made] == [("Fees",), ("Limits",)]
    assert [item.text.split()[0] for item in made] == ["Fees", "Limits"]


def test_small_sections_side_by_side_share_a_chunk_under_their_common_heading(counter: TokenCounter) -> None:
    sections = [part for name in "abcd" for part in ((H, name, 2, 0), (P, words(5), 0, 0))]
    (only,) = cut(counter, (H, "Fees", 1, 0), *sections)
    assert only.headings == ("Fees",)
    assert only.text.count("card") == 20


def test_small_sections_do_not_merge_upwards_past_their_parent(counter: TokenCounter) -> None:
    made = cut(
        counter,
        *((H, "Fees", 1, 0), (P, words(30), 0, 0), (H, "Abroad", 2, 0), (P, words(30), 0, 0)),
        *((H, "Late", 2, 0), (P, words(3), 0, 0), (H, "Limits", 1, 0), (P, words(3), 0, 0)),
    )
    assert [item.headings for item in made] == [("Fees",), ("Fees", "Abroad"), ("Fees", "Late"), ("Limits",)]


def test_a_heading_stays_with_the_text_below_it(counter: TokenCounter) -> None:
    made = cut(counter, (H, "Fees", 1, 0), (H, "Abroad", 2, 0), (P, SENTENCE * 12, 0, 0))
    assert made[0].text.startswith("Fees\n\nAbroad\n\nThe card")
    assert {item.headings for item in made} == {("Fees", "Abroad")}


def test_a_row_an_item_and_a_code_block_are_kept_whole_where_they_fit(counter: TokenCounter) -> None:
    rows = [(TR, f"| row {number} | {words(12)} |", 0, 1) for number in range(9)]
    items = [(LI, f"- item {number} {words(20)}", 1, 2) for number in range(5)]
    code = [(C, "\n\n".join(["x = 1  # " + words(8)] * 3), 0, 0)]
    parts = [*rows, *items, *code]
    made = cut(counter, *parts)
    for part in parts:
        assert sum(part[1] in item.text for item in made) == 1, part


def test_a_chunk_that_begins_inside_a_table_repeats_the_header_in_its_prefix(counter: TokenCounter) -> None:
    rows = [(TR, f"| gold {number} | {words(12)} |", 0, 1) for number in range(8)]
    made = cut(counter, (TH, "| card | fee |\n|---|---|", 0, 1), *rows)
    assert made[0].prefix == "Cards"
    assert len(made) > 2
    assert {item.prefix for item in made[1:]} == {"Cards\n| card | fee |"}


def test_long_text_is_cut_between_sentences(counter: TokenCounter) -> None:
    made = cut(counter, (P, SENTENCE * 40, 0, 0))
    assert all(item.text.startswith("The card") and item.text.endswith("days.") for item in made)


def test_a_page_break_is_where_a_chunk_more_than_half_full_ends(counter: TokenCounter) -> None:
    parts = [(P, words(10), 0, 0) for _ in range(12)]
    made = document(parts)
    pages = tuple(PageSpan(number + 1, number * 204, (number + 1) * 204) for number in range(3))
    paged = ParsedDocument(made.text, made.title, made.media_type, made.blocks, pages)
    chunks = chunk(paged, ChunkingOptions(64), counter)
    assert [(item.page_first, item.page_last) for item in chunks] == [(1, 1), (2, 2), (3, 3)]


def test_a_long_title_and_path_take_at_most_a_quarter_of_a_chunk(counter: TokenCounter) -> None:
    parts = [(H, f"{name} {words(6)}", level, 0) for level, name in enumerate("abcd", 1)]
    made = chunk(document([*parts, (P, words(80), 0, 0)], title=words(90)), ChunkingOptions(64), counter)
    assert all(counter.count(item.prefix) <= 16 for item in made)
    assert all("d card" in item.prefix for item in made)


def test_an_empty_document_has_no_chunks(counter: TokenCounter) -> None:
    assert cut(counter) == ()
    assert cut(counter, (P, " \n ", 0, 0)) == ()


KINDS = st.sampled_from([H, P, P, P, LI, TH, TR, TR, C])
WORDS = st.text(st.sampled_from("abcde EÉ中。.,!?-—\u200b\U0001f600\t\n\x01"), max_size=12)
TEXTS = st.builds(
    lambda word, times, gap: gap.join([word] * times), WORDS, st.integers(1, 90), st.sampled_from([" ", "", "\n"])
)
PARTS = st.lists(st.tuples(KINDS, TEXTS, st.integers(1, 4), st.integers(0, 2)), max_size=14)


@settings(max_examples=150, deadline=None)
@given(parts=PARTS, title=WORDS, tokens=st.sampled_from([32, 64, 256]))
def test_chunks_hold_everything_once_and_never_cost_more_than_the_limit(
    counter: TokenCounter, parts: list[tuple[BlockKind, str, int, int]], title: str, tokens: int
) -> None:
    parsed = document(parts, title)
    position = 0
    for item in chunk(parsed, ChunkingOptions(tokens), counter):
        assert item.text == parsed.text[item.start : item.end] == item.text.strip() != ""
        assert not parsed.text[position : item.start].strip()
        assert item.tokens == counter.count(item.indexed_text) + 2 <= tokens
        position = item.end
    assert not parsed.text[position:].strip()


@pytest.mark.parametrize("unit", ["word and more. ", "aGVsbG8", "\u200b", "中文。", "a b\n", "x y z " * 400 + "\n"])
def test_a_huge_line_takes_time_in_proportion_to_its_length(counter: TokenCounter, unit: str) -> None:
    seconds = []
    for length in (50_000, 400_000):
        text = (unit * (length // len(unit) + 1))[:length]
        parsed = ParsedDocument(text, "", "text/plain", (Block(P, 0, length),))
        started = time.process_time()
        made = chunk(parsed, ChunkingOptions(), counter)
        seconds.append(time.process_time() - started)
        assert re.sub(r"\s", "", "".join(item.text for item in made)) == re.sub(r"\s", "", text)
        assert max(item.end - item.start for item in made) < 6000
    assert seconds[1] < 8 * 4 * seconds[0] + 0.2
