"""One process of `bench.scale`: opens the bank as a command or as a server does, and times its searches.

    python -m bench.scale_measure ROOT exact|chroma [QUESTIONS]

Prints one JSON object. Vectors of questions are given, so that no time of embedding counts.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from bench.made_chunks import IN_DOCUMENT
from bench.scale_bank import BANK, SITUATIONS, STAFF, Situation, read_questions
from knowledge.bank import KnowledgeBank
from knowledge.card import SearchOptions
from knowledge.library import Library
from knowledge.retrieval.chroma_search import ChromaVectors
from knowledge.retrieval.vectors import ExactVectors
from knowledge.storage.catalog import Catalog
from knowledge.storage.chroma import ChromaMirror
from knowledge.storage.scope import Ids

if TYPE_CHECKING:
    from knowledge.types import Matrix

K = 10
WARM = 30
BLOCK = 50_000
# As many as a search takes from the index.
CANDIDATES = SearchOptions().candidates
MB = 1e6
# Seconds that Chroma may take to open.
SWITCH = 300


def measure(root: Path, mode: str, most: int) -> dict[str, Any]:
    """Seconds to the first search and from there to the switch to Chroma, milliseconds of the searches after that in
    each situation, memory; by `most` questions.
    """
    questions, vectors = read_questions(root)
    step = max(1, len(questions) // most)
    questions, vectors = questions[::step], vectors[::step]
    bank = Library(root, chroma_from=1 if mode == "chroma" else None).bank(BANK)
    started = perf_counter()
    bank.find(questions[0], vectors[0], k=K, reader=STAFF, filters={})
    found: dict[str, Any] = {"open": perf_counter() - started}
    if mode == "chroma":
        found["switch"] = _switched(bank)
    memory = psutil.Process().memory_info()
    found["memory"] = memory.rss / MB
    # Without the pages of files that are mapped, which the system takes back as it likes.
    found["own"] = (memory.rss - memory.shared) / MB
    found["times"] = {one.name: _times(bank, one, questions, vectors) for one in SITUATIONS}
    bank.close()
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
    if mode == "chroma":
        found["recall"] = recalls(bank, vectors, root / "vectors.npy")
    return found


def _switched(bank: KnowledgeBank) -> float:
    """Seconds until Chroma is open, without the pause before it is opened."""
    started = perf_counter()
    assert bank.settle(SWITCH), "Chroma is not open yet"
    return perf_counter() - started


def _times(bank: KnowledgeBank, situation: Situation, questions: list[str], vectors: Matrix) -> dict[str, float]:
    taken = Timed()
    for number, (question, vector) in enumerate(zip(questions, vectors, strict=True)):
        filters = situation.filters(number)
        with taken:
            bank.find(question, vector, k=K, reader=situation.reader, filters=filters)
    return taken.quantiles()


class Timed:
    """Milliseconds of the blocks that it is entered for: by the clock, and of the processor, which a busy machine
    stretches less.
    """

    def __init__(self) -> None:
        self._clock: list[float] = []
        self._processor: list[float] = []

    def __enter__(self) -> None:
        self._clock.append(-perf_counter())
        self._processor.append(-process_time())

    def __exit__(self, *_: object) -> None:
        self._processor[-1] += process_time()
        self._clock[-1] += perf_counter()

    def quantiles(self) -> dict[str, float]:
        """Median and 95th percentile of both, without the first blocks, which warm up."""
        found = {"": self._clock, "processor ": self._processor}
        return {
            f"{name}{title}": 1000 * float(np.quantile(values[WARM:], share))
            for name, values in found.items()
            for title, share in (("p50", 0.5), ("p95", 0.95))
        }


def recalls(bank: KnowledgeBank, questions: Matrix, vectors: Path) -> dict[str, float]:
    """The share of the ten nearest chunks that the index behind Chroma finds, in each situation."""
    catalog = Catalog(bank.path / "catalog.sqlite")
    dimension = questions.shape[1]
    mirror = ChromaMirror(bank.path / "chroma", dimension)
    with catalog.reading():
        index = ChromaVectors.open(catalog, mirror, dimension, lost=_fail)
        assert index is not None, "another process owns the mirror"
        truth = exact(questions, vectors)
        found = {one.name: _recall(index, catalog, one, questions, truth[one.name]) for one in SITUATIONS}
    mirror.close()
    catalog.close()
    return found


def _fail(mirror: ChromaMirror, error: Exception, vectors: ExactVectors) -> None:
    """What is measured is Chroma, not the exact answer in place of it."""
    raise error


def _recall(index: ChromaVectors, catalog: Catalog, situation: Situation, questions: Matrix, truth: Ids) -> float:
    shares: list[float] = []
    for number, (question, nearest) in enumerate(zip(questions, truth, strict=True)):
        scope = catalog.scope(catalog.kinds(situation.reader), situation.filters(number))
        hits = list(index.search(question, CANDIDATES, scope.documents))[:K]
        shares += found_of(nearest, hits)
    return float(np.mean(shares))


def found_of(nearest: Ids, hits: Iterable[int]) -> list[float]:
    """The share of the nearest chunks among `hits`; none where a filter lets nothing through."""
    truth = {chunk for chunk in nearest.tolist() if chunk}
    return [len(truth & set(hits)) / len(truth)] if truth else []


def exact(questions: Matrix, vectors: Path) -> dict[str, Ids]:
    """In each situation the ids of the ten nearest chunks of each question; a chunk's id is its number, from 1.

    Where there are fewer, the others are 0.
    """
    kept = np.load(vectors, mmap_mode="r")
    best = {one.name: np.full((len(questions), K), -np.inf, np.float32) for one in SITUATIONS}
    ids = {one.name: np.zeros((len(questions), K), np.int64) for one in SITUATIONS}
    for start in range(0, len(kept), BLOCK):
        rows = kept[start : start + BLOCK].astype(np.float32)
        numbers = np.arange(start, start + len(rows))
        cosines = questions @ rows.T
        for one in SITUATIONS:
            for at in range(len(questions)):
                seen = one.sees(numbers // IN_DOCUMENT, at)
                near = np.concatenate([best[one.name][at], np.where(seen, cosines[at], -np.inf)])
                top = np.argpartition(-near, K)[:K]
                best[one.name][at] = near[top]
                known = np.concatenate([ids[one.name][at], numbers + 1])[top]
                ids[one.name][at] = np.where(near[top] > -np.inf, known, 0)
    return ids


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 350)))
