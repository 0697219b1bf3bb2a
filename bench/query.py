"""Speed of asking: warm beside a bare embedding and a bare Chroma query, cold as whole processes.

    .venv/bin/python -m bench.query ../shared/datasets [--documents 5000]

The bank is ingested once into bench/results/query. Warm queries are timed in turn, ours and bare, in one process.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.corpus import write_documents
from bench.processes import refdesk, run
from eval import load_cases
from knowledge.bank import KnowledgeBank
from knowledge.library import Library

ROOT = Path("bench/results/query")


def prepared(datasets: Path, documents: int) -> Library:
    """A library with one bank of `documents` abstracts."""
    if not (ROOT / "banks" / "bench").exists():
        write_documents(datasets, ROOT / "docs", documents)
        done = run(refdesk("--root", str(ROOT), "ingest", str(ROOT / "docs"), "--bank", "bench"))
        print(done.output.strip().splitlines()[-1])
    return Library(ROOT)


def warm(bank: KnowledgeBank, questions: list[str]) -> None:
    """Times whole searches beside the bare embedding plus the bare Chroma query."""
    import chromadb

    ids, _, vectors = bank.catalog.vectors(bank.card().embedder.dimension)
    bare = chromadb.EphemeralClient().create_collection("chunks", embedding_function=None)
    for start in range(0, len(ids), 5000):
        part = slice(start, start + 5000)
        bare.add(ids=[str(i) for i in ids[part]], embeddings=vectors[part])
    embedder = bank.embedder

    def bare_query(question: str) -> None:
        bare.query(query_embeddings=embedder.embed_query(question)[np.newaxis], n_results=5)

    def ours(question: str) -> None:
        bank.search(question, k=5)

    for question in questions[:20]:
        ours(question)
        bare_query(question)
    times: dict[Callable[[str], None], list[float]] = {ours: [], bare_query: []}
    for question in questions:
        for task, taken in times.items():
            started = perf_counter()
            task(question)
            taken.append(1000 * (perf_counter() - started))
    a, b = statistics.median(times[ours]), statistics.median(times[bare_query])
    ratio = statistics.median(x / y for x, y in zip(times[ours], times[bare_query], strict=True))
    print(f"warm search of {len(ids)} chunks: p50 {a:.1f} ms; embedding and Chroma alone {b:.1f} ms; ratio {ratio:.2f}")
    answers = []
    for question in questions[:100]:
        started = perf_counter()
        bank.ask(question)
        answers.append(1000 * (perf_counter() - started))
    print(f"warm extractive answer: p50 {statistics.median(answers):.1f} ms")


def cold(question: str) -> None:
    """Times whole processes."""
    commands = {
        "refdesk --help": refdesk("--help"),
        "refdesk ask, cold": refdesk("--root", str(ROOT), "ask", question, "--json"),
        "python -c 'import llama_index.core'": [sys.executable, "-c", "import llama_index.core"],
        "python -c 'import chromadb'": [sys.executable, "-c", "import chromadb"],
    }
    for name, command in commands.items():
        seconds = [run(command).seconds for _ in range(7)]
        print(f"{name}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")


def main() -> None:
    """Times warm queries, then cold processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--documents", type=int, default=5000)
    arguments = parser.parse_args()
    library = prepared(arguments.datasets, arguments.documents)
    questions = [case.question for case in load_cases(arguments.datasets / "scifact" / "questions.jsonl")]
    warm(library.bank("bench"), questions)
    cold(questions[0])


if __name__ == "__main__":
    main()
