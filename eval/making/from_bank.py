"""Cases from a bank without a model, checked and chosen so that every kind and every document has its share."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from eval.making.draft import Draft, Made, merged
from eval.making.rules import GAP, drafts
from knowledge.answers.lexicon import Lexicon
from knowledge.types import ANYONE, Document, Reader

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank

MOST_PLACES = 5
MOST_GAPS = 3
SHORTEST_QUESTION = 3
HOPELESS_SHARE = 4


def documents(bank: KnowledgeBank, reader: Reader = ANYONE) -> Iterator[Document]:
    """The documents of a bank with their texts."""
    return (bank.document(summary.id, reader=reader) for summary in bank.documents(reader=reader))


def make_cases(bank: KnowledgeBank, *, most: int, seed: int, others: Sequence[KnowledgeBank] = ()) -> Made:
    """At most `most` cases; a quarter of them from `others`, about what this bank never mentions.

    Questions that several documents answer have them all as alternatives; those that too many do, are thrown away.
    """
    lexicon = Lexicon()
    known: set[str] = set()
    found: list[Draft] = []
    for document in documents(bank):
        known |= lexicon.stems(f"{document.title} {document.text}")
        found += drafts(document, lexicon)
    rejected: Counter[str] = Counter()
    good = list(_checked(merged(found), rejected))
    hopeless = list(_foreign(others, known, lexicon)) if others else []
    generator = random.Random(seed)
    chosen = _chosen(hopeless, most // HOPELESS_SHARE, generator)
    chosen = [*_chosen(good, most - len(chosen), generator), *chosen]
    return Made(tuple(draft.case(bank.name) for draft in chosen), rejected)


def _checked(found: Sequence[Draft], rejected: Counter[str]) -> Iterator[Draft]:
    """Drafts with one answer: two sentences that differ in their gap alone ask for two."""
    gaps = Counter(draft.answer.casefold() for draft in found if draft.kind == "cloze")
    for draft in found:
        answers = {place.text.casefold() for place in draft.places}
        if len(draft.places) > MOST_PLACES:
            rejected["answered in too many places"] += 1
        elif draft.kind == "cloze" and gaps[draft.answer.casefold()] > MOST_GAPS:
            rejected["fits too many gaps"] += 1
        elif draft.kind == "cloze" and len(answers) > 1:
            rejected["more than one answer"] += 1
        elif len(draft.question.replace(GAP, "").split()) < SHORTEST_QUESTION:
            rejected["too short"] += 1
        else:
            yield draft


def _foreign(others: Sequence[KnowledgeBank], known: set[str], lexicon: Lexicon) -> Iterator[Draft]:
    """Questions of other banks with a word that this one never uses."""
    for other in others:
        for document in documents(other):
            for draft in drafts(document, lexicon):
                asked = lexicon.stems(draft.question)
                if draft.kind in ("definition", "heading") and len(asked - known) >= max(1, len(asked) // 2):
                    yield Draft("foreign", draft.question, "", ())


def _chosen(found: Sequence[Draft], most: int, generator: random.Random) -> list[Draft]:
    """Spread over kinds first, then over documents."""
    by_kind: dict[str, dict[str, list[Draft]]] = defaultdict(lambda: defaultdict(list))
    for draft in generator.sample(found, len(found)):
        by_kind[draft.kind][draft.places[0].uri if draft.places else ""].append(draft)
    turns = [_taking_turns(list(by_document.values())) for by_document in by_kind.values()]
    return list(_taking_turns(turns))[:most]


def _taking_turns(lists: Sequence[Sequence[Draft]]) -> list[Draft]:
    return [draft for row in zip_longest(*lists) for draft in row if draft is not None]
