"""Embedding alone: ours beside sentence-transformers and LlamaIndex, with the same weights and the same texts.

    .venv/bin/python -m bench.embedding ../shared/datasets [--chunks 400] [--rounds 3] [--quality]

Each way runs in a process of its own that stays; they take turns, A B C D A B C D, and only the embedding is
timed. Prints chunks a second, ratios to the peers and the least cosine to full precision; `--quality` embeds all
of SciFact both ways and compares nDCG@10.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding.minilm import MiniLM, model_folder

if TYPE_CHECKING:
    from knowledge.types import Matrix

Embed = Callable[[list[str]], "Matrix"]
REFERENCE, PEER = "sentence-transformers", "LlamaIndex"
SENTENCES = 8


def _sentence_transformers(cache: Path) -> Embed:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder()), device="cpu")
    return lambda texts: np.asarray(model.encode(texts, normalize_embeddings=True, show_progress_bar=False))


def _llamaindex(cache: Path) -> Embed:
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    model = HuggingFaceEmbedding(model_name=str(model_folder()), device="cpu")
    return lambda texts: np.asarray(model.get_text_embedding_batch(texts), np.float32)


def _onnx(cache: Path) -> Embed:
    return MiniLM(cache, bulk="onnx").embed_bulk


def _bulk(cache: Path) -> Embed:
    return MiniLM(cache).embed_bulk


WAYS: dict[str, Callable[[Path], Embed]] = {
    REFERENCE: _sentence_transformers,
    PEER: _llamaindex,
    "ours, ONNX": _onnx,
    "ours, bulk": _bulk,
}


class Worker:
    """One way in its own process, since they set each other's number of threads."""

    def __init__(self, way: str, texts: Path, cache: Path) -> None:
        self._vectors = cache / f"{list(WAYS).index(way)}.npy"
        command = [sys.executable, "-m", "bench.embedding", str(texts), "--serve", way, "--cache", str(cache)]
        self._process = subprocess.Popen(
            [*command, "--out", str(self._vectors)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._turn()

    def round(self) -> tuple[float, float]:
        """Wall and processor seconds of embedding all texts once."""
        self._say("go")
        answer = json.loads(self._turn())
        return float(answer["wall"]), float(answer["processor"])

    def close(self) -> Matrix:
        """Ends the process; what it made."""
        self._say("end")
        self._process.communicate()
        vectors: Matrix = np.load(self._vectors)
        return vectors

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def _turn(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def serve(way: str, texts: list[str], cache: Path, out: Path) -> None:
    """The worker's side: embeds whenever it is told to."""
    embed = WAYS[way](cache)
    embed(texts[:SENTENCES])
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        wall, processor = perf_counter(), process_time()
        vectors = embed(texts)
        print(json.dumps({"wall": perf_counter() - wall, "processor": process_time() - processor}), flush=True)
        np.save(out, vectors)


def speed(texts: list[str], cache: Path, *, rounds: int) -> None:
    """Prints what each way does with the texts."""
    file = cache / "texts.json"
    file.write_text(json.dumps(texts), "utf-8")
    workers = {way: Worker(way, file, cache) for way in WAYS}
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, worker in workers.items():
            times[way].append(worker.round())
    vectors = {way: worker.close() for way, worker in workers.items()}
    print(f"{'':24}{'chunks/s':>10}{'x ST':>8}{'x LlamaIndex':>14}{'processor x LlamaIndex':>24}{'min cosine':>12}")
    for way in WAYS:
        rate = len(texts) / statistics.median(wall for wall, _ in times[way])
        st, li = (_ratio(times[peer], times[way], part=0) for peer in (REFERENCE, PEER))
        cosine = (vectors[way] * vectors[REFERENCE]).sum(1).min()
        busy = _ratio(times[PEER], times[way], part=1)
        print(f"{way:24}{rate:10.1f}{st:8.2f}{li:14.2f}{busy:24.2f}{cosine:12.5f}")


def _ratio(peer: Sequence[tuple[float, float]], ours: Sequence[tuple[float, float]], *, part: int) -> float:
    """The median over rounds, each with what stood next to it."""
    return statistics.median(theirs[part] / own[part] for theirs, own in zip(peer, ours, strict=True))


def quality(datasets: Path, cache: Path) -> None:
    """Prints nDCG@10 of SciFact in full precision and in bulk."""
    corpus = _rows(datasets / "scifact" / "corpus.jsonl")
    asked = _rows(datasets / "scifact" / "questions.jsonl")
    texts = [f"{row['title']}\n{row['text']}" for row in corpus]
    names = [row["id"] for row in corpus]
    model = MiniLM(cache)
    questions = model.embed([row["question"] for row in asked])
    gold = [{entry["doc"] for entry in row["gold"]} for row in asked]
    full, fast = model.embed(texts), model.embed_bulk(texts)
    exact, bulk = (_ndcg(questions @ documents.T, names, gold) for documents in (full, fast))
    print(f"SciFact nDCG@10, dense alone: full precision {exact:.4f}, bulk {bulk:.4f}, change {bulk - exact:+.4f}")
    print(f"least cosine of {len(texts)} documents: {(full * fast).sum(1).min():.5f}")


def _ndcg(scores: Matrix, names: Sequence[str], gold: Sequence[set[str]]) -> float:
    """Binary gains, discount 1 / log2(rank + 1) (Järvelin and Kekäläinen 2002, section 2.2)."""
    discounts = 1 / np.log2(np.arange(2, 12))
    found = []
    for row, right in zip(scores, gold, strict=True):
        gains = np.array([names[column] in right for column in np.argsort(-row)[:10]])
        found.append((gains * discounts).sum() / discounts[: len(right)].sum())
    return float(np.mean(found))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def chunks_of(datasets: Path, count: int) -> list[str]:
    """Pieces of SciFact's abstracts between 110 and 240 tokens long, 160 on average."""
    tokens = MiniLM(Path()).tokens()
    lengths = np.random.default_rng(0)
    found: list[str] = []
    for row in _rows(datasets / "scifact" / "corpus.jsonl"):
        spans, first = tokens.offsets(row["text"]), 0
        while len(spans) - first > 110:
            last = min(len(spans), first + int(lengths.integers(110, 210))) - 1
            found.append(row["text"][spans[first][0] : spans[last][1]])
            first = last + 1
        if len(found) >= count:
            break
    return found[:count]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="the folder of data sets")
    parser.add_argument("--chunks", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quality", action="store_true")
    for name in ("--serve", "--cache", "--out"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve, json.loads(given.source.read_text("utf-8")), Path(given.cache), Path(given.out))
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.quality:
            quality(given.source, Path(folder))
            return
        texts = chunks_of(given.source, given.chunks)
        counter = MiniLM(Path(folder)).tokens()
        print(f"{len(texts)} chunks, {np.mean([counter.count(text) + 2 for text in texts]):.0f} tokens on average")
        speed(texts, Path(folder), rounds=given.rounds)


if __name__ == "__main__":
    main()
