"""Knowledge as agents hold it: a bank built from folders, with the names that LlamaIndex and AgentScope users know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from agents.rag.retrieved import Document, Retrieved, as_document
from agents.tool.response import ToolResponse
from knowledge.errors import UsageError
from knowledge.types import ANYONE, Answer, MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from llama_index.core.query_engine import BaseQueryEngine
    from llama_index.core.retrievers import BaseRetriever

    from ingest import IngestReport, Progress
    from knowledge.bank import KnowledgeBank
    from knowledge.card import AccessRule

NO_FILTERS: Mapping[str, MetadataValue] = {}
ADDED = "added"
NOTHING = "No relevant documents were found. Try other words, or a lower `score_threshold`."


@dataclass(frozen=True, slots=True)
class LlamaIndexKnowledge:
    """One bank under the id that its builder gave it.

    `report` says what became of each file when it was built; None where it was only opened.
    """

    knowledge_id: str
    bank: KnowledgeBank
    similarity_top_k: int = 5
    report: IngestReport | None = field(default=None, repr=False)

    @classmethod
    def build_knowledge_instance(
        cls,
        knowledge_id: str,
        data_dirs_and_types: Mapping[str | Path, Sequence[str] | str | None],
        emb_model_config_name: str | None = None,
        *,
        similarity_top_k: int = 5,
        title: str = "",
        description: str = "",
        access: Sequence[AccessRule] | None = None,
        root: Path | str | None = None,
        patience: float = 600.0,
        progress: Callable[[Progress], None] | None = None,
    ) -> Self:
        """The bank of `knowledge_id`, holding the files of those types in these folders, and no others.

        Called again it is brought up to date: edited files replace what they were, deleted ones leave, and where
        nothing changed no model is loaded. Without `emb_model_config_name` texts are embedded on this machine, with
        it they go to that model. `title` and `description` say what a new bank is about. `access` says who may read
        which document, in place of the rules that the bank has. Builders of one id wait for each other, at most
        `patience` seconds. Files that cannot be read are named in `report` and in the log.
        Raises `UsageError` where a folder is missing or holds no such file, `EmbedderMismatch` where the bank was
        made with another model, and what an ingest raises.
        """
        from agents.rag.building import Order, build  # reading files loads more than searching does
        from agents.rag.folders import requested
        from agents.rag.library import open_default_library
        from knowledge.card import EmbedderSpec

        _check_count(similarity_top_k)
        spec = EmbedderSpec()
        if emb_model_config_name is not None:
            from agents.model.embedding import embedding_spec

            spec = embedding_spec(emb_model_config_name)
        order = Order(
            knowledge_id,
            requested(data_dirs_and_types),
            spec,
            title,
            description,
            None if access is None else tuple(access),
            patience,
            progress=progress,
        )
        bank, report = build(order, open_default_library(root))
        return cls(knowledge_id, bank, similarity_top_k, report)

    @classmethod
    def open(cls, knowledge_id: str, *, similarity_top_k: int = 5, root: Path | str | None = None) -> Self:
        """Knowledge that was built before; raises `BankNotFound` where it was not."""
        from agents.rag.library import open_default_library
        from agents.rag.naming import bank_name

        _check_count(similarity_top_k)
        return cls(knowledge_id, open_default_library(root).bank(bank_name(knowledge_id)), similarity_top_k)

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere it is the same bank, opened there: a bank is a folder, and its connections stay here."""
        return _opened, (self.knowledge_id, self.bank.name, str(self.bank.path.parent.parent), self.similarity_top_k)

    def search(
        self,
        question: str,
        *,
        k: int | None = None,
        reader: Reader = ANYONE,
        filters: Mapping[str, MetadataValue] = NO_FILTERS,
    ) -> tuple[Passage, ...]:
        """The best `k` passages that `reader` may see, `similarity_top_k` unless given, best first."""
        return self.bank.search(question, k=k or self.similarity_top_k, reader=reader, filters=filters)

    def ask(
        self, question: str, *, reader: Reader = ANYONE, filters: Mapping[str, MetadataValue] = NO_FILTERS
    ) -> Answer:
        """An extractive answer with citations, or an abstention."""
        return self.bank.ask(question, reader=reader, filters=filters)

    def as_retriever(self, *, similarity_top_k: int | None = None, reader: Reader = ANYONE) -> BaseRetriever:
        """A LlamaIndex retriever."""
        return self.bank.as_retriever(k=similarity_top_k or self.similarity_top_k, reader=reader)

    def as_query_engine(self, *, reader: Reader = ANYONE) -> BaseQueryEngine:
        """A LlamaIndex query engine that quotes."""
        return self.bank.as_query_engine(reader=reader)

    def retrieve(
        self,
        query: str,
        limit: int | None = None,
        score_threshold: float | None = None,
        *,
        reader: Reader = ANYONE,
    ) -> Retrieved:
        """The documents nearest to `query`, best first, at most `limit`, by default `similarity_top_k`.

        With `score_threshold` only those whose cosine to the query is as large. A list as it stands; awaited, it is
        searched for without holding up other tasks. Raises `UsageError` for an empty query.
        """
        _check_count(self.similarity_top_k if limit is None else limit)

        def found() -> list[Document]:
            documents = [as_document(passage) for passage in self.search(query, k=limit, reader=reader)]
            least = score_threshold if score_threshold is not None else 0.0
            return [document for document in documents if (document.score or 0.0) >= least]

        return Retrieved(found)

    async def add_documents(self, documents: Iterable[Any]) -> IngestReport:
        """Put texts into the bank beside its files: plain ones, or documents of this package, AgentScope or LlamaIndex.

        One that is added again under its id replaces what it was. Raises as an ingest does.
        """
        from ingest.documents import ingest_documents

        loaded = [_loaded(document) for document in ([documents] if isinstance(documents, str) else documents)]
        return await asyncio.to_thread(ingest_documents, loaded, self.bank, source=ADDED)

    async def retrieve_knowledge(
        self, query: str, limit: int = 5, score_threshold: float | None = None
    ) -> ToolResponse:
        """Find passages in the documents that fit a query.

        Args:
            query: Key words or a question that stands alone, with names instead of "it", "she" or "my".
            limit: How many passages to give at most.
            score_threshold: Only passages at least this near to the query, from 0 to 1.
        """
        found = await self.retrieve(query, limit, score_threshold)
        lines = [f"Score: {item.score:.2f}, Source: {item.metadata.title}, Content: {item.text}" for item in found]
        return ToolResponse([{"type": "text", "text": line} for line in lines or [NOTHING]])


def _opened(knowledge_id: str, name: str, root: str, similarity_top_k: int) -> LlamaIndexKnowledge:
    from agents.rag.library import open_default_library

    return LlamaIndexKnowledge(knowledge_id, open_default_library(root).bank(name), similarity_top_k)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A text in the shape of a LlamaIndex document."""

    id_: str
    text: str
    metadata: dict[str, Any]

    def get_content(self) -> str:
        return self.text


def _loaded(document: Any) -> Any:
    """What an ingest takes; raises `UsageError` for what holds no text."""
    if hasattr(document, "get_content") and hasattr(document, "id_"):
        return document
    if isinstance(document, str):
        return _Loaded(sha256(document.encode("utf-8", "replace")).hexdigest(), document, {})
    metadata = getattr(document, "metadata", None)
    content = getattr(metadata, "content", None)
    text = content.get("text") if isinstance(content, Mapping) else None
    if not isinstance(text, str):
        raise UsageError(
            f"{type(document).__name__} holds no text that could be added:",
            hint="give texts, LlamaIndex documents, or documents of agents.rag.",
        )
    chunk = getattr(metadata, "chunk_id", 0)
    name = str(getattr(metadata, "title", "") or getattr(metadata, "doc_id", ""))
    return _Loaded(f"{getattr(metadata, 'doc_id', '')}#{chunk}", text, {"title": name} if name else {})


def _check_count(count: int) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(f"{count!r} is not a number of passages:", hint="ask for 1 or more.")
