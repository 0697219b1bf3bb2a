"""How parsers fare with the hostile files and with the formats set: what ends how, how fast, how faithful.

python -m bench.parsing [--datasets ../shared/datasets] [--verbose]
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.parsers.registry import Registry
from ingest.worker_process import ParserLimits
from ingest.workers import ParseJob, ParseResult, ParserPool
from knowledge.errors import LimitExceeded, NeedsPassword

LIMITS = ParserLimits(seconds=60, memory_mb=1024)
REFUSING = frozenset({"parse-or-reject", "neutralise", "data-only"})
# Types whose parsers come later: their files may be refused, but by a sentence.
SUPPORTED = frozenset({"md", "txt", "html", "pdf", "docx"})


@dataclass(frozen=True, slots=True)
class Case:
    """A file of a set and what its manifest says of it."""

    top: Path
    entry: dict[str, Any]

    @property
    def path(self) -> Path:
        return self.top / str(self.entry["file"])


def read(data: bytes, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """What a worker does with one file of the sets."""
    document = Registry().read(data, name, suffix=options["suffix"])
    return {
        "text": document.text,
        "title": document.title,
        "pages": len(document.pages),
        "blocks": len(document.blocks),
        "notes": document.notes,
    }


def cases(top: Path) -> Iterator[Case]:
    """The files of a set's manifest."""
    for line in (top / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        yield Case(top, json.loads(line))


def results(chosen: list[Case]) -> list[ParseResult[Case]]:
    """What became of each case, through the pool."""
    with ParserPool[Case](2, LIMITS, function="bench.parsing:read") as pool:
        for case in chosen:
            pool.submit(ParseJob(case, case.path.name, path=case.path))
        return list(pool.results())


def complaint(result: ParseResult[Case]) -> str:
    """What deviates from the manifest; empty where nothing does."""
    entry, text = result.job.token.entry, (result.payload or {}).get("text", "")
    expected = str(entry["expect"])
    if result.error:
        if not result.error.hint or "\n" in result.error.sentence:
            return "the sentence is not clear"
        refusable = expected in REFUSING or expected == "reject" or entry["type"] not in SUPPORTED
        if expected == "needs-password" and entry["type"] in SUPPORTED:
            return "" if isinstance(result.error, NeedsPassword) else "expected: needs a password"
        return "" if refusable or expected == "needs-password" else f"expected: {expected}"
    if expected in ("reject", "needs-password"):
        return f"was read, expected: {expected}"
    missing = [words for words in entry.get("must_contain", []) if words not in text]
    leaked = [words for words in entry.get("must_not_contain", []) if words in text]
    return f"lacks {missing}" if missing else f"contains {leaked}" if leaked else ""


def words(text: str) -> Counter[str]:
    """The words of a text without Markdown's marks."""
    plain = re.sub(r"<!--.*?-->|!?\[([^\]]*)\]\([^)]*\)|\\(?=\W)", r" \1 ", text, flags=re.DOTALL)
    return Counter(re.findall(r"\w+", plain.casefold()))


def overlap(one: Counter[str], other: Counter[str]) -> float:
    """The share of words that two texts have in common, each word as often as it stands there (Dice)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def report_hostile(top: Path, *, verbose: bool) -> int:
    """Print a line per class, and every deviation; returns how many there are."""
    found = results(list(cases(top)))
    table: dict[str, Counter[str]] = {}
    deviations = 0
    for result in sorted(found, key=lambda result: str(result.job.path)):
        row = table.setdefault(str(result.job.token.entry["class"]), Counter())
        row["files"] += 1
        row["text" if result.payload else "refused"] += 1
        row["killed"] += isinstance(result.error, LimitExceeded) or "crash" in str(result.error)
        problem = complaint(result)
        deviations += bool(problem)
        if problem or verbose:
            said = result.error.sentence if result.error else repr(result.payload and result.payload["text"][:60])
            print(f"{'!' if problem else ' '} {result.job.path} [{result.seconds:.2f} s] {problem}\n      {said}")
    print(f"{'class':24} {'files':>5} {'text':>5} {'refused':>8} {'limits':>7}")
    for name, row in table.items():
        print(f"{name:24} {row['files']:5} {row['text']:5} {row['refused']:8} {row['killed']:7}")
    slowest = max(found, key=lambda result: result.seconds)
    print(f"slowest: {slowest.seconds:.2f} s, {slowest.job.name}; deviations: {deviations}")
    return deviations


def report_formats(top: Path, *, verbose: bool) -> None:
    """Print word overlap with the expected text by type, and of the Markdown and Word twins."""
    chosen = [case for case in cases(top) if case.entry["type"] in SUPPORTED]
    found = {result.job.token.entry["file"]: result for result in results(chosen)}
    scores: dict[str, list[float]] = {}
    for file, result in sorted(found.items()):
        entry = result.job.token.entry
        if result.error and (verbose or entry.get("expected")):
            print(f"  {result.error.sentence}")
        if not result.payload:
            continue
        ours = words(result.payload["text"])
        if "expected" in entry:
            score = overlap(ours, words((top / entry["expected"]).read_text(encoding="utf-8")))
            scores.setdefault(f"{entry['type']} to expected", []).append(score)
            if score < 0.9 or verbose:
                print(f"  {score:.3f} {file}")
        twin = found.get(entry.get("pair", ""))
        if entry["type"] == "docx" and twin and twin.payload:
            score = overlap(ours, words(twin.payload["text"]))
            scores.setdefault("docx to md twin", []).append(score)
            if verbose:
                print(f"  {score:.3f} {file} (others: {entry.get('pair_word_overlap')})")
    for name, values in scores.items():
        print(f"{name:24} files {len(values):3}  mean {sum(values) / len(values):.3f}  worst {min(values):.3f}")


def report_speed(top: Path) -> None:
    """Print documents and pages a second of one process."""
    registry = Registry()
    for label, pattern in (("md", "doc2dial/corpus/**/*.md"), ("pdf", "docugami_sec10q/corpus/**/*.pdf")):
        files = [(path.name, path.read_bytes()) for path in sorted(top.glob(pattern))]
        if not files:
            continue
        started = time.process_time()
        documents = [registry.read(data, name) for name, data in files]
        seconds = time.process_time() - started
        pages = sum(len(document.pages) for document in documents)
        megabytes = sum(len(data) for _, data in files) / 1e6
        rates = f"{len(files) / seconds:.0f} files/s, {megabytes / seconds:.1f} MB/s"
        print(f"{label}: {rates}" + (f", {pages / seconds:.0f} pages/s" if pages else ""))


def main() -> int:
    """Run everything; 1 if a hostile file deviates from its manifest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path("../shared/datasets"))
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    deviations = report_hostile(arguments.datasets / "hostile", verbose=arguments.verbose)
    report_formats(arguments.datasets / "formats", verbose=arguments.verbose)
    report_speed(arguments.datasets)
    return int(deviations > 0)


if __name__ == "__main__":
    raise SystemExit(main())
