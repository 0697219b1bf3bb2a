"""txtai: its hybrid index at its defaults. `python -m bench.peers.txtai_search FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from txtai.embeddings import Embeddings

from bench.peers.exchange import K, Search, Task, answer


def build(task: Task) -> Search:
    """An index over given vectors and words."""
    vectors = dict(zip(task.texts, task.chunk_vectors, strict=True))
    vectors |= {one["text"]: vector for one, vector in zip(task.questions, task.question_vectors, strict=True)}

    def transform(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([vectors[text] for text in texts])

    index = Embeddings(method="external", transform=transform, hybrid=True, backend="numpy")
    index.index([(row, text, None) for row, text in enumerate(task.texts)])
    return lambda row: [int(found[0]) for found in index.search(task.questions[row]["text"], K)]


if __name__ == "__main__":
    answer("txtai", build)
