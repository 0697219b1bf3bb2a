"""One run: sources are compared with a bank, and the bank is brought up to date.

Documents are committed in batches while others are still parsed and embedded. Whatever ends the run, the bank
holds whole documents only, and the next run completes what is missing.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.content import ContentReader, FileReader
from ingest.interrupt import stop_requested
from ingest.parsers.registry import Registry
from ingest.plan import Fingerprints, Plan, opened_and_closed
from ingest.report import FileResult, IngestReport, IngestStopped, Outcome
from ingest.sources import Listing, list_source, parse_source
from ingest.worker_process import ParserLimits
from knowledge.errors import StorageError

if TYPE_CHECKING:
    from ingest.flow import Flow
    from knowledge.bank import KnowledgeBank
    from knowledge.card import BankCard

MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How a run goes about it.

    `workers` 0 means as many as there are processors, `suffixes` None all endings that are known. Documents are
    committed together when they have about `commit_chunks` chunks.
    """

    workers: int = 0
    limits: ParserLimits = field(default_factory=ParserLimits)
    suffixes: frozenset[str] | None = None
    commit_chunks: int = 500

    @property
    def worker_count(self) -> int:
        """How many processes parse."""
        return self.workers or min(os.cpu_count() or 1, MOST_WORKERS)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: files dealt with, of all there are, chunks indexed, and the file dealt with last."""

    bank: str
    done: int
    total: int
    chunks: int
    last: FileResult | None = None


DEFAULTS = IngestOptions()


def ingest(
    sources: Sequence[str | Path] | str | Path,
    bank: KnowledgeBank,
    *,
    card: BankCard | None = None,
    prune: bool = False,
    options: IngestOptions = DEFAULTS,
    folder: Path | None = None,
    stdin_name: str = "stdin",
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """Brings `bank` up to date with `sources`: folders, globs, files, addresses, or "-" for standard input.

    Relative paths are taken from `folder`, the working folder unless given. Files that cannot be read are named
    in the report, and what the bank held of them stays. A `card` replaces the bank's own before anything is read.
    Raises `UsageError` for a source that does not exist,
    `PruneRequired` before much is removed (not with `prune`), `BankBusy`, `StorageError`, and after Ctrl-C
    `IngestStopped`, a `KeyboardInterrupt`.
    """
    several = [sources] if isinstance(sources, str | Path) else sources
    listings = expanded(several, options, folder or Path.cwd(), stdin_name)
    return update(bank, listings, file_reader(options), card=card, prune=prune, options=options, progress=progress)


def update(
    bank: KnowledgeBank,
    listings: Sequence[Listing],
    reader: ContentReader,
    *,
    card: BankCard | None = None,
    prune: bool = False,
    options: IngestOptions = DEFAULTS,
    progress: Callable[[Progress], None] | None = None,
) -> IngestReport:
    """As `ingest`, with the files already listed, and `reader` to read them."""
    # Loaded here, so that worker processes, which import this package, do without them.
    from ingest.run import Run
    from knowledge.storage.places import read_standing

    started = time.perf_counter()
    with stop_requested() as stop, full_disks(bank), bank.writer() as writer:
        if card is not None and card != bank.card():
            writer.put_card(card)
        card, standing = bank.card(), read_standing(bank.catalog)
        plan = Plan(listings, standing, Fingerprints(Registry(), card.chunking), reader)
        run = Run(
            plan,
            standing,
            card,
            writer,
            make_flow=partial(started_flow, bank, card, options),
            commit_chunks=options.commit_chunks,
            report=Counter(bank.name, plan.total, progress).count,
        )
        # First: rules that were tightened must hold even where the rest of the run is refused.
        opened, closed = run.apply_access_rules()
        plan.check(prune=prune)
        run.execute(stop)
    report = IngestReport(
        bank=bank.name,
        results=tuple(sorted(run.results, key=lambda result: result.uri)),
        seconds=time.perf_counter() - started,
        timings=asdict(run.stages),
        skipped=dict(plan.skipped),
        stopped=stop.is_set(),
        opened=opened,
        closed=closed,
    )
    if report.stopped:
        raise IngestStopped(report)
    return report


def planned(
    sources: Sequence[str | Path],
    bank: KnowledgeBank | None,
    card: BankCard,
    *,
    prune: bool = False,
    options: IngestOptions = DEFAULTS,
    folder: Path | None = None,
    stdin_name: str = "stdin",
) -> IngestReport:
    """What `ingest` would do, without doing it; `bank` is None where there is none yet, and `card` its future card."""
    from knowledge.storage.places import Standing, read_standing

    started = time.perf_counter()
    listings = expanded(sources, options, folder or Path.cwd(), stdin_name)
    standing = read_standing(bank.catalog) if bank else Standing()
    plan = Plan(listings, standing, Fingerprints(Registry(), card.chunking), file_reader(options))
    plan.check(prune=prune)
    results = [step.result for step in plan.steps()]
    results += [FileResult(place.uri, Outcome.REMOVED, place.title) for place in plan.lost()]
    opened, closed = opened_and_closed(plan.access_changes(card))
    seconds = time.perf_counter() - started
    skipped = dict(plan.skipped)
    return IngestReport(card.name, tuple(results), seconds, skipped=skipped, planned=True, opened=opened, closed=closed)


def expanded(
    sources: Sequence[str | Path], options: IngestOptions, folder: Path, stdin_name: str
) -> tuple[Listing, ...]:
    """The files of each source, every source once."""
    found = dict.fromkeys(parse_source(source, folder=folder, name=stdin_name) for source in sources)
    suffixes = Registry().suffixes() if options.suffixes is None else options.suffixes
    return tuple(list_source(source, suffixes) for source in found)


def file_reader(options: IngestOptions) -> FileReader:
    """Reads files within the limits of `options`."""
    return FileReader(options.limits.max_file_mb, options.limits.seconds)


def started_flow(bank: KnowledgeBank, card: BankCard, options: IngestOptions) -> Flow:
    """Parsing and embedding for a bank; loads what only reading needs."""
    from ingest.flow import open_flow

    return open_flow(bank.embedder, card, workers=options.worker_count, limits=options.limits)


@contextmanager
def full_disks(bank: KnowledgeBank) -> Iterator[None]:
    """Turns the system's word for a full disk into an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG):
            raise
        raise StorageError(
            f"Cannot write to {bank.path}: {error.strerror}.", hint="Free some space, then run the same command again."
        ) from error


class Counter:
    """Counts what is dealt with, and tells whoever wants to know."""

    def __init__(self, bank: str, total: int, progress: Callable[[Progress], None] | None) -> None:
        self._bank, self._total, self._progress = bank, total, progress
        self._done = self._chunks = 0

    def count(self, result: FileResult) -> None:
        """Takes note of one file."""
        self._done += result.outcome is not Outcome.REMOVED
        self._chunks += result.chunks
        if self._progress is not None:
            self._progress(Progress(self._bank, self._done, self._total, self._chunks, result))
