"""A copy of a bank to try settings on: the bank itself is not touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from eval.cases import Case
from eval.evidence import first_rank, meets_finest
from eval.observation import Hit
from eval.targets.banks import hit_of
from eval.targets.placing import Placer
from eval.tuning.adapting import Pairs
from eval.tuning.deadline import Deadline
from knowledge.bank import NO_FILTERS
from knowledge.errors import RefdeskError
from knowledge.retrieval.conversation import conversation_vector
from knowledge.terminal.presentation import local_path

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.card import BankCard
    from knowledge.library import Library
    from knowledge.types import Passage, Vector

DEPTH = 10
# So far down evidence is looked for that questions are to be moved towards.
LOOKED_THROUGH = 50


class Scratch:
    """Banks in a folder of their own: a copy of one that searches otherwise, or the same files cut otherwise."""

    def __init__(self, library: Library, bank: KnowledgeBank) -> None:
        self._library = library
        self._original = bank
        self._copy = library.bank(bank.name)

    def measure(self, card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        """Each case's score under `card`; raises `OutOfTime` between two cases, or two files."""
        if card.chunking != self._original.card().chunking:
            return self._measured_anew(card, cases, deadline)
        return _scores(self.under(card), cases, deadline)

    def under(self, card: BankCard) -> KnowledgeBank:
        """The copy, searching as `card` says."""
        with self._copy.writer() as writer:
            writer.put_card(card)
        self._copy.close()
        return self._copy

    def evidence(self, card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[Pairs]:
        """For each case its vector and that of its evidence, once for every group whose evidence is found.

        Evidence is the passage that the bank finds first, under `card`, of those that meet the group.
        """
        bank, dimension = self.under(card), card.embedder.dimension
        placer = Placer([bank])
        found: list[Pairs] = []
        for case in cases:
            deadline.check()
            passages = chunks_found(bank, case, LOOKED_THROUGH)
            hits = [hit_of(passage) for passage in passages]
            ranks = [
                first_rank([group], hits, meets_finest) for group in replace(case, gold=placer.place(case).gold).groups
            ]
            chunks = [passages[rank - 1].chunk_id for rank in ranks if rank]
            ids, _, vectors = bank.catalog.vectors(dimension, chunks=chunks)
            wanted = vectors[[ids.tolist().index(chunk) for chunk in chunks]]
            found.append((np.tile(_vector(bank, case), (len(chunks), 1)), wanted))
        return found

    def _measured_anew(self, card: BankCard, cases: Sequence[Case], deadline: Deadline) -> list[float]:
        """Reads the files once more; raises `RefdeskError` where one of them is no longer there."""
        from ingest import ingest  # parsers and workers, which other settings do not need

        places = [local_path(summary.uri) for summary in self._original.documents()]
        files = [str(path) for path in places if path is not None and path.is_file()]
        if len(files) < len(places):
            raise RefdeskError("The files of this bank are not all there.", hint="Chunking was not tried.")
        name = f"tokens-{card.chunking.tokens}"
        bank = self._library.create(name, card=replace(card, name=name))
        # Again for another setting: what is known already is not read again, and what was cut short goes on.
        ingest(files, bank, card=replace(card, name=name), progress=lambda _: deadline.check())
        bank.close()
        return _scores(bank, cases, deadline)


@contextmanager
def scratch(bank: KnowledgeBank, models: Library) -> Iterator[Scratch]:
    """A scratch of `bank` that is gone afterwards, with the models that the library `models` has."""
    from knowledge.library import Library

    with TemporaryDirectory(prefix="refdesk-tune-") as folder:
        bank.close()
        shutil.copytree(bank.path, Path(folder) / "banks" / bank.name)
        library = Library(folder, embedders=models.embedder, rerankers=models.reranker)
        try:
            yield Scratch(library, bank)
        finally:
            for name in library.names():
                library.bank(name).close()


def _scores(bank: KnowledgeBank, cases: Sequence[Case], deadline: Deadline) -> list[float]:
    """The mean reciprocal rank of each evidence group among the first ten passages."""
    placer = Placer([bank])
    found = []
    for case in cases:
        deadline.check()
        groups = replace(case, gold=placer.place(case).gold).groups
        hits = _hits(bank, case)
        ranks = [first_rank([group], hits, meets_finest) for group in groups]
        found.append(sum(1 / rank if rank else 0.0 for rank in ranks) / len(ranks))
    return found


def _hits(bank: KnowledgeBank, case: Case) -> list[Hit]:
    """What the bank finds for a case."""
    return [hit_of(passage) for passage in chunks_found(bank, case, DEPTH)]


def chunks_found(bank: KnowledgeBank, case: Case, count: int) -> Sequence[Passage]:
    """The best `count` chunks for the question of a case, each by itself, as answers are looked for among them."""
    query = _vector(bank, case)
    found = bank.find(case.question, query, k=count, reader=case.reader, filters=NO_FILTERS, history=case.turns)
    return found.passages


def _vector(bank: KnowledgeBank, case: Case) -> Vector:
    """Made once for all settings."""
    return conversation_vector(case.question, case.turns, bank.sentence_embedder.embed_query)
