"""Chunks that follow on one another, both found for one question, are shown as one passage.

What a question asks for often runs over the end of a chunk. Where the chunk beside it was found too, the two are one
passage of the document (auto-merging, of neighbours alone), and its place goes to the next that was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from knowledge.types import Passage

if TYPE_CHECKING:
    from knowledge.storage.catalog import Catalog
    from knowledge.storage.rows import Position

# Neighbours are looked for among the passages that are wanted and so many more.
BEYOND = 3
# Pairs leave at least half of what was found, so that so many times as much as is wanted is enough.
ENOUGH = 2
# So many times a bank's longest chunk two chunks may be together, in tokens.
LONGEST = 1.75


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The chunks of a bank, in the order of its documents; each has at most `tokens` tokens."""

    catalog: Catalog
    tokens: int

    def positions(self, passages: Sequence[Passage]) -> dict[int, Position]:
        """Where the chunks of these passages stand, if their documents are live still, by chunk id."""
        return self.catalog.positions([passage.chunk_id for passage in passages])

    def whole(self, one: Passage, other: Passage) -> Passage:
        """Both as one, in the place of `one`; only `one` where the document is gone meanwhile."""
        first, last = sorted((one, other), key=lambda passage: passage.start)
        text = self.catalog.text(one.document_id, first.start, last.end)
        # SQLite ends a text at a NUL, which programs may have put there.
        if text is None or len(text) != last.end - first.start:
            return one
        return replace(
            one, text=text, start=first.start, end=last.end, page_first=first.page_first, page_last=last.page_last
        )


@dataclass(slots=True)
class _Shown:
    """A passage that is shown, the place of its chunk, and the neighbour that was found for it."""

    passage: Passage
    position: Position | None
    neighbour: Passage | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        return self.passage.bank, self.passage.document_id, self.position.ordinal if self.position else -1

    @property
    def beside(self) -> Iterator[tuple[str, int, int]]:
        bank, document, ordinal = self.key
        return ((bank, document, ordinal + step) for step in (-1, 1))

    def fits(self, other: _Shown, most: float) -> bool:
        """Whether this and its neighbour `other` may be one passage; of chunks without a count nobody can tell."""
        tokens = [one.position.tokens if one.position else 0 for one in (self, other)]
        return self.passage.headings == other.passage.headings and all(tokens) and sum(tokens) <= most


def joined(passages: Sequence[Passage], k: int, banks: Mapping[str, Neighbours]) -> tuple[Passage, ...]:
    """The first `k` of what was found, best first, each with its neighbour where that was found too.

    Two at most become one, and only under the same headings, so that a citation of either part names the right ones.
    They stand where the better of them did, with its scores and its chunk's id. `passages` are to be `ENOUGH` times
    as many as are wanted.
    """
    positions = {
        name: bank.positions([passage for passage in passages if passage.bank == name]) for name, bank in banks.items()
    }
    shown: list[_Shown] = []
    single: dict[tuple[str, int, int], _Shown] = {}
    for rank, passage in enumerate(passages):
        new = _Shown(passage, positions[passage.bank].get(passage.chunk_id))
        most = LONGEST * banks[passage.bank].tokens if rank < k + BEYOND else 0
        pair = next((single[key] for key in new.beside if key in single and single[key].fits(new, most)), None)
        if pair is not None:
            pair.neighbour = passage
            del single[pair.key]
        elif len(shown) < k:
            shown.append(new)
            single[new.key] = new
    return tuple(
        one.passage if one.neighbour is None else banks[one.passage.bank].whole(one.passage, one.neighbour)
        for one in shown
    )
