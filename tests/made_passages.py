"""Passages as a search would give them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

from knowledge.types import Passage, Scores

NO_SCORES = Scores(0.0, 0.0, 0.0, 0.0, 0.0)


def passage(text: str, *, start: int = 0, **fields: Any) -> Passage:
    """A passage of one document, with these fields of its own."""
    usual: dict[str, Any] = {
        "chunk_id": 1,
        "document_id": 1,
        "bank": "hr",
        "title": "Leave",
        "uri": "leave.md",
        "headings": (),
        "page_first": None,
        "page_last": None,
        "pages": (),
        "metadata": {},
        "scores": NO_SCORES,
    }
    return Passage(text=text, start=start, end=start + len(text), **(usual | fields))
