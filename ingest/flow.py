"""Parsing and embedding behind the run's back: processes parse, one thread collects, one embeds.

Only the run itself touches the bank. Everything in between waits in queues of bounded weight, so memory
does not grow with the number of documents.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import numpy as np

from ingest.reading import FUNCTION, ReadDocument, from_json, worker_options
from ingest.vectors import RunEmbedder
from ingest.worker_process import ParserLimits
from ingest.workers import ParseJob, ParseResult, ParserPool
from knowledge.settings import process_environment

if TYPE_CHECKING:
    from knowledge.card import BankCard
    from knowledge.embedding.embedder import Embedder
    from knowledge.types import Matrix

Item = TypeVar("Item")
CHUNKS_WAITING = 2048
CHUNKS_AT_ONCE = 256
BYTES_PARSING = 64 << 20
DOCUMENTS_UNDER_WAY = 1024


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of a job: a document with its vectors, or the reason why there is none."""

    token: str
    document: ReadDocument | None = None
    vectors: Matrix | None = None
    reason: str = ""


class WeightedQueue(Generic[Item]):
    """A queue that blocks whoever puts while it weighs more than `limit`; closing it drops what it holds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[tuple[Item, int]] = deque()
        self._weight = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: Item, weight: int) -> None:
        """Adds an item when there is room; nothing after closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._weight < self._limit)
            if not self._closed:
                self._items.append((item, weight))
                self._weight += weight
                self._changed.notify_all()

    def take(self, most: int, timeout: float | None = None) -> list[Item]:
        """What is there, up to a weight of `most` or one item; empty after `timeout` seconds, or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._items, timeout)
            taken: list[Item] = []
            weight = 0
            while self._items and (not taken or weight + self._items[0][1] <= most):
                item, one = self._items.popleft()
                taken.append(item)
                weight += one
            self._weight -= weight
            self._changed.notify_all()
            return taken

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def close(self) -> None:
        """Wakes everyone who waits."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()


@dataclass(slots=True)
class Stages:
    """Seconds that each stage was busy; they overlap."""

    parse: float = 0.0
    embed: float = 0.0
    commit: float = 0.0


class Flow:
    """Jobs go in, documents with vectors come out, in any order. Used by one thread, as a context manager."""

    def __init__(
        self, pool: ParserPool[str], embedder: Embedder, read: Callable[[ParseResult[str]], ReadDocument]
    ) -> None:
        self.stages = Stages()
        self._pool = pool
        self._embedder = RunEmbedder(embedder)
        self._dimension = embedder.identity.dimension
        self._read = read
        self._submitted = threading.Semaphore(0)
        self._parsed: WeightedQueue[tuple[str, ReadDocument]] = WeightedQueue(CHUNKS_WAITING)
        self._done: WeightedQueue[Finished | BaseException] = WeightedQueue(CHUNKS_WAITING)
        self._sizes: dict[str, int] = {}
        self._bytes = 0
        self._closing = False
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"ingest-{work.__name__}", daemon=True)
            for work in (self._collect, self._embed)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._submitted.release()
        self._parsed.close()
        self._done.close()
        self._pool.close()
        # The collector may wait for a result that a closed pool never gives; it holds nothing worth waiting for.
        self._threads[1].join()

    @property
    def under_way(self) -> int:
        """How many jobs have not come out yet."""
        return len(self._sizes)

    @property
    def is_full(self) -> bool:
        """Whether the next job had better wait."""
        return len(self._sizes) >= DOCUMENTS_UNDER_WAY or self._bytes >= BYTES_PARSING

    def submit(self, job: ParseJob[str]) -> None:
        """Starts a job; its token must not be under way already."""
        self._sizes[job.token] = len(job.data)
        self._bytes += len(job.data)
        self._pool.submit(job)
        self._submitted.release()

    def finished(self, timeout: float) -> list[Finished]:
        """What has come out, after waiting at most `timeout` seconds. Raises what stopped a stage."""
        found = self._done.take(CHUNKS_WAITING, timeout)
        for item in found:
            if isinstance(item, BaseException):
                raise item
        finished = [item for item in found if isinstance(item, Finished)]
        for item in finished:
            self._bytes -= self._sizes.pop(item.token)
        return finished

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # The edge of a thread: the run raises it again.
            self._done.put(error, 0)

    def _collect(self) -> None:
        """Takes parsed documents from the pool, one for every job."""
        while True:
            self._submitted.acquire()
            if self._closing:
                return
            result = next(self._pool.results())
            self.stages.parse += result.seconds
            if result.error is not None:
                self._done.put(Finished(result.job.token, reason=result.error.sentence), 1)
            else:
                read = self._read(result)
                self._parsed.put((result.job.token, read), len(read.chunks))

    def _embed(self) -> None:
        """Embeds whole documents, as many together as are waiting."""
        while not self._parsed.is_closed:
            taken = self._parsed.take(CHUNKS_AT_ONCE)
            texts = [chunk.indexed_text for _, read in taken for chunk in read.chunks]
            started = time.perf_counter()
            vectors = self._vectors(texts)
            self.stages.embed += time.perf_counter() - started
            first = 0
            for token, read in taken:
                rows = vectors[first : first + len(read.chunks)]
                first += len(read.chunks)
                self._done.put(Finished(token, read, rows), len(read.chunks))

    def _vectors(self, texts: list[str]) -> Matrix:
        """Unit vectors as float32 of shape (len(texts), dimension)."""
        vectors = np.empty((len(texts), self._dimension), np.float32)
        for first in range(0, len(texts), CHUNKS_AT_ONCE):
            if self._closing:
                break
            vectors[first : first + CHUNKS_AT_ONCE] = self._embedder.embed(texts[first : first + CHUNKS_AT_ONCE])
        return vectors


def open_flow(embedder: Embedder, card: BankCard, *, workers: int, limits: ParserLimits) -> Flow:
    """A flow for a bank. Workers chunk when they can have the embedder's own tokenizer, else its collector does."""
    from knowledge.embedding.registry import open_embedder

    cache = process_environment().cache
    installed = open_embedder(card.spec, cache_dir=cache).identity == embedder.identity
    options = worker_options(card.chunking, card.spec if installed else None, cache)
    pool = ParserPool[str](workers, limits, function=FUNCTION, options=options)
    counter = None if installed else embedder.tokens()

    def read(result: ParseResult[str]) -> ReadDocument:
        return from_json(result.payload or {}, card.chunking, counter)

    return Flow(pool, embedder, read)
