"""Questions of the development sets with the passages they are answered from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.retrieval import BenchSet, by_span, fill, prepare
from eval import Case
from knowledge.bank import READ_FOR_ANSWER, KnowledgeBank
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.remembering import Remembering
from knowledge.library import Library
from knowledge.types import Citation, Passage

CUAD_PART = "txt/c01"
EVERYTHING = 10**11
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def remembering(embedder: Embedder) -> Remembering:
    """An embedder that meets a text once: neighbouring questions meet the same sentences."""
    return Remembering(embedder, EVERYTHING, nbytes=EVERYTHING)


@dataclass(frozen=True)
class Asked:
    """A question with the passages it is answered from. `removed`: the documents that answer were taken away."""

    case: Case
    text: str
    passages: tuple[Passage, ...]
    removed: bool = False

    @property
    def answerable(self) -> bool:
        """Whether the passages could hold the answer."""
        return self.case.answerable and not self.removed

    def met_by(self, citation: Citation) -> bool:
        """Whether the quotation overlaps the gold evidence."""
        return any(
            citation.uri == g.doc and citation.start < (g.end or 0) and (g.start or 0) < citation.end
            for g in self.case.gold
        )


def bank_of(library: Library, name: str, datasets: Path) -> KnowledgeBank:
    """The bank of a set; of CUAD a part of its texts."""
    if name != "cuad":
        return prepare(library, BenchSet(name, by_span), datasets, fresh=False)
    bank = library.create("cuad_part")
    if not bank.catalog.counts()[0]:
        fill(bank, datasets / name, CUAD_PART)
    return bank


def asked(name: str, bank: KnowledgeBank, cases: Sequence[Case], *, removed: bool) -> Iterator[Asked]:
    """Each question with its passages; with `removed`, each answerable one again without its documents."""
    for case in cases:
        text = " ".join([*(t.text for t in case.history if t.role == "user"), case.question][-3:])
        found = bank.search(text, k=200 if name == "cuad" else 60, single=True)
        scope = set(case.meta.get("scope", ()))
        found = tuple(p for p in found if not scope or p.uri in scope)
        yield Asked(case, text, found[:READ_FOR_ANSWER])
        if removed and case.answerable:
            source = case.meta.get("source", {}).get("doc")
            gone = {g.doc for g in case.gold} | {source}
            yield Asked(case, text, tuple(p for p in found if p.uri not in gone)[:READ_FOR_ANSWER], removed=True)


def auroc(truth: Bools, scores: Floats) -> float:
    """Probability that an answerable question scores above an unanswerable one; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, inverse, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ranks = np.empty(len(scores))
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(truth.sum())
    above = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(truth) - positive)))
