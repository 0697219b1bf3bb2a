"""How `bench.scale` runs a peer: fills its index once, then opens it in this process and times its searches.

Prints one JSON object, of the same shape as `bench.scale_measure`.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from bench.scale_bank import SITUATIONS, Situation, read_questions
from bench.scale_measure import MB, Timed, exact, found_of

if TYPE_CHECKING:
    from knowledge.types import Matrix

Ask = Callable[[Situation, int, str, "Matrix"], Sequence[int]]


def answer(fill: Callable[[Path], None], opened: Callable[[Path], Ask]) -> None:
    """`ROOT fill` makes the index, `ROOT` times what `opened` gives."""
    root = Path(sys.argv[1])
    if "fill" in sys.argv[2:]:
        fill(root)
    else:
        print(json.dumps(_measured(root, opened)))


def _measured(root: Path, opened: Callable[[Path], Ask]) -> dict[str, Any]:
    questions, vectors = read_questions(root)
    started = perf_counter()
    ask = opened(root)
    ask(SITUATIONS[0], 0, questions[0], vectors[0])
    found: dict[str, Any] = {"open": perf_counter() - started}
    found["memory"] = psutil.Process().memory_info().rss / MB
    truth = exact(vectors, root / "vectors.npy")
    found["times"], found["recall"] = {}, {}
    for one in SITUATIONS:
        taken = Timed()
        shares: list[float] = []
        for number, (text, vector) in enumerate(zip(questions, vectors, strict=True)):
            with taken:
                hits = ask(one, number, text, vector)
            shares += found_of(truth[one.name][number], (hit + 1 for hit in hits))
        found["times"][one.name] = taken.quantiles()
        found["recall"][one.name] = float(np.mean(shares))
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
    return found
