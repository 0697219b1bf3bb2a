"""Processes to kill and to watch with: an ingest, and a reader that never stops asking.

    python -m tests.ingest.killing ingest ROOT DOCS EMBEDDER
    python -m tests.ingest.killing read ROOT STOP EMBEDDER

EMBEDDER is `hashing`, which embeds at once, or `minilm`, the model that is used outside tests. Both print "started"
when they begin; the ingest then prints a line for every file that is dealt with.
Every chunk of a document says which document it belongs to, in which version, and how many chunks there are.
"""

from __future__ import annotations

import re
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from ingest import IngestOptions, ingest
from knowledge.bank import KnowledgeBank
from knowledge.card import ChunkingOptions
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
from knowledge.types import Passage
from tests.ingest.writing import LONG_AGO, write

DOCUMENTS = 18
PARTS = 4
# What holds one part of a document and no more: MiniLM has more tokens for the same words.
TOKENS = {"hashing": 64, "minilm": 96}
MARK = re.compile(r"page(\d+)x version(\d+)x")
WORDS = "Leave is counted in working days and approved by the manager in writing before it is taken. "


def open_bank(root: Path, embedder: str) -> KnowledgeBank:
    """The bank under `root`, made where there is none."""
    library = Library(root, embedders=(lambda _spec: HashingEmbedder()) if embedder == "hashing" else None)
    return library.create("hr")


def write_page(docs: Path, number: int, version: int, *, name: str = "") -> None:
    """One document of `PARTS` chunks, which all bear its number and version; it mentions another by title."""
    parts = [
        f"## Part {part}\n\npage{number}x version{version}x {WORDS * 2} See Title Of Page {number + 1}.\n"
        for part in range(PARTS)
    ]
    text = f"# Title Of Page {number}\n\n" + "\n".join(parts)
    write(docs / (name or f"page {number}.md"), text, when=LONG_AGO + version)


def first_version(docs: Path) -> None:
    """The folder before the update."""
    for number in range(DOCUMENTS):
        write_page(docs, number, 1)
    write_page(docs, 3, 1, name="copies/page 3.md")


def second_version(docs: Path) -> None:
    """Every third changed, some gone, some new, some renamed, a copy changed."""
    for number in range(0, DOCUMENTS, 3):
        write_page(docs, number, 2)
    for number in (1, 4):
        (docs / f"page {number}.md").unlink()
    for number in (7, 10):
        (docs / f"page {number}.md").rename(docs / f"renamed {number}.md")
    for number in range(DOCUMENTS, DOCUMENTS + 5):
        write_page(docs, number, 1)


def run_ingest(root: Path, docs: Path, embedder: str) -> None:
    """Brings the bank up to date in many small commits."""
    bank = open_bank(root, embedder)
    card = replace(bank.card(), chunking=ChunkingOptions(TOKENS[embedder]))
    bank.catalog.counts()
    print("started", flush=True)
    options = IngestOptions(workers=1, commit_chunks=12)
    ingest([docs], bank, card=card, options=options, progress=lambda told: print(told.done, flush=True))


def run_reader(root: Path, stop: Path, embedder: str) -> None:
    """Asks for one document after another, and prints what ought not to be seen."""
    bank, asked = open_bank(root, embedder), 0
    bank.search("working days")
    print("started", flush=True)
    while not stop.exists():
        number = asked % (DOCUMENTS + 5)
        for fault in faults(number, bank.search(f"page{number}x", k=400)):
            print(fault, flush=True)
        asked += 1
        time.sleep(0.01)  # leaves the ingest some of the processor
    print(f"asked {asked}", flush=True)


def faults(number: int, passages: tuple[Passage, ...]) -> list[str]:
    """A document of which not all parts are there, or two versions side by side."""
    found: dict[int, list[str]] = defaultdict(list)
    for passage in passages:
        mark = MARK.search(passage.text)
        if mark and int(mark[1]) == number:
            found[passage.document_id].append(mark[2])
    said = [f"page {number}: {len(seen)} parts" for seen in found.values() if len(seen) != PARTS]
    said += [f"page {number}: versions {sorted(set(seen))}" for seen in found.values() if len(set(seen)) > 1]
    if len(found) > 1 and number != 3:
        said.append(f"page {number}: stands there {len(found)} times")
    return said


if __name__ == "__main__":
    {"ingest": run_ingest, "read": run_reader}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
