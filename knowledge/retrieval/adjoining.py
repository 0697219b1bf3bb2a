"""Chunks that follow on one another, both found for one question, are shown as one passage.

What a question asks for often runs over the end of a chunk. Where the chunk beside it was found too, the two are one
passage of the document (auto-merging, of neighbours alone), and its place goes to the next that was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from knowledge.storage.rows import ChunkRow
from knowledge.types import Part, Passage

# Neighbours are looked for among the passages that are wanted and so many more.
BEYOND = 3
# So much of the better one's score a neighbour has: of a small bank everything is found, whatever is asked.
NEARLY = 0.6
# So many times a bank's longest chunk two chunks may be together, in tokens.
LONGEST = 1.75
# Characters between them, all white space: a comment or a target of links was left out where there is more.
WIDEST_GAP = 8

# A chunk of a bank, by the bank's name and its own id.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Single chunks, best first; `gaps` holds what stands between two of them that may be one passage."""

    passages: tuple[Passage, ...]
    gaps: Mapping[tuple[Key, Key], str] = field(default_factory=dict)


@dataclass(slots=True)
class _Shown:
    """A passage that is shown, and the neighbour that was found for it."""

    passage: Passage
    neighbour: Passage | None = None


def looked_at(k: int) -> int:
    """So many chunks have to be found for `k` passages, of which each may take two."""
    return max(2 * k, k + BEYOND)


def neighbours(rows: Iterable[ChunkRow], longest: int) -> Iterator[tuple[ChunkRow, ChunkRow]]:
    """The pairs that may be one passage, in a bank whose chunks have at most `longest` tokens.

    They follow on one another under the same headings, so that a citation of either names the right ones, and are not
    too long together. How long they are is not known of chunks that were committed without a count.
    """
    for one, other in pairwise(sorted(rows, key=lambda row: (row.document_id, row.ordinal))):
        if (one.document_id, one.ordinal + 1, one.headings) == (other.document_id, other.ordinal, other.headings):
            known = one.tokens > 0 and other.tokens > 0
            if known and one.tokens + other.tokens <= LONGEST * longest and 0 <= other.start - one.end <= WIDEST_GAP:
                yield one, other


def joined(found: Found, k: int) -> tuple[Passage, ...]:
    """The first `k` passages, best first, each with its neighbour where that was found too; two at most become one.

    They stand where the better of them did, with its scores and its chunk's id; only the cosine is the higher of both.
    """
    beside: dict[Key, list[Key]] = defaultdict(list)
    for first, second in found.gaps:
        beside[first].append(second)
        beside[second].append(first)
    shown: list[_Shown] = []
    single: dict[Key, int] = {}
    for rank, passage in enumerate(found.passages):
        places = sorted(single[key] for key in beside[_key(passage)] if key in single) if rank < k + BEYOND else []
        near = (shown[at] for at in places if passage.scores.total >= NEARLY * shown[at].passage.scores.total)
        if (better := next(near, None)) is not None:
            better.neighbour = passage
            del single[_key(better.passage)]
        elif len(shown) < k:
            single[_key(passage)] = len(shown)
            shown.append(_Shown(passage))
    return tuple(_whole(one.passage, one.neighbour, found.gaps) if one.neighbour else one.passage for one in shown)


def _whole(one: Passage, other: Passage, gaps: Mapping[tuple[Key, Key], str]) -> Passage:
    """Both as one, in the place of `one`."""
    first, second = sorted((one, other), key=lambda passage: passage.start)
    return replace(
        one,
        text=f"{first.text}{gaps[_key(first), _key(second)]}{second.text}",
        start=first.start,
        end=second.end,
        page_first=first.page_first,
        page_last=second.page_last,
        scores=replace(one.scores, cosine=max(one.scores.cosine, other.scores.cosine)),
        parts=tuple(Part(part.chunk_id, part.start, part.end, part.page_first) for part in (first, second)),
    )


def _key(passage: Passage) -> Key:
    return passage.bank, passage.chunk_id


def all_of(found: Iterable[Found], passages: Sequence[Passage]) -> Found:
    """These passages of several banks, with what stands between them."""
    return Found(tuple(passages), {keys: gap for one in found for keys, gap in one.gaps.items()})
