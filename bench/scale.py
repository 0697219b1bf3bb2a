"""How search grows: a bank of 100,000 chunks or more, as a command and as a server open it, beside others.

    .venv/bin/python -m bench.scale ../shared/datasets [--chunks 100000] [--questions 350] [--peers]

`bench.made_chunks` says what the chunks are, `bench.scale_bank` who asks what. Everything is kept in
bench/results/scale-N and made once. Each system is measured in a process of its own that is given the vectors of the
questions, after what the system's files left in the cache of the disk was dropped. Bars at 100,000 chunks: p50 under
15 ms, p95 under 40 ms, recall of the vector index at least .98, the first search within a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.made_chunks import MadeChunks, read_pieces
from bench.processes import refdesk, run
from bench.scale_bank import BANK, SITUATIONS, fill, read_questions, write_questions
from knowledge.library import Library

PIECES = 3_000
OURS = {
    "Refdesk, as a server (Chroma)": ["bench.scale_measure", "chroma"],
    "Refdesk, as a command (exact)": ["bench.scale_measure", "exact"],
}
PEERS = {"Chroma": ["bench.peers.chroma_scale"], "LlamaIndex over Chroma": ["bench.peers.llamaindex_scale"]}
FOLDERS = {"Chroma": "chroma", "LlamaIndex over Chroma": "llamaindex"}


def prepare(root: Path, datasets: Path, chunks: int) -> None:
    """Makes the bank where it is not there, and says what it is made of."""
    library = Library(root)
    if BANK in library.names() and library.bank(BANK).catalog.counts()[1] == chunks:
        return
    if BANK in library.names():
        library.remove(BANK)
    bank = library.create(BANK)
    questions = write_questions(root, datasets, bank.embedder)
    made = MadeChunks(read_pieces(datasets, PIECES), bank.embedder)
    seen = made.fidelity(questions)
    print(
        f"{len(made.pieces):,} pieces embedded. A made vector has a cosine of {seen.cosine:.3f} to that of its text;"
        f" questions to their nearest and tenth nearest: pieces {_pair(seen.nearest_piece)},"
        f" made chunks {_pair(seen.nearest_made)}."
    )
    seconds = fill(bank, made, chunks, root / "vectors.npy")
    bank.close()
    print(f"Committed {chunks:,} chunks in {seconds:,.0f} s; {_size(bank.path):,.0f} MB.")


def measured(root: Path, module: list[str]) -> dict[str, Any]:
    """What a system's own process says."""
    _forget(root)
    name, *arguments = module
    done = run([sys.executable, "-m", name, str(root), *arguments])
    if done.code:
        raise SystemExit(f"{name} failed:\n{done.output}")
    found: dict[str, Any] = json.loads(done.output.strip().splitlines()[-1])
    return found


def filled(root: Path, title: str) -> None:
    """Fills a peer's index, unless an earlier run did."""
    done = root / f"{FOLDERS[title]}.filled"
    if done.exists():
        return
    started = perf_counter()
    made = run([sys.executable, "-m", *PEERS[title], str(root), "fill"])
    if made.code:
        raise SystemExit(f"{title} cannot be filled:\n{made.output}")
    done.touch()
    print(f"{title} was filled in {perf_counter() - started:,.0f} s.")


def show(title: str, found: Mapping[str, Any]) -> None:
    """One system's figures."""
    switch = f"Chroma open after {found['switch']:.2f} s more, " if "switch" in found else ""
    own = f" ({found['own']:,.0f} without files)" if "own" in found else ""
    memory = f"{found['memory']:,.0f} MB{own}, {found['peak']:,.0f} MB at most"
    print(f"\n{title}: first search {found['open']:.2f} s, {switch}{memory}")
    for one in SITUATIONS:
        times = found["times"][one.name]
        recall = f"  recall@10 {found['recall'][one.name]:.4f}" if "recall" in found else ""
        shown = f"p50 {times['p50']:6.1f} ms  p95 {times['p95']:6.1f} ms"
        spent = f"processor {times['processor p50']:5.1f} and {times['processor p95']:5.1f} ms"
        print(f"  {one.name:22} {shown}  ({spent}){recall}", flush=True)


def _cold(root: Path) -> None:
    questions, _ = read_questions(root)
    seconds = []
    for question in questions[:5]:
        _forget(root)
        done = run(refdesk("--root", str(root), "search", question, "--json"))
        seconds.append((done.seconds, done.peak_mb))
    seconds.sort()
    print(f"\nrefdesk search, a whole process: {seconds[2][0]:.2f} s, {seconds[2][1]:,.0f} MB")


def _forget(root: Path) -> None:
    """Drops what the files below `root` left in the cache, where the system has a way to."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in root.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _pair(values: tuple[float, float]) -> str:
    return f"{values[0]:.3f} and {values[1]:.3f}"


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Makes the bank, then measures ours, and others with `--peers`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--peers", action="store_true", help="Chroma and LlamaIndex as well")
    parser.add_argument("--only", choices=["chroma", "exact"], help="ours in one way")
    parser.add_argument("--questions", type=int, default=350, help="about so many for ours, 350 at most")
    arguments = parser.parse_args()
    root = Path(f"bench/results/scale-{arguments.chunks}")
    prepare(root, arguments.datasets, arguments.chunks)
    for title, module in OURS.items():
        if arguments.only in (None, module[-1]):
            show(title, measured(root, [*module, str(arguments.questions)]))
    _cold(root)
    for title in PEERS if arguments.peers else ():
        filled(root, title)
        show(title, measured(root, PEERS[title]))


if __name__ == "__main__":
    main()
