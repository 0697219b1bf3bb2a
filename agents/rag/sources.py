"""What an agent may search: banks, libraries, and retrievers or query engines of LlamaIndex, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Protocol

from agents.rag.passage_access import allowed
from knowledge.bank import KnowledgeBank
from knowledge.errors import BankNotFound, UsageError
from knowledge.library import Library
from knowledge.retrieval.conversation import conversation_vector
from knowledge.types import MetadataValue, Passage, Reader

if TYPE_CHECKING:
    from knowledge.embedding.embedder import Embedder, EmbedderIdentity
    from knowledge.types import Vector

DESCRIBED = 20
UNLIKE = ("The moon has no air.", "Invoices are due in thirty days.")
ALIKE = 0.9
NAME = re.compile(r"[^\w-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, and for whom; `history` are the turns before it, oldest first."""

    words: str
    limit: int
    reader: Reader
    filters: Mapping[str, MetadataValue]
    history: tuple[str, ...] = ()


class Source(Protocol):
    """Something that finds passages."""

    @property
    def name(self) -> str:
        """What a model calls it by."""
        ...

    def about(self) -> str:
        """What its documents are about, in one line."""
        ...

    def search(self, query: Query) -> tuple[Passage, ...]:
        """The passages that fit, best first."""
        ...

    def access(self, passages: Sequence[Passage]) -> Iterable[frozenset[str]]:
        """For each of its documents among `passages`, the roles that may read it."""
        ...


@dataclass(frozen=True, slots=True)
class BankSource:
    """A bank under a name that no other source of the agent has."""

    name: str
    bank: KnowledgeBank

    def about(self) -> str:
        """What its card says."""
        card = self.bank.card()
        return card.description or card.title or card.name

    def search(self, query: Query) -> tuple[Passage, ...]:
        """The passages that the reader may see."""
        return self.search_vector(query, query_vector(query, self.bank.sentence_embedder))

    def search_vector(self, query: Query, vector: Vector) -> tuple[Passage, ...]:
        """As `search`, with the vector of the words at hand."""
        found = self.bank.find(
            query.words,
            vector,
            k=query.limit,
            reader=query.reader,
            filters=query.filters,
            history=query.history,
        )
        return self._own(found.passages)

    def access(self, passages: Sequence[Passage]) -> set[frozenset[str]]:
        """The roles of its documents among `passages`."""
        return allowed(self.bank, [passage for passage in passages if passage.bank == self.name])

    def _own(self, passages: tuple[Passage, ...]) -> tuple[Passage, ...]:
        if self.name == self.bank.name:
            return passages
        return tuple(replace(passage, bank=self.name) for passage in passages)


class Sources:
    """The sources of one agent. A library counts as the banks that it has at the moment."""

    def __init__(self, given: Iterable[Any] | Any = ()) -> None:
        self._embedder: Embedder | None = None
        self.given = tuple(given) if isinstance(given, list | tuple) else (given,)
        for item in self.given:
            _check(item)

    def __bool__(self) -> bool:
        return bool(self.given)

    def all(self) -> tuple[Source, ...]:
        """Every source, each under a name of its own."""
        found: dict[str, Source] = {}
        banks: set[int] = set()
        for item in self.given:
            for bank in _banks(item):
                if id(bank) not in banks:
                    banks.add(id(bank))
                    name = _free(bank.name, found)
                    found[name] = BankSource(name, bank)
            if not _is_ours(item):
                from agents.rag.llama_index_sources import adapted  # LlamaIndex is not needed for banks

                source = adapted(item, name=_free(NAME.sub("-", _called(item)), found))
                found[source.name] = source
        return tuple(found.values())

    def named(self, names: Sequence[str] | None) -> tuple[Source, ...]:
        """The sources called so, all without names; raises `BankNotFound` that lists those there are."""
        known = {source.name: source for source in self.all()}
        if names is None:
            return tuple(known.values())
        for name in names:
            if name not in known:
                raise BankNotFound(f"There is no bank {name}. The banks are: {', '.join(known)}.")
        return tuple(known[name] for name in dict.fromkeys(names))

    def thresholds(self) -> Mapping[str, float]:
        """The least confidences of answers from banks that are calibrated, under the names they have here."""
        banks = (source for source in self.all() if isinstance(source, BankSource))
        return {source.name: least for source in banks for least in source.bank.thresholds.values()}

    def embedder(self) -> Embedder:
        """The model that support is checked with: that of the first bank, else the built-in one.

        A model that finds everything alike would find support for everything; the built-in one takes its place.
        """
        if self._embedder is None:
            banks = (source.bank.sentence_embedder for source in self.all() if isinstance(source, BankSource))
            self._embedder = next((embedder for embedder in banks if _tells_apart(embedder)), None) or _built_in()
        return self._embedder


def _tells_apart(embedder: Embedder) -> bool:
    """Whether texts that have nothing in common are far from the same to a model."""
    one, other = embedder.embed(UNLIKE)
    return float(one @ other) < ALIKE


def _built_in() -> Embedder:
    from agents.rag.library import local_embedder
    from knowledge.settings import process_environment

    return local_embedder(process_environment().cache)


def found(query: Query, sources: Sequence[Source]) -> tuple[Passage, ...]:
    """The best passages of several sources.

    Banks are compared by raw evidence, as in a library: scores that were scaled within one bank say nothing about
    another. What else there is takes turns with them, since its scores mean something else again.
    """
    banks = [source for source in sources if isinstance(source, BankSource)]
    others = [source.search(query) for source in sources if not isinstance(source, BankSource)]
    ranked = [passages for passages in (_of_banks(query, banks), *others) if passages]
    taking_turns = (passage for row in zip_longest(*ranked) for passage in row if passage is not None)
    return tuple(taking_turns)[: query.limit]


def query_vector(query: Query, embedder: Embedder) -> Vector:
    """The vector of what is looked for, in the light of what was said before."""
    return conversation_vector(query.words, query.history, embedder.embed_query)


def access(passages: Sequence[Passage], sources: Iterable[Source]) -> set[frozenset[str]]:
    """The roles that may read each document among `passages`."""
    return {roles for source in sources for roles in source.access(passages)}


def described(sources: Sequence[Source]) -> str:
    """What the sources are about, for a model to choose by."""
    lines = [f"- {source.name}: {' '.join(source.about().split())}" for source in sources[:DESCRIBED]]
    more = len(sources) - DESCRIBED
    return "\n".join([*lines, *([f"- and {more} more, searched when `bank` is left out"] if more > 0 else [])])


def _of_banks(query: Query, banks: Sequence[BankSource]) -> tuple[Passage, ...]:
    if len(banks) < 2:
        return banks[0].search(query) if banks else ()
    from knowledge.retrieval.routing import route

    vectors: dict[EmbedderIdentity, Vector] = {}
    by_bank: dict[str, tuple[Passage, ...]] = {}
    for source in banks:
        identity = source.bank.embedder.identity
        if identity not in vectors:
            vectors[identity] = query_vector(query, source.bank.sentence_embedder)
        by_bank[source.name] = source.search_vector(query, vectors[identity])
    asked = " ".join([*query.history, query.words])
    return route(asked, by_bank, {source.name: source.bank.card() for source in banks}).passages


def _banks(item: Any) -> Iterator[KnowledgeBank]:
    if isinstance(item, Library):
        yield from (item.bank(name) for name in item.names())
    elif _is_ours(item):
        yield item if isinstance(item, KnowledgeBank) else item.bank


def _is_ours(item: Any) -> bool:
    return isinstance(item, Library | KnowledgeBank) or isinstance(getattr(item, "bank", None), KnowledgeBank)


def _check(item: Any) -> None:
    if not (_is_ours(item) or hasattr(item, "retrieve") or hasattr(item, "query")):
        raise UsageError(
            f"{type(item).__name__} cannot be searched:",
            hint="give LlamaIndexKnowledge, a bank, a library, or a retriever or query engine of LlamaIndex.",
        )


def _called(item: Any) -> str:
    return str(getattr(item, "name", "") or type(item).__name__)


def _free(name: str, taken: Mapping[str, object]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
