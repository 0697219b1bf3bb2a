"""Searching the web and reading pages: what both promise, and a fixed one of each for tests and demonstrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.exceptions import ToolError


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One page that a search found."""

    title: str
    url: str
    snippet: str = ""


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page as text; `url` is where redirects led."""

    url: str
    title: str
    text: str


class WebSearch(Protocol):
    """Finds pages."""

    async def search(self, query: str, limit: int) -> Sequence[SearchHit]:
        """At most `limit` pages, best first; raises `ToolError` where the search fails."""
        ...


class PageFetch(Protocol):
    """Reads pages."""

    async def fetch(self, url: str) -> WebPage:
        """The page at `url`; raises `ToolError` where it cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class StaticSearch:
    """Finds what it was given: each hit that shares a word with the query, most words first."""

    hits: Sequence[SearchHit]

    async def search(self, query: str, limit: int) -> Sequence[SearchHit]:
        words = set(query.lower().split())
        ranked = sorted(self.hits, key=lambda hit: -_shared(hit, words))
        return [hit for hit in ranked if _shared(hit, words)][:limit]


@dataclass(frozen=True, slots=True)
class StaticPages:
    """Knows the pages it was given, by address."""

    pages: Mapping[str, str] = field(default_factory=dict)

    async def fetch(self, url: str) -> WebPage:
        if url not in self.pages:
            raise ToolError(f"There is no page at {url}.")
        return WebPage(url, url, self.pages[url])


def _shared(hit: SearchHit, words: set[str]) -> int:
    return len(words & set(f"{hit.title} {hit.snippet}".lower().split()))
