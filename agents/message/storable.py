"""Characters that no store takes: NUL, and halves of characters, which have no UTF-8."""

from __future__ import annotations

from typing import Any

UNKNOWN = "\ufffd"
FIRST_HALVES = "".join(map(chr, range(0xD800, 0xDC00)))


def storable(text: str) -> str:
    """`text` as files, databases and JSON all take it: two halves of a character are joined, what is left of them and
    NUL become U+FFFD."""
    if "\0" not in text and encodes(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", UNKNOWN)


def storable_so_far(text: str) -> str:
    """The same for a text that is still coming: a first half at its end waits for the second."""
    return storable(text if encodes(text) else text.rstrip(FIRST_HALVES))


def storable_data(value: Any) -> Any:
    """The same for all texts in JSON-able data, keys too."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable_data(key): storable_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_data(item) for item in value]
    return value


def encodes(text: str) -> bool:
    """Whether a text has UTF-8."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
