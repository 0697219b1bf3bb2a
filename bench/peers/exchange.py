"""What a peer is given and gives back, as files in one folder.

Given: `chunks.jsonl` (doc, title, text, start, end, page), `questions.jsonl` (id, text), and the vectors of both by
the same weights, `chunks.npy` and `questions.npy`. Given back: `NAME.json` with, for each question, the numbers of
chunks, best first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

K = 30


@dataclass(frozen=True, slots=True)
class Task:
    """One set, cut into chunks and embedded."""

    chunks: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    chunk_vectors: NDArray[np.float32]
    question_vectors: NDArray[np.float32]

    @property
    def texts(self) -> list[str]:
        """What is indexed of each chunk: its title and its words."""
        return [f"{chunk['title']}\n{chunk['text']}" for chunk in self.chunks]


Search = Callable[[int], Sequence[int]]


def read_task(folder: Path) -> Task:
    """The task in `folder`."""
    return Task(
        _lines(folder / "chunks.jsonl"),
        _lines(folder / "questions.jsonl"),
        np.load(folder / "chunks.npy"),
        np.load(folder / "questions.npy"),
    )


def answer(name: str, build: Callable[[Task], Search]) -> None:
    """Runs a peer over the task in the folder that the command line names: `build` indexes, and gives a search."""
    folder = Path(sys.argv[1])
    task = read_task(folder)
    started = perf_counter()
    search = build(task)
    built = perf_counter()
    hits = {question["id"]: [int(hit) for hit in search(row)] for row, question in enumerate(task.questions)}
    seconds = {"build": built - started, "search": perf_counter() - built}
    (folder / f"{name}.json").write_text(json.dumps({"hits": hits, "seconds": seconds}), encoding="utf-8")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
