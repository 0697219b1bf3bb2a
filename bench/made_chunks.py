"""As many chunks as are asked for, with the words and the vectors of the development sets.

Every chunk is real text: the first half of one piece of a set and the second half of another piece of the same set.
Only some thousand pieces are embedded. The vector of a chunk is the mean of those of its two pieces, moved by what such
chunks differ from that mean: a random mixture of the differences of `SAMPLE` chunks that are embedded for real, which
therefore has their mean and their covariance. `Fidelity` says how near that comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from knowledge.embedding.embedder import Embedder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.types import Matrix

IN_DOCUMENT = 10
WORDS = 110
# Odd numbers without a common divisor with what they are taken modulo: they visit everything before they repeat.
STRIDE, SCATTER = 7919, 2654435761
SAMPLE = 400
COMPARED = 5_000
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
PASSAGES = ("scifact", "hotpotqa100", "anthropic_docs_rag")
FILES = {"squad2": "corpus/*.md", "doc2dial": "corpus/*/*.md", "chroma_chunking_eval": "corpus/*.md",
         "cuad": "corpus/txt/*.txt"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """About a hundred words of a real document, by sentences."""

    title: str
    sentences: tuple[str, ...]

    @property
    def halves(self) -> tuple[str, str]:
        """The first half of the sentences, and the others."""
        middle = (len(self.sentences) + 1) // 2
        return " ".join(self.sentences[:middle]), " ".join(self.sentences[middle:])

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How made vectors compare with real ones.

    `cosine` is the mean cosine of a made vector to that of the same text when it is embedded. `nearest` are the mean
    cosines of questions to their nearest and tenth nearest of `COMPARED` chunks: for pieces, and for made chunks.
    """

    cosine: float
    nearest_piece: tuple[float, float]
    nearest_made: tuple[float, float]


class MadeChunks:
    """Texts and vectors of chunks by number; the same numbers give the same chunks."""

    def __init__(self, sets: Sequence[Sequence[Piece]], embedder: Embedder, *, seed: int = 0) -> None:
        self._embedder = embedder
        self._seed = seed
        self.pieces = [piece for pieces in sets for piece in pieces]
        ends = np.cumsum([len(pieces) for pieces in sets])
        self._starts, self._ends = np.concatenate([[0], ends[:-1]]), ends
        self._vectors = embedder.embed_bulk([f"{piece.title}\n{piece.text}" for piece in self.pieces])
        self._differences = self._measured()

    def texts(self, start: int, stop: int) -> list[tuple[str, str]]:
        """Title of the first piece, and text, of the chunks `start:stop`."""
        first, second = self._pairs(start, stop)
        return [self._text(one, other) for one, other in zip(first.tolist(), second.tolist(), strict=True)]

    def vectors(self, start: int, stop: int) -> Matrix:
        """Their vectors, float32 of unit length."""
        means = self._means(start, stop)
        chance = np.random.default_rng((self._seed, 1, start))
        mixture = chance.normal(size=(stop - start, SAMPLE)).astype(np.float32) / np.sqrt(SAMPLE)
        centre = self._differences.mean(axis=0)
        return _unit(means + centre + mixture @ (self._differences - centre))

    def fidelity(self, questions: Matrix) -> Fidelity:
        """How near the made vectors come to real ones."""
        held_out = slice(SAMPLE, 2 * SAMPLE)
        real = self._embedded(held_out.start, held_out.stop)
        made = self.vectors(held_out.start, held_out.stop)
        pieces = self._vectors[np.random.default_rng(self._seed).permutation(len(self._vectors))[:COMPARED]]
        return Fidelity(
            float((real * made).sum(axis=1).mean()),
            _nearest(questions, pieces),
            _nearest(questions, self.vectors(0, min(COMPARED, len(pieces)))),
        )

    def _pairs(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Two pieces of one set for each chunk; the first pieces of a document follow one another."""
        numbers = np.arange(start, stop, dtype=np.int64)
        first = (numbers // IN_DOCUMENT * STRIDE + numbers % IN_DOCUMENT) % len(self.pieces)
        which = np.searchsorted(self._ends, first, side="right")
        low, high = self._starts[which], self._ends[which]
        chance = (numbers * SCATTER % 2**32) / 2**32
        return first, low + (chance * (high - low)).astype(np.int64)

    def _means(self, start: int, stop: int) -> Matrix:
        first, second = self._pairs(start, stop)
        return _unit(self._vectors[first] + self._vectors[second])

    def _measured(self) -> Matrix:
        differences: Matrix = self._embedded(0, SAMPLE) - self._means(0, SAMPLE)
        return differences

    def _embedded(self, start: int, stop: int) -> Matrix:
        return self._embedder.embed_bulk([f"{title}\n{text}" for title, text in self.texts(start, stop)])

    def _text(self, first: int, second: int) -> tuple[str, str]:
        one, other = self.pieces[first], self.pieces[second]
        return one.title, f"{one.halves[0]} {other.halves[1]}"


def read_pieces(datasets: Path, most: int) -> list[list[Piece]]:
    """About `most` pieces in all, at most an equal share of each set."""
    names = [*PASSAGES, *FILES]
    share = most // len(names)
    return [list(_spread(list(_pieces(datasets / name, name)), share)) for name in names]


def _pieces(folder: Path, name: str) -> Iterator[Piece]:
    for title, text in _documents(folder, name):
        held: list[str] = []
        for sentence in filter(None, map(str.strip, SENTENCE.split(text))):
            held.append(sentence)
            if sum(one.count(" ") + 1 for one in held) >= WORDS:
                yield Piece(title, tuple(held))
                held = []


def _documents(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    if name in PASSAGES:
        for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["title"], row["text"]
        return
    for path in sorted(folder.glob(FILES[name])):
        yield path.stem[:60], path.read_text("utf-8")


def _spread(pieces: Sequence[Piece], most: int) -> Sequence[Piece]:
    return pieces if len(pieces) <= most else [pieces[at * len(pieces) // most] for at in range(most)]


def _unit(matrix: Matrix) -> Matrix:
    rows: Matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    return rows


def _nearest(questions: Matrix, chunks: Matrix) -> tuple[float, float]:
    found = np.sort(questions @ chunks.T, axis=1)
    return float(found[:, -1].mean()), float(found[:, -10].mean())
