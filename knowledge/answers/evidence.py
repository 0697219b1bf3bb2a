"""The passages that a language model is shown: numbered, and marked as data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from knowledge.types import Passage

NOTHING_FOUND = "No passage was found. Try other words, or say that the documents do not answer."
TAG = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)


class Evidence:
    """Passages in the order in which a model first saw them; each keeps its number, from 1, however often it comes."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self.passages: list[Passage] = []

    def add(self, found: Iterable[Passage]) -> str:
        """Take in `found`, and give them back as the text that a model reads; one seen before is only named."""
        return "\n".join(self._shown(passage) for passage in found) or NOTHING_FOUND

    def at(self, number: int) -> Passage | None:
        """The passage with this number, if there is one."""
        return self.passages[number - 1] if 1 <= number <= len(self.passages) else None

    def _shown(self, passage: Passage) -> str:
        key = (passage.bank, passage.chunks)
        if key in self._numbers:
            return f'<passage number="{self._numbers[key]}">shown above</passage>'
        self.passages.append(passage)
        self._numbers[key] = len(self.passages)
        return as_data(passage, len(self.passages))


def as_data(passage: Passage, number: int) -> str:
    """The passage between tags that nothing in its text can close or imitate."""
    about = {"title": passage.title, "heading": " > ".join(passage.headings)}
    if passage.page_first is not None:
        about["page"] = str(passage.page_first)
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in about.items() if value)
    return f'<passage number="{number}"{attributes}>\n{TAG.sub("&lt;", passage.text)}\n</passage>'
