"""Ours beside others with the same weights, on every set at hand; writes docs/leaderboard.md.

    .venv/bin/python -m bench.leaderboard ../shared/datasets [SET ...] [--most 300] [--extra NAME=FOLDER ...]

Every peer gets the same chunks (LlamaIndex's sentence splitter, 256 tokens) under their titles and the same MiniLM
vectors; ours cuts by itself, as it does by default, and stands there twice: chunk by chunk, as the peers do, and with
neighbouring chunks joined, as `search` shows them. A peer that is not installed here runs with the folder that
`--extra haystack=FOLDER` names before everything else on its path, as `pip install --no-deps --target FOLDER ...`
makes it; one that cannot run is left out, and named. Banks and chunks are kept in bench/results.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.board_sets import SETS, BoardSet, write_task
from bench.retrieval import SHOWN, BenchSet, by_span, prepare
from eval.cases import Case, load_cases
from eval.commands import spread
from eval.comparison.statistics import mean_interval, randomisation_p
from eval.observation import Hit, Observation
from eval.summaries.outcomes import Floats
from eval.targets.banks import hit_of
from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.types import Passage

RESULTS = Path("bench/results")
PAGE = Path("docs/leaderboard.md")
OURS, JOINED = "Refdesk", "Refdesk, joined"
PEERS: Mapping[str, tuple[str, str]] = {
    "LlamaIndex, dense": ("llamaindex", "llamaindex-dense"),
    "LlamaIndex, fusion": ("llamaindex", "llamaindex-fusion"),
    "Haystack, RRF": ("haystack", "haystack"),
    "txtai, hybrid": ("txtai", "txtai"),
    "Chroma": ("chroma", "chroma"),
    "BM25 (bm25s)": ("bm25", "bm25"),
}
SURE = 0.05
Scores = dict[str, dict[str, Floats]]


@dataclass(frozen=True, slots=True)
class Row:
    """A measure on one set: each system's score for each case, NaN where it has none."""

    title: str
    cases: int
    scores: Mapping[str, Floats]

    def cell(self, system: str) -> str:
        """Mean and interval; a star where ours differs by more than chance."""
        if system not in self.scores:
            return "–"
        values = self.scores[system]
        low, high = mean_interval(values, seed=0)
        differs = system != OURS and randomisation_p(self.scores[OURS] - values, seed=0) < SURE
        mean = f"{values.mean():.3f}{'*' if differs else ''}"
        best = max(float(one.mean()) for one in self.scores.values())
        return f"{f'**{mean}**' if float(values.mean()) == best else mean} ({low:.2f}–{high:.2f})"


def observed(folder: Path, name: str) -> dict[str, Observation] | None:
    """What a peer found; None where it left nothing."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    chunks = [json.loads(line) for line in (folder / "chunks.jsonl").read_text("utf-8").split("\n") if line]
    hits = [Hit(c["doc"], c["start"], c["end"], c["page"], c["page"]) for c in chunks]
    found = json.loads(path.read_text("utf-8"))["hits"]
    return {case: Observation(hits=tuple(hits[row] for row in rows)) for case, rows in found.items()}


def as_shown(bank: KnowledgeBank, question: str, *, k: int, history: Sequence[str]) -> tuple[Passage, ...]:
    """What a search for five passages shows; behind them single chunks, `k`, that name further documents."""
    five = bank.search(question, k=SHOWN, history=history)
    return (*five, *bank.search(question, k=k, history=history, single=True))


def ask_ours(
    search: Callable[..., Sequence[Passage]], board: BoardSet, cases: Sequence[Case]
) -> dict[str, Observation]:
    """What a search finds."""
    found = {case.id: search(case.question, k=board.k, history=board.turns(case)) for case in cases}
    return {case: Observation(hits=tuple(map(hit_of, passages))) for case, passages in found.items()}


def run_peer(module: str, folder: Path, extra: Path | None) -> str:
    """Runs one peer; what it said last, where it failed."""
    path = os.pathsep.join([str(Path.cwd()), *([str(extra)] if extra else [])])
    done = subprocess.run(
        [sys.executable, "-m", f"bench.peers.{module}_search", str(folder)],
        env={**os.environ, "PYTHONPATH": path, "HAYSTACK_TELEMETRY_ENABLED": "False"},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it said nothing"])[-1]


def measure(board: BoardSet, datasets: Path, most: int, extras: Mapping[str, Path]) -> tuple[list[Row], list[str]]:
    """The rows of one set, and which peers could not run."""
    library = Library(RESULTS)
    bank = prepare(library, BenchSet(board.name, by_span, only=board.only), datasets, fresh=False)
    cases = [case for case in load_cases(datasets / board.name / "questions.jsonl") if case.gold]
    if board.only:
        cases = [case for case in cases if any(gold.doc.startswith(board.only) for gold in case.gold)]
    cases = list(spread(cases, most))
    folder = RESULTS / "board" / board.name
    write_task(folder, board, datasets, cases, bank.embedder)
    single = partial(bank.search, single=True)
    searches: dict[str, Callable[..., Sequence[Passage]]] = {OURS: single, JOINED: partial(as_shown, bank)}
    found = {title: ask_ours(search, board, cases) for title, search in searches.items()}
    bank.close()
    notes = []
    for module in dict.fromkeys(module for module, _ in PEERS.values()):
        for title, (_, name) in PEERS.items():
            if PEERS[title][0] == module:
                (folder / f"{name}.json").unlink(missing_ok=True)
        if failure := run_peer(module, folder, extras.get(module)):
            notes.append(f"{module} did not run on {board.name}: {failure}")
    for title, (_, name) in PEERS.items():
        if (seen := observed(folder, name)) is not None:
            found[title] = seen
    return _rows(board, cases, found), notes


def _rows(board: BoardSet, cases: Sequence[Case], found: Mapping[str, Mapping[str, Observation]]) -> list[Row]:
    rows = []
    for name, metric in board.metrics.items():
        scores = {system: [metric.evaluate(case, seen[case.id]) for case in cases] for system, seen in found.items()}
        known = [at for at in range(len(cases)) if scores[OURS][at] is not None]
        columns = {
            system: np.array([score.value if (score := values[at]) else 0.0 for at in known])
            for system, values in scores.items()
        }
        rows.append(Row(f"{board.name}, {name}", len(known), columns))
    return rows


def page(rows: Sequence[Row], notes: Sequence[str]) -> str:
    """The leaderboard as Markdown."""
    systems = [OURS, JOINED, *PEERS]
    head = f"| set, measure | cases | {' | '.join(systems)} |\n|---|---|{'---|' * len(systems)}"
    body = "\n".join(f"| {row.title} | {row.cases} | {' | '.join(row.cell(one) for one in systems)} |" for row in rows)
    said = "".join(f"- {note}\n" for note in notes)
    return (
        "# Leaderboard\n\nRetrieval beside other projects, all with the weights of all-MiniLM-L6-v2, by\n"
        '`python -m bench.leaderboard ../shared/datasets`, which says what each is given. "Joined" has pairs of\n'
        "neighbouring chunks as one passage, as `search` shows them, and so more text. Means with 95 %\n"
        "bootstrap intervals; the best is bold; a star marks where ours differs by more than chance\n"
        f"(randomisation test, p < {SURE}).\n\n"
        f"{head}\n{body}\n{f'{chr(10)}{said}' if said else ''}"
    )


def main() -> None:
    """Measures the sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--most", type=int, default=10**9, help="at most this many questions a set, evenly spread")
    parser.add_argument("--extra", action="append", default=[], metavar="NAME=FOLDER", help="packages of one peer")
    parser.add_argument("--out", type=Path, default=PAGE)
    arguments = parser.parse_args()
    extras = {name: Path(folder) for name, _, folder in (one.partition("=") for one in arguments.extra)}
    rows: list[Row] = []
    notes: list[str] = []
    for board in SETS:
        if not arguments.sets or board.name in arguments.sets:
            more, said = measure(board, arguments.datasets, arguments.most, extras)
            rows += more
            notes += said
            for row in more:
                print(row.title, {system: round(float(v.mean()), 3) for system, v in row.scores.items()}, flush=True)
    arguments.out.write_text(page(rows, notes), encoding="utf-8")


if __name__ == "__main__":
    main()
