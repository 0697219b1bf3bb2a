"""Turns whatever a tool returns into text and media for a model, no longer than a model can take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from agents.message import TextBlock
from agents.message.blocks import MediaBlock
from agents.message.storable import storable

ResultBlock = TextBlock | MediaBlock
NOTHING = "Done: the tool returned nothing."
MEDIA = frozenset({"image", "audio", "video"})
MOST_MEDIA = 20_000_000
LEAST_SHARE = 200
HEAD = 0.7


def as_blocks(value: Any) -> list[ResultBlock]:
    """`value` as blocks: blocks as they stand, text as text, None as a sentence, all else as JSON or its own words."""
    if is_block(value):
        return [cast(ResultBlock, dict(value))]
    listed = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)
    if listed and value and all(is_block(item) for item in value):
        return [cast(ResultBlock, dict(item)) for item in value]
    return [_text(as_text(value))]


def is_block(value: object) -> bool:
    """Whether `value` is a block of text or media."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("type")
    if kind == "text":
        return isinstance(value.get("text"), str) and len(value) == 2
    return kind in MEDIA and isinstance(value.get("source"), Mapping)


def as_text(value: Any) -> str:
    """`value` in words: JSON for data, dataclasses and pydantic models, `str()` for what has no JSON form."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return _decoded(bytes(value))
    return _json(value)


def shortened(text: str, most: int, *, what: str = "output") -> str:
    """`text` with its middle left out where it is longer than `most` characters, and a note that says so."""
    if len(text) <= most:
        return text
    head = int(most * HEAD)
    tail = most - head
    note = f"\n[... {len(text) - most:,} of {len(text):,} characters of the {what} left out ...]\n"
    return text[:head] + note + (text[-tail:] if tail else "")


def fitting(blocks: Sequence[ResultBlock], most: int) -> list[ResultBlock]:
    """`blocks` with at most `most` characters of text altogether, all storable, and without media of more than 20 MB.

    Long texts are cut before short ones: a note at the end survives the flood before it.
    """
    small = [_small(block) for block in blocks]
    lengths = [len(block["text"]) for block in small if block["type"] == "text"]
    if sum(lengths) <= most:
        return small
    each = _share(lengths, most)
    if each < LEAST_SHARE:
        joined = "\n".join(block["text"] for block in small if block["type"] == "text")
        return [_text(shortened(joined, most)), *(block for block in small if block["type"] != "text")]
    return [_text(shortened(block["text"], each)) if block["type"] == "text" else block for block in small]


def _small(block: ResultBlock) -> ResultBlock:
    if block["type"] == "text":
        return _text(storable(block["text"]))
    return block if _size(block) <= MOST_MEDIA else _left_out(block)


def _share(lengths: Sequence[int], most: int) -> int:
    """The greatest length that all may have so that they fit together."""
    left, each = most, 0
    for at, length in enumerate(sorted(lengths)):
        each = left // (len(lengths) - at)
        if length > each:
            return each
        left -= length
    return each


def _text(text: str) -> TextBlock:
    return TextBlock(type="text", text=text)


def _left_out(block: MediaBlock) -> TextBlock:
    return _text(f"[{block['type']} of {_size(block):,} characters left out]")


def _size(block: MediaBlock) -> int:
    return sum(len(part) for part in block["source"].values() if isinstance(part, str))


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"[{len(data):,} bytes that are not text]"


def _json(value: Any) -> str:
    from pydantic_core import PydanticSerializationError, to_json  # not needed for the common case, a text

    try:
        text = to_json(value, fallback=_words, bytes_mode="base64", inf_nan_mode="constants").decode()
    except (PydanticSerializationError, ValueError, RecursionError):
        return _words(value)
    # What is one string in JSON, such as a date or the words of a foreign object, reads better without its quotes.
    return str(json.loads(text)) if text.startswith('"') else text


def _words(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # a foreign object's own `__str__`; its failure is told instead of its words
        return f"[{type(value).__name__} that cannot be shown: {type(error).__name__}]"
