"""Makes the bank of a knowledge id, or brings it up to date with its folders."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from agents.rag.folders import Folder
from agents.rag.naming import bank_name
from ingest.pipeline import DEFAULTS, IngestOptions, Progress, file_reader, update
from ingest.report import IngestReport
from ingest.sources import Listing, Source, SourceKind
from knowledge.errors import BankBusy, ParseError, StorageError
from knowledge.storage.places import read_standing

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.card import AccessRule, EmbedderSpec
    from knowledge.library import Library

log = logging.getLogger(__name__)
RECORD = "knowledge.json"
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """What to build: the bank of `knowledge_id` from exactly `folders`, embedded as `spec` says.

    `access` replaces the bank's rules where it is given. `patience` is how many seconds to wait for others who write
    to the same bank.
    """

    knowledge_id: str
    folders: tuple[Folder, ...]
    spec: EmbedderSpec
    title: str = ""
    description: str = ""
    access: tuple[AccessRule, ...] | None = None
    patience: float = 600.0
    options: IngestOptions = DEFAULTS
    progress: Callable[[Progress], None] | None = None


def build(order: Order, library: Library) -> tuple[KnowledgeBank, IngestReport]:
    """The bank, with what became of each file. What an earlier order put in from other folders leaves.

    Raises `UsageError` before anything is made where a folder is missing or empty, `ParseError` where nothing could
    be read at all, `EmbedderMismatch`, `EmbedderError`, `BankBusy` after waiting, `StorageError`.
    """
    listings = [folder.listing() for folder in order.folders]
    name = bank_name(order.knowledge_id)
    with _alone(library.root, name, order.patience):
        new = name not in library.names()
        title = order.title or order.knowledge_id
        bank = library.create(name, title=title, description=order.description, spec=order.spec)
        report = _updated(bank, order, listings)
        if not bank.catalog.counts()[0]:
            if new:
                library.remove(name)
            raise _nothing_read(report)
    for result in report.failed:
        log.warning("Not in the bank %s: %s", name, result.reason)
    return bank, report


def _updated(bank: KnowledgeBank, order: Order, listings: Sequence[Listing]) -> IngestReport:
    wanted = [folder.source.spec for folder in order.folders]
    recorded = _recorded(bank.path)
    # Before and after, so that whatever a killed run has put in is known to be ours.
    _record(bank.path, order.knowledge_id, sorted({*recorded, *wanted}))
    standing = read_standing(bank.catalog)
    left = [Source(SourceKind.PATH, spec) for spec in recorded if spec not in wanted]
    leaving = [Listing(source) for source in left if standing.of(source.kind, source.spec)]
    report = _patiently(bank, [*listings, *leaving], order)
    _record(bank.path, order.knowledge_id, sorted(wanted))
    return report


def _patiently(bank: KnowledgeBank, listings: Sequence[Listing], order: Order) -> IngestReport:
    """Other commands write to banks too; they are waited for."""
    until = time.monotonic() + order.patience
    card = None if order.access is None else bank.card().with_access(order.access)
    while True:
        try:
            # The folders are named anew at each call, so that whatever is missing in them is meant to be.
            return update(
                bank,
                listings,
                file_reader(order.options),
                card=card,
                prune=True,
                options=order.options,
                progress=order.progress,
            )
        except BankBusy:
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE_SECONDS)


@contextmanager
def _alone(root: Path, name: str, patience: float) -> Iterator[None]:
    """One build of a bank at a time, over all threads and processes."""
    folder = root / "banks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f".{name}.build.lock", timeout=patience)
        with lock:
            yield
    except Timeout as error:
        raise BankBusy(
            f"Another process is building the bank {name!r}.", hint="Wait until it has finished, or stop it."
        ) from error
    except PermissionError as error:
        raise StorageError(f"Cannot write to {folder}: {error.strerror}.", hint="Choose another root.") from error


def _recorded(bank: Path) -> list[str]:
    """The folders that earlier orders put in; none where nothing is recorded."""
    try:
        folders = json.loads((bank / RECORD).read_text("utf-8"))["folders"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [folder for folder in folders if isinstance(folder, str)] if isinstance(folders, list) else []


def _record(bank: Path, knowledge_id: str, folders: Sequence[str]) -> None:
    whole = json.dumps({"knowledge_id": knowledge_id, "folders": list(folders)}, indent=2)
    beside = bank / f"{RECORD}.{os.getpid()}"
    beside.write_text(whole, "utf-8", errors="replace")
    beside.replace(bank / RECORD)


def _nothing_read(report: IngestReport) -> ParseError:
    first = report.failed[0].reason if report.failed else "they hold no text."
    return ParseError(f"None of the {len(report.results)} files could be read:", hint=first)
