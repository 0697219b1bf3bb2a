"""The bank that `bench.scale` searches, and what it is asked.

Ten chunks make a document. Every tenth document is for staff only; the metadata `floor`, `shelf` and `box` of a
document are its number modulo 10, 100 and 1,000, so that a filter lets through a tenth, a hundredth, a thousandth.
The first thousand bear titles as they stand, so that title links are followed; the others are numbered.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from bench.made_chunks import IN_DOCUMENT, MadeChunks
from eval import load_cases
from knowledge.bank import KnowledgeBank
from knowledge.types import ANYONE, Chunk, MetadataValue, NewDocument, NewPlace, Reader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.embedding.embedder import Embedder
    from knowledge.types import Matrix

BANK = "scale"
STAFF = Reader(frozenset({"staff"}))
HIDDEN = 10
ASKED = ("squad2", "scifact", "doc2dial", "hotpotqa100", "chroma_chunking_eval", "cuad", "anthropic_docs_rag")
QUESTIONS = 350
BATCH = 500
TITLED = 1_000


@dataclass(frozen=True, slots=True)
class Situation:
    """Who asks, under which filter: `key` of a document's metadata, of `kinds` values."""

    name: str
    reader: Reader
    key: str = ""
    kinds: int = 0

    def filters(self, question: int) -> dict[str, MetadataValue]:
        """The filter of a question: another value each time, so that nothing is remembered."""
        return {self.key: question % self.kinds} if self.key else {}

    def sees(self, documents: NDArray[np.int64], question: int) -> NDArray[np.bool_]:
        """Which documents may be found."""
        seen = np.ones(len(documents), bool) if self.reader is STAFF else documents % HIDDEN != HIDDEN - 1
        if self.key:
            seen &= documents % self.kinds == question % self.kinds
        return seen


SITUATIONS = (
    Situation("everything", STAFF),
    Situation("public, nine tenths", ANYONE),
    Situation("filter, a tenth", STAFF, "floor", 10),
    Situation("filter, a hundredth", STAFF, "shelf", 100),
    Situation("filter, a thousandth", STAFF, "box", 1_000),
    Situation("public, a hundredth", ANYONE, "shelf", 100),
)


def write_questions(folder: Path, datasets: Path, embedder: Embedder) -> Matrix:
    """Real questions of the sets with their vectors, as `questions.jsonl` and `questions.npy`."""
    share = QUESTIONS // len(ASKED)
    asked: list[str] = []
    for name in ASKED:
        cases = load_cases(datasets / name / "questions.jsonl")
        asked += [cases[at * len(cases) // share].question for at in range(share)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in asked), "utf-8")
    vectors = embedder.embed(asked)
    np.save(folder / "questions.npy", vectors)
    return vectors


def read_questions(folder: Path) -> tuple[list[str], Matrix]:
    """What `write_questions` wrote."""
    lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines], np.load(folder / "questions.npy")


def fill(bank: KnowledgeBank, made: MadeChunks, count: int, vectors: Path) -> float:
    """Commits `count` chunks, and keeps their vectors for the peers in the file `vectors`; returns seconds."""
    kept = np.lib.format.open_memmap(vectors, "w+", np.float16, (count, bank.card().embedder.dimension))
    started = perf_counter()
    with bank.writer() as writer:
        source = writer.source("folder", "made")
        step = BATCH * IN_DOCUMENT
        for start in range(0, count, step):
            stop = min(start + step, count)
            rows = made.vectors(start, stop)
            kept[start:stop] = rows
            writer.commit(_documents(made.texts(start, stop), rows, start // IN_DOCUMENT, source))
            print(f"\r{stop:,} chunks, {perf_counter() - started:,.0f} s", end="", flush=True)
    print()
    kept.flush()
    return perf_counter() - started


def _documents(texts: Sequence[tuple[str, str]], rows: Matrix, first: int, source: int) -> list[NewDocument]:
    starts = range(0, len(texts), IN_DOCUMENT)
    return [
        _document(first + number, texts[at : at + IN_DOCUMENT], rows[at : at + IN_DOCUMENT], source)
        for number, at in enumerate(starts)
    ]


def _document(number: int, texts: Sequence[tuple[str, str]], rows: Matrix, source: int) -> NewDocument:
    title = texts[0][0] if number < TITLED else f"{texts[0][0]} {number}"
    chunks: list[Chunk] = []
    at = 0
    for _, text in texts:
        chunks.append(Chunk(at, at + len(text), text, title))
        at += len(text) + 2
    allow = frozenset({"staff"} if number % HIDDEN == HIDDEN - 1 else {"public"})
    place = NewPlace(source, f"{number}.md", allow)
    metadata = {one.key: number % one.kinds for one in SITUATIONS if one.key}
    whole = "\n\n".join(text for _, text in texts)
    return NewDocument(str(number), title, whole, "text/markdown", tuple(chunks), rows, (place,), metadata=metadata)
