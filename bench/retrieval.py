"""Retrieval quality of the default configuration on the development sets, one bank a set.

    .venv/bin/python -m bench.retrieval ../shared/datasets [SET ...] [--single] [--dense-weight .5] [--link-weight .3]

Prints, per set, the figures that docs/decisions.md quotes, with the number of questions; for SQuAD 2 also how well
the confidence of answers tells answerable from unanswerable questions. Passages are as `search` shows them, and how
long the first five are stands last; with --single every chunk is a passage by itself. Banks are kept in
bench/results/banks and ingested once; give --fresh after a change to parsing or chunking.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import numpy as np

from eval import Case, load_cases
from ingest.chunking import chunk
from ingest.parsers.registry import Registry
from ingest.structure import ParsedDocument
from knowledge.bank import KnowledgeBank
from knowledge.card import SearchOptions
from knowledge.library import Library
from knowledge.types import NewDocument, NewPlace, Passage

SUFFIXES = {".md", ".pdf", ".txt", ".html"}
BATCH = 64
SHOWN = 5
COUNTS = ("questions", "characters")
WEIGHTS = ("dense_weight", "link_weight", "document_weight", "whole_weight")
Metrics = dict[str, float]


@dataclass(frozen=True)
class BenchSet:
    """A folder of documents and questions; `only` keeps one of several forms of the same documents.

    With `history` the turns before a question count, with `abstains` confidence is measured too.
    """

    name: str
    measure: Callable[[Case, Sequence[Passage]], Metrics]
    k: int = 10
    only: str = ""
    history: bool = False
    abstains: bool = False


def documents_of(corpus: Path, only: str) -> Iterator[tuple[str, ParsedDocument]]:
    """Name and parse of every document of a set."""
    registry = Registry()
    listed = corpus / "corpus.jsonl"
    if listed.exists():
        for line in listed.open(encoding="utf-8"):
            row = json.loads(line)
            parsed = registry.read(row["text"].encode(), f"{row['id']}.txt")
            yield row["id"], replace(parsed, title=row["title"])
        return
    folder = corpus / "corpus"
    for path in sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES):
        name = path.relative_to(folder).as_posix()
        if name.startswith(only):
            yield name, registry.read(path.read_bytes(), path.name)


def fill(bank: KnowledgeBank, corpus: Path, only: str) -> None:
    """Ingests a set."""
    counter = bank.embedder.tokens()
    options = bank.card().chunking
    with bank.writer() as writer:
        source = writer.source("folder", str(corpus))
        batch: list[tuple[str, ParsedDocument]] = []
        rows = list(documents_of(corpus, only))
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            chunked = [(name, parsed, chunk(parsed, options, counter)) for name, parsed in batch]
            texts = [c.indexed_text for _, _, chunks in chunked for c in chunks]
            vectors = bank.embedder.embed_bulk(texts)
            position, documents = 0, []
            for name, parsed, chunks in chunked:
                key = sha256(f"{name}\n{parsed.text}".encode()).hexdigest()
                rows_of = vectors[position : position + len(chunks)]
                position += len(chunks)
                documents.append(
                    NewDocument(
                        key, parsed.title, parsed.text, parsed.media_type, chunks, rows_of,
                        (NewPlace(source, name),), parsed.pages,
                    )
                )  # fmt: skip
            writer.commit(documents)


def groups(case: Case, only: str = "") -> list[list[tuple[str, int | None, int | None, int | None]]]:
    """The alternatives of each group of evidence: document, page, span."""
    return [[(g.doc, g.page, g.start, g.end) for g in group if g.doc.startswith(only)] for group in case.groups]


def doc_order(passages: Sequence[Passage]) -> list[str]:
    """Documents in the order of their best passage."""
    return list(dict.fromkeys(passage.uri for passage in passages))


def by_document(case: Case, passages: Sequence[Passage]) -> Metrics:
    """Recall of documents, nDCG@10 and reciprocal rank; the passages must hold ten documents."""
    order = doc_order(passages)
    gold = [{doc for doc, *_ in group} for group in groups(case)]
    wanted = set().union(*gold)
    gains = [1 / math.log2(rank + 2) for rank, doc in enumerate(order[:10]) if doc in wanted]
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(10, len(wanted))))
    first = next((rank for rank, doc in enumerate(order) if doc in wanted), None)
    found = {k: [bool(set(order[:k]) & docs) for docs in gold] for k in (1, 3, 5)}
    return {
        "nDCG@10": sum(gains) / ideal,
        "MRR": 0.0 if first is None else 1 / (first + 1),
        "first": float(first == 0),
        **{f"recall@{k}": sum(hits) / len(hits) for k, hits in found.items()},
        "all@5": float(all(found[5])),
    }


def by_span(case: Case, passages: Sequence[Passage]) -> Metrics:
    """Recall of spans among the first five passages."""

    def met(group: list[tuple[str, int | None, int | None, int | None]], k: int) -> bool:
        return any(
            p.uri == doc and p.start < (end or 0) and (start or 0) < p.end
            for p in passages[:k]
            for doc, _, start, end in group
        )

    gold = [group for group in groups(case) if group]
    document = [{doc for doc, *_ in group} for group in gold]
    order = doc_order(passages)
    return {
        **{f"span@{k}": sum(met(g, k) for g in gold) / len(gold) for k in (1, 5)},
        **{f"doc@{k}": sum(bool(set(order[:k]) & d) for d in document) / len(document) for k in (1, 5)},
    }


def by_page(case: Case, passages: Sequence[Passage]) -> Metrics:
    """Whether the right page is among the pages of the first five passages."""
    gold = [group for group in groups(case, "pdf/") if any(page for _, page, *_ in group)]
    if not gold:
        return {}

    def met(group: list[tuple[str, int | None, int | None, int | None]], k: int) -> bool:
        return any(
            p.uri == doc and (p.page_first or 0) <= (page or 0) <= (p.page_last or 0)
            for p in passages[:k]
            for doc, page, *_ in group
        )

    return {f"page@{k}": sum(met(g, k) for g in gold) / len(gold) for k in (1, 5)}


def by_token(case: Case, passages: Sequence[Passage]) -> Metrics:
    """Share of gold characters that five passages cover, and of what they cover that is gold (Chroma's IoU)."""
    wanted = {(doc, i) for group in groups(case) for doc, _, s, e in group[:1] for i in range(s or 0, e or 0)}
    got = {(p.uri, i) for p in passages[:5] for i in range(p.start, p.end)}
    return {"token recall": len(wanted & got) / len(wanted), "IoU": len(wanted & got) / len(wanted | got)}


SETS = (
    BenchSet("scifact", by_document, 30),
    BenchSet("hotpotqa100", by_document, 20),
    BenchSet("squad2", by_span, abstains=True),
    BenchSet("anthropic_docs_rag", by_document, 20),
    BenchSet("doc2dial", by_span, 40, history=True),
    BenchSet("cuad", by_page, 10, only="pdf/"),
    BenchSet("docugami_sec10q", by_document, 60),
    BenchSet("chroma_chunking_eval", by_token),
)


def abstention(bank: KnowledgeBank, cases: Sequence[Case]) -> str:
    """AUROC of answerable against unanswerable questions, and the area under risk and coverage, as one line.

    Risk is the share of answered questions that the documents do not answer, coverage the share that is answered.
    """
    from bench.answer_cases import auroc

    sure = np.array([bank.ask(case.question).confidence for case in cases])
    truth = np.array([case.answerable for case in cases])
    wrong = np.cumsum(~truth[np.argsort(-sure, kind="stable")])
    risk = float(np.mean(wrong / np.arange(1, len(truth) + 1)))
    return f"AUROC {auroc(truth, sure):.3f}  area under risk and coverage {risk:.3f}"


def run(bench: BenchSet, bank: KnowledgeBank, cases: Sequence[Case], *, single: bool) -> tuple[Metrics, float]:
    """Mean of every metric over the cases with gold, and median seconds a query."""
    rows, seconds = [], []
    for case in cases:
        started = perf_counter()
        history = [turn.text for turn in case.history] if bench.history else []
        passages = bank.search(case.question, k=bench.k if single else SHOWN, history=history, single=single)
        seconds.append(perf_counter() - started)
        if not single:
            # Behind what is shown, single chunks that name further documents.
            passages += bank.search(case.question, k=bench.k, history=history, single=True)
        if metrics := bench.measure(case, passages):
            rows.append(metrics | {"characters": sum(len(passage.text) for passage in passages[:SHOWN])})
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    return means | {"questions": len(rows)}, sorted(seconds)[len(seconds) // 2]


def main() -> None:
    """Measures the sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--single", action="store_true", help="chunks that follow on one another stay apart")
    parser.add_argument("--most", type=int, default=10**9, help="at most this many questions a set, evenly spread")
    for name in WEIGHTS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(SearchOptions(), name))
    arguments = parser.parse_args()
    library = Library(Path("bench/results"))
    options = replace(SearchOptions(), **{name: getattr(arguments, name) for name in WEIGHTS})
    for bench in SETS:
        if arguments.sets and bench.name not in arguments.sets:
            continue
        bank = prepare(library, bench, arguments.datasets, fresh=arguments.fresh)
        with bank.writer() as writer:
            writer.put_card(replace(bank.card(), search=options))
        bank.close()
        everything = load_cases(arguments.datasets / bench.name / "questions.jsonl")
        cases = spread([case for case in everything if case.gold], arguments.most)
        means, median = run(bench, bank, cases, single=arguments.single)
        shown = "  ".join(f"{name} {value:.3f}" for name, value in means.items() if name not in COUNTS)
        spent = f"{means['characters']:.0f} characters  {1000 * median:.1f} ms"
        print(f"{bench.name:22} n={int(means['questions']):5}  {shown}  {spent}", flush=True)
        if bench.abstains:
            asked = spread(everything, arguments.most)
            print(f"{bench.name + ', abstention':22} n={len(asked):5}  {abstention(bank, asked)}", flush=True)


def spread(cases: Sequence[Case], most: int) -> Sequence[Case]:
    """About `most` of the cases, evenly spread; all where there are no more."""
    return cases[:: max(1, len(cases) // most)]


def prepare(library: Library, bench: BenchSet, datasets: Path, *, fresh: bool) -> KnowledgeBank:
    """The bank of a set, ingested if it is not there."""
    if fresh and bench.name in library.names():
        library.remove(bench.name)
    bank = library.create(bench.name)
    if not bank.catalog.counts()[0]:
        started = perf_counter()
        fill(bank, datasets / bench.name, bench.only)
        documents, chunks = bank.catalog.counts()
        seconds = perf_counter() - started
        print(f"{bench.name}: {documents} documents, {chunks} chunks in {seconds:.0f} s", flush=True)
    return bank


if __name__ == "__main__":
    main()
