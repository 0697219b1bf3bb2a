"""Whether a passage or a citation holds the gold evidence, as finely as both can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from eval.cases import Case, Gold
from eval.observation import Hit, Observation, same_document

Groups = tuple[tuple[Gold, ...], ...]
Meets = Callable[[Gold, Hit], bool]
WHITE = re.compile(r"\s+")


def evidence(case: Case, seen: Observation) -> Groups:
    """The groups of evidence, in the system's own documents where they could be found there."""
    return replace(case, gold=seen.gold).groups if seen.gold else case.groups


def meets_document(gold: Gold, hit: Hit) -> bool:
    """Whether both are of one document; a system whose documents cannot be looked up may have a shorter name for it."""
    return same_document(gold.doc, hit.doc) or same_document(hit.doc, gold.doc)


def meets_page(gold: Gold, hit: Hit) -> bool:
    """Whether the gold page is among those of the hit."""
    if gold.page is None or hit.page_first is None or not meets_document(gold, hit):
        return False
    return hit.page_first <= gold.page <= (hit.page_last or hit.page_first)


def meets_span(gold: Gold, hit: Hit) -> bool:
    """Whether the hit overlaps the gold span or, where one of them has no offsets, holds the other's words."""
    if not meets_document(gold, hit):
        return False
    if gold.start is not None and gold.end is not None and hit.start is not None and hit.end is not None:
        return hit.start < gold.end and gold.start < hit.end
    wanted, given = squeezed(gold.text), squeezed(hit.text)
    return bool(wanted and given) and (wanted in given or given in wanted)


def meets_finest(gold: Gold, hit: Hit) -> bool:
    """By span where the evidence has words, else by page, else by document."""
    if has_span(gold):
        return meets_span(gold, hit)
    return meets_page(gold, hit) if gold.page is not None else meets_document(gold, hit)


def has_span(gold: Gold) -> bool:
    """Whether the entry says which words it means."""
    return gold.start is not None or bool(gold.text)


def met(group: Sequence[Gold], hits: Sequence[Hit], meets: Meets) -> bool:
    """Whether any of `hits` holds any of the alternatives."""
    return any(meets(gold, hit) for hit in hits for gold in group)


def share_met(groups: Sequence[Sequence[Gold]], hits: Sequence[Hit], meets: Meets) -> float:
    """The share of groups that `hits` hold; there must be one group or more."""
    return sum(met(group, hits, meets) for group in groups) / len(groups)


def first_rank(groups: Sequence[Sequence[Gold]], hits: Sequence[Hit], meets: Meets) -> int | None:
    """The rank, from 1, of the first hit that holds evidence."""
    return next((rank for rank, hit in enumerate(hits, 1) if any(met(group, [hit], meets) for group in groups)), None)


def squeezed(text: str) -> str:
    """`text` with white space and case evened out, so that a line break of a PDF makes no difference."""
    return WHITE.sub(" ", text).strip().casefold()
