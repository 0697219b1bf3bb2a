"""Addresses in what a model writes: one that it made up may carry a conversation away as soon as it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Markdown's and HTML's images load by themselves; links wait for somebody to follow them.
_IMAGE = re.compile(
    r"!\[([^\]\n]{0,300})\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,300}\])|<img\b[^>\n]{0,2000}>", re.IGNORECASE
)
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\(\s*<?([a-z][a-z0-9+.-]*:[^)\s>]{1,2000})>?[^)\n]{0,300}\)", re.IGNORECASE)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,300}\]:\s*\S{1,2000}[^\n]{0,300}$", re.MULTILINE)
_BARE = re.compile(r"<?\b(?:https?|ftp)://[^\s<>\"')\]]{1,2000}>?", re.IGNORECASE)
_END = ".,;:!?"


def without_strange_links(text: str, known: Sequence[str]) -> str:
    """The text without images, and with those links only whose address stands in one of the `known` texts."""
    if "://" not in text and "](" not in text and "![" not in text and "<" not in text:
        return text
    text = _IMAGE.sub(lambda image: image[1] or "", text)
    text = _DEFINITION.sub("", text)
    text = _LINK.sub(lambda link: link[0] if _is_known(link[2], known) else link[1], text)
    return _BARE.sub(lambda address: address[0] if _is_known(address[0].strip("<>"), known) else "", text)


def _is_known(address: str, known: Sequence[str]) -> bool:
    """Whether the whole address stands there, and not only its beginning."""
    whole = re.compile(re.escape(address.rstrip(_END)) + r"(?![\w/?&=%#~+-]|[.,;:!]\w)")
    return any(whole.search(text) for text in known)
