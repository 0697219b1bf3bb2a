"""A library: the banks under one root, and the routing of a question to the right ones."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from knowledge.bank import NO_FILTERS, READ_FOR_ANSWER, KnowledgeBank, check_embedder, require_bank
from knowledge.card import BankCard, EmbedderSpec, RerankerSpec, card_to_json, check_bank_name
from knowledge.embedding.embedder import Embedder, EmbedderIdentity
from knowledge.errors import BankNotFound, StorageError, UsageError
from knowledge.retrieval.adjoining import Found, all_of, joined, looked_at
from knowledge.retrieval.conversation import conversation_vector
from knowledge.retrieval.reranking import Reranker
from knowledge.storage import schema
from knowledge.types import ANYONE, Answer, MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from knowledge.types import Vector

Embedders = Callable[[EmbedderSpec], Embedder]
Rerankers = Callable[[RerankerSpec], Reranker]

# For processes that stay; a judgement: at 100,000 chunks a question takes 16.6 ms exactly, 11 to 14 ms through Chroma.
CHROMA_FROM = 50_000


class Library:
    """The banks in `root/banks`. Nothing is opened before it is needed.

    `embedders` makes the embedding model for a bank's specification, `rerankers` its reranker; the default ones know
    the models of this installation. A process that stays may give `chroma_from`: banks of that many chunks or more are
    then searched through Chroma, approximately and faster, once it has been opened behind their first search.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        embedders: Embedders | None = None,
        rerankers: Rerankers | None = None,
        chroma_from: int | None = None,
    ) -> None:
        self.root = Path(root)
        self._embedders = embedders or _installed_embedders()
        self._rerankers = rerankers or _installed_rerankers()
        self._chroma_from = chroma_from
        self._made: dict[EmbedderSpec, Embedder] = {}
        self._made_rerankers: dict[tuple[str, str], Reranker] = {}
        self._banks: dict[str, KnowledgeBank] = {}
        self._lock = Lock()

    def names(self) -> tuple[str, ...]:
        """The names of all banks, sorted."""
        return tuple(sorted(path.parent.name for path in self.root.glob("banks/*/catalog.sqlite")))

    def bank(self, name: str) -> KnowledgeBank:
        """The bank of that name; raises `BankNotFound` or `InvalidBankName`."""
        with self._lock:
            held = self._banks.get(name)
            # Removed by another process, and perhaps made again, with another model even.
            replaced = self._banks.pop(name) if held is not None and held.replaced else None
        # Outside the lock: it waits for whoever searches that bank, and other banks are asked meanwhile.
        if replaced is not None:
            replaced.close()
        # All threads get the same: of two banks at one path only one could have the mirror.
        with self._lock:
            if name not in self._banks:
                path = require_bank(self.root / "banks" / check_bank_name(name))
                self._banks[name] = KnowledgeBank(
                    path, self.embedder, rerankers=self.reranker, chroma_from=self._chroma_from
                )
            return self._banks[name]

    def close(self) -> None:
        """Closes all banks, and leaves Chroma's mirrors in good order; the next use opens them again."""
        for bank in list(self._banks.values()):
            bank.close()

    def create(
        self,
        name: str,
        *,
        title: str = "",
        description: str = "",
        spec: EmbedderSpec | None = None,
        card: BankCard | None = None,
    ) -> KnowledgeBank:
        """The bank of that name, made where there is none.

        For a bank that exists a given `spec` must name the model it was made with (`EmbedderMismatch`).
        `card` gives every other setting of a new bank.
        """
        path = self.root / "banks" / check_bank_name(name)
        if not (path / "catalog.sqlite").is_file():
            self._make(path, self._new_card(name, title, description, spec or EmbedderSpec(), card))
        bank = self.bank(name)
        if spec is not None and spec != bank.card().spec:
            check_embedder(bank.card(), self.embedder(spec))
        return bank

    def remove(self, name: str) -> None:
        """Deletes a bank and everything in it; raises `BankNotFound`, or `BankBusy` while it is written to."""
        bank = self.bank(name)
        with bank.writer():
            bank.close()
        # The catalog goes first: without it the rest is no bank any more, wherever the deletion is interrupted.
        (bank.path / "catalog.sqlite").unlink()
        shutil.rmtree(bank.path)
        del self._banks[name]

    def embedder(self, spec: EmbedderSpec) -> Embedder:
        """The embedding model for a specification, made once."""
        if spec not in self._made:
            self._made[spec] = self._embedders(spec)
        return self._made[spec]

    def reranker(self, spec: RerankerSpec) -> Reranker:
        """The reranker for a specification, made once for all banks that name its model."""
        with self._lock:
            key = spec.model, spec.device
            if key not in self._made_rerankers:
                self._made_rerankers[key] = self._rerankers(spec)
            return self._made_rerankers[key]

    def search(
        self,
        question: str,
        *,
        k: int = 5,
        banks: Sequence[str] | None = None,
        reader: Reader = ANYONE,
        filters: Mapping[str, MetadataValue] = NO_FILTERS,
        history: Sequence[str] = (),
        single: bool = False,
    ) -> tuple[Passage, ...]:
        """The best `k` passages of the banks that the question is routed to, of `banks` where given.

        Neighbouring chunks that are both found are one passage (see `knowledge.retrieval.adjoining`), unless `single`
        ones are wanted. `history` are the turns of the conversation before the question, oldest first.
        """
        if not question.strip() or k < 1:
            raise UsageError("Nothing was asked.", hint="Give a question and ask for one passage or more.")
        chosen = self._chosen(banks)
        count = k if single else looked_at(k)
        _, found = self._routed(
            question, chosen, k=count, reader=reader, filters=filters, history=history, single=single
        )
        return joined(found, k)

    def ask(
        self,
        question: str,
        *,
        banks: Sequence[str] | None = None,
        reader: Reader = ANYONE,
        filters: Mapping[str, MetadataValue] = NO_FILTERS,
        history: Sequence[str] = (),
    ) -> Answer:
        """An extractive answer from the right banks: quoted sentences with citations, or an abstention.

        `history` are the turns of the conversation before the question, oldest first.
        """
        from knowledge.answers.answering import answer

        if not question.strip():
            raise UsageError("Nothing was asked.", hint="Give a question.")
        started = perf_counter()
        chosen = self._chosen(banks)
        names, found = self._routed(
            question, chosen, k=READ_FOR_ANSWER, reader=reader, filters=filters, history=history, single=True
        )
        timings = {"retrieve": perf_counter() - started}
        thresholds = {name: least for bank in chosen for name, least in bank.thresholds.items()}
        embedder = chosen[0].sentence_embedder
        return answer(question, found.passages, embedder, banks=names, thresholds=thresholds, timings=timings)

    def _chosen(self, banks: Sequence[str] | None) -> list[KnowledgeBank]:
        names = self.names() if banks is None else tuple(dict.fromkeys(banks))
        if not names:
            raise BankNotFound(
                f"There are no banks under {self.root}.", hint="Make one: refdesk ingest FOLDER --bank NAME."
            )
        return [self.bank(name) for name in names]

    def _routed(
        self,
        question: str,
        banks: list[KnowledgeBank],
        *,
        k: int,
        reader: Reader,
        filters: Mapping[str, MetadataValue],
        history: Sequence[str] = (),
        single: bool,
    ) -> tuple[tuple[str, ...], Found]:
        from knowledge.retrieval.routing import route

        vectors: dict[EmbedderIdentity, Vector] = {}
        found: dict[str, Found] = {}
        for bank in banks:
            identity = bank.embedder.identity
            if identity not in vectors:
                vectors[identity] = conversation_vector(question, history, bank.sentence_embedder.embed_query)
            found[bank.name] = bank.find(
                question, vectors[identity], k=k, reader=reader, filters=filters, history=history, single=single
            )
        if len(banks) == 1:
            return (banks[0].name,), found[banks[0].name]
        passages = {name: one.passages for name, one in found.items()}
        routing = route(" ".join([*history, question]), passages, {bank.name: bank.card() for bank in banks})
        return routing.banks, all_of(found.values(), routing.passages[:k])

    def _new_card(self, name: str, title: str, description: str, spec: EmbedderSpec, card: BankCard | None) -> BankCard:
        identity = self.embedder(spec).identity
        created = datetime.now(UTC).isoformat(timespec="seconds")
        if card is not None:
            return replace(card, name=name, embedder=identity, spec=spec, created=created)
        return BankCard(name, identity, spec, title=title or name, description=description, created=created)

    def _make(self, path: Path, card: BankCard) -> None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"Cannot make {path}: {error.strerror}.", hint="Check the permissions, or choose another --root."
            ) from error
        try:
            schema.create(path / "catalog.sqlite", json.dumps(card_to_json(card)))
        except sqlite3.OperationalError as error:
            raise StorageError(f"Cannot make {path}: {error}.", hint="Try again.") from error


def _installed_embedders() -> Embedders:
    from knowledge.terminal.opening import installed_embedders

    return installed_embedders()


def _installed_rerankers() -> Rerankers:
    from knowledge.terminal.opening import installed_rerankers

    return installed_rerankers()
