"""Running an encoder over many token sequences: texts of like length together, one thread a processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from knowledge.types import Matrix

Item = TypeVar("Item")
Result = TypeVar("Result")
# Small enough for a layer's activations to stay in the processor's cache, large enough to keep its units busy.
PROCESSOR_BATCH = 2048


class Encoder(Protocol):
    """A loaded model that runs in the calling thread and may be called from several at once."""

    dimension: int
    batch_tokens: int

    def encode(self, batch: Sequence[Sequence[int]]) -> Matrix:
        """The unit vectors of a few token sequences, none of them empty."""
        ...


def encode_all(sequences: Sequence[Sequence[int]], encoder: Encoder, *, threads: int) -> Matrix:
    """The unit vectors of all sequences, in their order."""
    vectors = np.empty((len(sequences), encoder.dimension), np.float32)

    def fill(rows: list[int]) -> None:
        vectors[rows] = encoder.encode([sequences[row] for row in rows])

    lengths = [len(ids) for ids in sequences]
    # A few short texts still give every thread its share.
    share = -(-sum(lengths) // threads)
    batches = list(batches_by_length(lengths, tokens=min(encoder.batch_tokens, share)))
    if threads == 1 or len(batches) < 2:
        for rows in batches:
            fill(rows)
        return vectors
    with ThreadPoolExecutor(min(threads, len(batches)), thread_name_prefix="embed") as pool:
        for _ in pool.map(fill, batches):
            pass
    return vectors


def each(run: Callable[[Item], Result], items: Sequence[Item], *, threads: int) -> list[Result]:
    """What `run` gives for every item, in their order, at most so many at once."""
    if threads == 1 or len(items) < 2:
        return [run(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items)), thread_name_prefix="embed") as pool:
        return list(pool.map(run, items))


def batches_by_length(lengths: Sequence[int], *, tokens: int) -> Iterator[list[int]]:
    """Rows in batches of at most `tokens`, padding counted, longest first so that little is padded."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if batch and lengths[batch[0]] * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(
    batch: Sequence[Sequence[int]], *, multiple: int = 1
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int64]], list[int]]:
    """The sequences as one matrix filled up with zeros to a multiple of columns, and their lengths."""
    lengths = [len(ids) for ids in batch]
    matrix = np.zeros((len(batch), -(-max(lengths) // multiple) * multiple), np.int64)
    for row, ids in zip(matrix, batch, strict=True):
        row[: len(ids)] = ids
    return matrix, lengths
