"""The sets of the leaderboard: what is measured on each, and what every system is given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.retrieval import documents_of
from eval.cases import Case
from eval.metrics.ranking import AllGold, Ranked, Recall
from eval.metrics.registry import Metric
from eval.metrics.spans import PageRecall, SpanRecall, SpanShare
from ingest.structure import ParsedDocument
from knowledge.embedding.embedder import Embedder

TOKENS = 256


@dataclass(frozen=True, slots=True)
class BoardSet:
    """A set and its metrics; `only` keeps one of several forms of the same documents, `history` asks with the turns."""

    name: str
    metrics: Mapping[str, Metric]
    only: str = ""
    history: bool = False
    k: int = field(default=30)

    def question(self, case: Case) -> str:
        """What is asked."""
        return " ".join([*self.turns(case), case.question])

    def turns(self, case: Case) -> list[str]:
        """The turns before the question, where they count; every peer gets them as one text with it."""
        return [turn.text for turn in case.history] if self.history else []


SETS = (
    BoardSet("scifact", {"nDCG@10": Ranked("nDCG@10")}),
    BoardSet("hotpotqa100", {"recall@5": Recall(5), "both@5": AllGold(5)}),
    BoardSet("squad2", {"span@5": SpanRecall(5)}),
    BoardSet("anthropic_docs_rag", {"recall@3": Recall(3), "MRR": Ranked("RR")}),
    BoardSet(
        "doc2dial",
        {"span@1": SpanRecall(1), "span@5": SpanRecall(5), "document@1": Recall(1), "document@5": Recall(5)},
        history=True,
    ),
    BoardSet("cuad", {"page@5": PageRecall(5)}, only="pdf/"),
    BoardSet("docugami_sec10q", {"document@5": Recall(5)}),
    BoardSet("chroma_chunking_eval", {"coverage": SpanShare(5, "coverage"), "IoU": SpanShare(5, "iou")}),
)


def write_task(folder: Path, board: BoardSet, datasets: Path, cases: Sequence[Case], embedder: Embedder) -> None:
    """Writes what `bench.peers.exchange` describes; chunks and vectors stay from an earlier run of the same set."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "chunks.npy").is_file():
        chunks = [
            chunk for name, parsed in documents_of(datasets / board.name, board.only) for chunk in _cut(name, parsed)
        ]
        _write(folder / "chunks.jsonl", chunks)
        np.save(folder / "chunks.npy", embedder.embed_bulk([f"{chunk['title']}\n{chunk['text']}" for chunk in chunks]))
    questions = [{"id": case.id, "text": board.question(case)} for case in cases]
    _write(folder / "questions.jsonl", questions)
    np.save(folder / "questions.npy", embedder.embed([str(one["text"]) for one in questions]))


def _cut(name: str, parsed: ParsedDocument) -> list[dict[str, object]]:
    """LlamaIndex's sentence splitter, for every peer alike."""
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import Document, TextNode

    found = []
    for node in SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0).get_nodes_from_documents(
        [Document(text=parsed.text)]
    ):
        assert isinstance(node, TextNode)
        start, end = node.start_char_idx or 0, node.end_char_idx or 0
        page = next((one.number for one in parsed.pages if one.start <= start < one.end), None)
        found.append({"doc": name, "title": parsed.title, "text": node.text, "start": start, "end": end, "page": page})
    return found


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
