from __future__ import annotations

from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from agents.message import ImageBlock, TextBlock
from agents.tool.values import MOST_MEDIA, ResultBlock, as_text, fitting, shortened

NOTE = 120


def texts(*words: str) -> list[ResultBlock]:
    return [TextBlock(type="text", text=word) for word in words]


@given(st.text(max_size=400), st.integers(0, 300))
def test_a_shortened_text_is_no_longer_than_promised_and_keeps_both_ends(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= max(most, 0) + NOTE
    if len(text) <= most:
        assert short == text
    elif most > 10:
        assert short.startswith(text[: int(most * 0.7)])
        assert short.endswith(text[-1])


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300), max_size=8),
    st.integers(0, 600),
)
def test_blocks_together_fit(words: list[str], most: int) -> None:
    fitted = fitting(texts(*words), most)
    total = sum(len(block["text"]) for block in fitted if block["type"] == "text")
    assert total <= most + NOTE * len(words) + len(words)
    if sum(map(len, words)) <= most:
        assert fitted == texts(*words)


def test_a_short_note_survives_the_flood_before_it() -> None:
    fitted = fitting(texts("x" * 100_000, "Error: it failed."), 1_000)
    assert fitted[1] == texts("Error: it failed.")[0]


def test_a_picture_that_is_too_large_is_named_instead() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "x" * (MOST_MEDIA + 1)}
    (block,) = fitting([cast(ImageBlock, {"type": "image", "source": source})], 100)
    assert block["type"] == "text"
    assert "left out" in block["text"]


def test_an_object_that_cannot_even_be_shown_is_named() -> None:
    class Shy:
        def __str__(self) -> str:
            raise ValueError("no")

    assert as_text(Shy()) == "[Shy that cannot be shown: ValueError]"
