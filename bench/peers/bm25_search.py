"""BM25 alone, by bm25s with a stemmer and stop words. `python -m bench.peers.bm25_search FOLDER`."""

from __future__ import annotations

from collections.abc import Sequence

import bm25s
import Stemmer

from bench.peers.exchange import K, Search, Task, answer


def build(task: Task) -> Search:
    """An index over titles and words."""
    stemmer = Stemmer.Stemmer("english")
    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(bm25s.tokenize(task.texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    most = min(K, len(task.chunks))

    def search(row: int) -> Sequence[int]:
        asked = bm25s.tokenize([task.questions[row]["text"]], stopwords="en", stemmer=stemmer, show_progress=False)
        found, _ = index.retrieve(asked, k=most, show_progress=False)
        return [int(number) for number in found[0]]

    return search


if __name__ == "__main__":
    answer("bm25", build)
