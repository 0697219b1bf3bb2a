"""The queues between parsing, embedding and committing, and what crosses from a worker."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from ingest.flow import WeightedQueue
from ingest.reading import from_json, read, worker_options
from knowledge.card import ChunkingOptions, EmbedderSpec
from knowledge.testing import WordCounter

TEXT = b"# Fees\n\nA card is free.\n\n## Abroad\n\n| card | fee |\n|---|---|\n| gold | 3 euros |\n"


def test_a_full_queue_makes_the_giver_wait_until_something_is_taken() -> None:
    queue: WeightedQueue[str] = WeightedQueue(10)
    queue.put("a", 10)
    giver = threading.Thread(target=queue.put, args=("b", 5))
    giver.start()
    giver.join(0.05)
    assert giver.is_alive()
    assert queue.take(100) == ["a"]
    giver.join(5)
    assert queue.take(100) == ["b"]


def test_a_taker_gets_what_is_there_up_to_a_weight_and_at_least_one() -> None:
    queue: WeightedQueue[int] = WeightedQueue(1000)
    for item in (1, 2, 3):
        queue.put(item, 4)
    assert queue.take(8) == [1, 2]
    assert queue.take(1) == [3]
    assert queue.take(1, timeout=0.01) == []


def test_closing_a_queue_frees_everyone_who_waits() -> None:
    queue: WeightedQueue[int] = WeightedQueue(1)
    queue.put(1, 1)
    waiting = [threading.Thread(target=queue.put, args=(2, 1))]
    waiting[0].start()
    queue.close()
    waiting[0].join(5)
    assert not waiting[0].is_alive()
    assert queue.take(1) == []


def test_chunks_are_the_same_whether_cut_in_the_worker_or_in_the_parent(tmp_path: Path) -> None:
    from knowledge.embedding.registry import open_embedder

    options = ChunkingOptions(64)
    spec = EmbedderSpec()
    in_worker = json.loads(json.dumps(read(TEXT, "fees.md", worker_options(options, spec, tmp_path))))
    in_parent = json.loads(json.dumps(read(TEXT, "fees.md", worker_options(options, None, tmp_path))))
    counter = open_embedder(spec, cache_dir=tmp_path).tokens()
    assert from_json(in_worker, options, None).chunks == from_json(in_parent, options, counter).chunks


def test_a_document_crosses_whole(tmp_path: Path) -> None:
    payload = read(TEXT, "fees.md", worker_options(ChunkingOptions(), None, tmp_path))
    found = from_json(json.loads(json.dumps(payload)), ChunkingOptions(), WordCounter())
    assert (found.document.title, found.document.text) == ("Fees", TEXT.decode())
    assert [chunk.text for chunk in found.chunks] == [TEXT.decode().strip()]
