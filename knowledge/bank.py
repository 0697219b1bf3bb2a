"""A bank: the index of one domain's documents, as others use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from time import perf_counter
from typing import TYPE_CHECKING

from knowledge.card import BankCard, EmbedderSpec, RerankerSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.remembering import Remembering
from knowledge.errors import BankNotFound, EmbedderMismatch, UsageError
from knowledge.retrieval.adjoining import Found, joined, looked_at, neighbours
from knowledge.retrieval.conversation import conversation_vector
from knowledge.retrieval.indexes import BankIndexes
from knowledge.retrieval.reranking import Reranker, reranked, with_history
from knowledge.storage.catalog import Catalog
from knowledge.storage.rows import DocumentSummary
from knowledge.storage.writer import BankWriter
from knowledge.types import ANYONE, Answer, Document, MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.query_engine import BaseQueryEngine
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.tools import QueryEngineTool

    from knowledge.storage.verification import Verification
    from knowledge.types import Vector

NO_FILTERS: Mapping[str, MetadataValue] = {}
READ_FOR_ANSWER = 10


class KnowledgeBank:
    """One bank, opened when it is first asked. Thread-safe; sees what other processes commit.

    Raises `EmbedderMismatch` on first use when `embedders` offers another model than the bank was made with;
    `rerankers` is asked only where the card names a reranker.
    With `chroma_from` chunks or more it is searched through Chroma, if this process can own the mirror: exactly at
    first, while Chroma is opened in the background.
    """

    def __init__(
        self,
        path: Path,
        embedders: Callable[[EmbedderSpec], Embedder],
        *,
        rerankers: Callable[[RerankerSpec], Reranker],
        chroma_from: int | None = None,
    ) -> None:
        self.path = path
        self.name = path.name
        self._embedders = embedders
        self._rerankers = rerankers
        self._indexes = BankIndexes(path, chroma_from=chroma_from)
        self._lock = RLock()
        self._catalog: Catalog | None = None
        self._embedder: Embedder | None = None
        self._sentences: Remembering | None = None

    @property
    def catalog(self) -> Catalog:
        """The bank's catalog, opened at first use."""
        with self._lock:
            if self._catalog is None:
                self._catalog = Catalog(self.path / "catalog.sqlite")
            return self._catalog

    @property
    def replaced(self) -> bool:
        """Whether it is open and was removed since, so that nothing or another bank stands at its path."""
        catalog = self._catalog
        return catalog is not None and catalog.replaced

    @property
    def embedder(self) -> Embedder:
        """The embedding model that the bank was made with."""
        if self._embedder is None:
            card = self.card()
            embedder = self._embedders(card.spec)
            check_embedder(card, embedder)
            self._embedder = embedder
        return self._embedder

    @property
    def sentence_embedder(self) -> Embedder:
        """The same model for sentences of answers: it remembers those of the passages that were read last."""
        if self._sentences is None:
            self._sentences = Remembering(self.embedder)
        return self._sentences

    def card(self) -> BankCard:
        """What the bank says about itself."""
        return self.catalog.card()

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The least confidence of an answer from this bank, under its name; empty where it is not calibrated."""
        found = self.card().calibration
        return {self.name: found.threshold} if found else {}

    def close(self) -> None:
        """Closes the catalog; the next use opens it again."""
        with self._lock:
            catalog, self._catalog = self._catalog, None
            held = self._indexes.forget()
        # Outside the lock: a search holds the catalog while it takes the lock.
        if catalog is not None:
            catalog.close()
            with self._lock:
                # A search that was under way may have loaded everything anew, and begun to open Chroma.
                if self._catalog is None:
                    held += self._indexes.forget()
        for one in held:
            one.close()

    def settle(self, timeout: float) -> bool:
        """Waits for what the last search began in the background, at most `timeout` seconds; whether it has ended."""
        return self._indexes.settle(timeout)

    def search(
        self,
        question: str,
        *,
        k: int = 5,
        reader: Reader = ANYONE,
        filters: Mapping[str, MetadataValue] = NO_FILTERS,
        history: Sequence[str] = (),
        single: bool = False,
    ) -> tuple[Passage, ...]:
        """The best `k` passages that `reader` may see, best first; none when nothing is indexed.

        Neighbouring chunks that are both found are one passage (see `knowledge.retrieval.adjoining`), unless `single`
        ones are wanted. `filters` asks for equality with title, media_type, uri or a metadata key. `history` are the
        turns of the conversation before the question, oldest first: what it leaves unsaid is taken from there.
        """
        if not question.strip() or k < 1:
            raise UsageError("Nothing was asked.", hint="Give a question and ask for one passage or more.")
        query = conversation_vector(question, history, self.embedder.embed_query)
        count = k if single else looked_at(k)
        found = self.find(question, query, k=count, reader=reader, filters=filters, history=history, single=single)
        return joined(found, k)

    def find(
        self,
        question: str,
        query: Vector,
        *,
        k: int,
        reader: Reader,
        filters: Mapping[str, MetadataValue],
        history: Sequence[str] = (),
        single: bool = True,
    ) -> Found:
        """The best `k` chunks, with the vector of what is asked at hand; unless `single`, also which may be joined."""
        catalog = self.catalog
        with catalog.reading():
            search, spec = self._indexes.current(catalog), self._indexes.reranker
            scope = self._indexes.scope(catalog, reader, filters)
            ranked = search.run(question, query, max(k, spec.passages if spec else 0), scope, history=history)
            rows = catalog.chunks([chunk for chunk, _ in ranked])
            places = catalog.shown({row.document_id for row in rows.values()}, scope)
            rows = {chunk: row for chunk, row in rows.items() if row.document_id in places}
            pairs = () if single else neighbours(rows.values(), self._indexes.chunk_tokens)
            gaps = {((self.name, one), (self.name, other)): gap for (one, other), gap in catalog.gaps(pairs).items()}
            self._indexes.answered()
        found = [(rows[chunk], scores) for chunk, scores in ranked if chunk in rows]
        passages = tuple(row.passage(self.name, scores, places[row.document_id]) for row, scores in found)
        if spec is not None:
            # Behind the reading, which would keep others from the catalog while the model works.
            asked = with_history(question, history)
            passages = reranked(asked, passages, self._rerankers(spec), spec.passages)[:k]
        return Found(passages, gaps)

    def ask(
        self,
        question: str,
        *,
        reader: Reader = ANYONE,
        filters: Mapping[str, MetadataValue] = NO_FILTERS,
        history: Sequence[str] = (),
    ) -> Answer:
        """An extractive answer: one to three quoted sentences with citations, or an abstention.

        `history` are the turns of the conversation before the question, oldest first.
        """
        from knowledge.answers.answering import answer

        started = perf_counter()
        if not question.strip():
            raise UsageError("Nothing was asked.", hint="Give a question.")
        query = conversation_vector(question, history, self.sentence_embedder.embed_query)
        found = self.find(question, query, k=READ_FOR_ANSWER, reader=reader, filters=filters, history=history)
        timings = {"retrieve": perf_counter() - started}
        return answer(
            question,
            found.passages,
            self.sentence_embedder,
            banks=(self.name,),
            thresholds=self.thresholds,
            timings=timings,
        )

    def document(self, document_id: int, *, reader: Reader = ANYONE) -> Document:
        """A document with its text; raises `UsageError` where there is none that `reader` may see."""
        document = self.catalog.document(document_id, reader, self.name)
        if document is None:
            raise UsageError(f"The bank {self.name!r} has no document {document_id} for this reader.")
        return document

    def documents(self, *, reader: Reader = ANYONE) -> list[DocumentSummary]:
        """All documents that `reader` may see, by place."""
        return self.catalog.documents(reader)

    def writer(self) -> BankWriter:
        """The bank's one writer, a context manager; entering raises `BankBusy` while there is another."""
        return BankWriter(self.path, self.card())

    def verify(self) -> Verification:
        """Compares every span, vector and posting with the catalog."""
        from knowledge.storage.verification import verify

        return verify(self.path, self.catalog)

    def as_retriever(
        self, *, k: int = 5, reader: Reader = ANYONE, filters: Mapping[str, MetadataValue] = NO_FILTERS
    ) -> BaseRetriever:
        """A LlamaIndex retriever over this bank."""
        from knowledge.llamaindex.retriever import BankRetriever

        return BankRetriever(self, k=k, reader=reader, filters=filters)

    def as_query_engine(
        self, *, reader: Reader = ANYONE, llm: LLM | None = None, filters: Mapping[str, MetadataValue] = NO_FILTERS
    ) -> BaseQueryEngine:
        """A LlamaIndex query engine: extractive without `llm`, else grounded and checked."""
        from knowledge.llamaindex.query_engine import BankQueryEngine

        return BankQueryEngine(self, reader=reader, llm=llm, filters=filters)

    def as_tool(
        self,
        *,
        name: str | None = None,
        description: str | None = None,
        reader: Reader = ANYONE,
        llm: LLM | None = None,
    ) -> QueryEngineTool:
        """A LlamaIndex tool that answers from this bank; name and description come from its card unless given."""
        from knowledge.llamaindex.query_engine import bank_tool

        return bank_tool(self, name=name, description=description, reader=reader, llm=llm)


def check_embedder(card: BankCard, embedder: Embedder) -> None:
    """Raises `EmbedderMismatch` unless the bank was made with this model and these weights."""
    if card.embedder == embedder.identity:
        return
    made, offered = card.embedder, embedder.identity
    raise EmbedderMismatch(
        f"The bank {card.name!r} was made with {made.model} ({made.dimension} dimensions, weights {made.weights[:12]}),"
        f" not with {offered.model} ({offered.dimension} dimensions, weights {offered.weights[:12]}).",
        hint="Use that model, or ingest into a new bank.",
    )


def require_bank(path: Path) -> Path:
    """`path` itself; raises `BankNotFound` unless a bank stands there."""
    if (path / "catalog.sqlite").is_file():
        return path
    raise BankNotFound(f"There is no bank {path.name!r} under {path.parent.parent}.", hint="`refdesk banks` lists all.")
