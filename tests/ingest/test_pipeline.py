"""Runs: what goes in, what stays, what goes."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest import IngestOptions, IngestReport, Outcome, Progress, ingest, planned
from ingest.worker_process import ParserLimits
from knowledge.bank import KnowledgeBank
from knowledge.card import AccessRule
from knowledge.errors import BankBusy
from knowledge.storage.places import read_standing
from knowledge.types import Reader
from tests.ingest.writing import write

ONE_WORKER = IngestOptions(workers=1)
STAFF = Reader(frozenset({"staff"}))


def titles(bank: KnowledgeBank, reader: Reader = STAFF) -> list[str]:
    return sorted(document.title for document in bank.documents(reader=reader))


def counts(report: IngestReport) -> dict[str, int]:
    return {str(outcome): count for outcome, count in report.counts.items()}


def sound(bank: KnowledgeBank) -> bool:
    result = bank.verify()
    return result.sound and not result.notes


def test_a_folder_goes_in_once_and_then_is_unchanged(bank: KnowledgeBank, docs: Path) -> None:
    first = ingest([docs], bank)
    assert counts(first) == {"added": 5}
    assert (first.exit_code, first.chunks) == (0, 5)
    assert titles(bank) == ["Annual Leave", "Pay", "Remote Work", "Travel/Planes", "Travel/Trains"]
    assert sound(bank)
    assert bank.search("simple rules about pay")[0].title == "Pay"
    assert counts(ingest([docs], bank)) == {"unchanged": 5}


def test_a_changed_file_is_replaced_and_a_gone_one_removed(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    write(docs / "pay.md", "# Salary\n\nPaid on the last day.\n")
    (docs / "remote work.md").unlink()
    assert counts(ingest([docs], bank)) == {"replaced": 1, "removed": 1, "unchanged": 3}
    assert titles(bank) == ["Annual Leave", "Salary", "Travel/Planes", "Travel/Trains"]
    assert sound(bank)


def test_an_edit_that_keeps_size_and_time_stamp_is_seen_right_after_a_run(bank: KnowledgeBank, docs: Path) -> None:
    page = docs / "pay.md"
    page.write_text("# Pay\n\nOn day 1.\n")
    stat = page.stat()
    ingest([docs], bank)
    page.write_text("# Pay\n\nOn day 2.\n")
    os.utime(page, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert counts(ingest([docs], bank)) == {"replaced": 1, "unchanged": 4}


def test_a_touched_file_is_neither_parsed_nor_embedded_again(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    os.utime(docs / "pay.md", (1_700_000_000, 1_700_000_000))
    generation = bank.catalog.generation()
    report = ingest([docs], bank)
    assert (counts(report), report.timings["parse"]) == ({"unchanged": 5}, 0.0)
    assert bank.catalog.generation() > generation
    assert read_standing(bank.catalog).at(str(docs / "pay.md"))[0].mtime_ns == 1_700_000_000 * 10**9


def test_a_renamed_file_keeps_its_document(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    before = {document.title: document.id for document in bank.documents()}
    (docs / "pay.md").rename(docs / "salary.md")
    assert counts(ingest([docs], bank)) == {"renamed": 1, "unchanged": 4}
    assert {document.title: document.id for document in bank.documents()} == before
    assert next(d.uri for d in bank.documents() if d.title == "Pay") == str(docs / "salary.md")
    assert sound(bank)


def test_files_that_trade_contents_keep_both_documents(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    pay, trip = (docs / "pay.md").read_text(), (docs / "travel/trains.md").read_text()
    write(docs / "pay.md", trip, when=1_600_000_001)
    write(docs / "travel/trains.md", pay, when=1_600_000_001)
    ingest([docs], bank)
    assert len(titles(bank)) == 5
    assert next(d.uri for d in bank.documents() if d.title == "Pay") == str(docs / "travel/trains.md")
    assert sound(bank)


def test_the_same_bytes_twice_are_indexed_once_and_each_place_has_its_own_access(
    bank: KnowledgeBank, docs: Path
) -> None:
    shutil.copy(docs / "pay.md", docs / "travel/pay copy.md")
    rule = AccessRule(frozenset({"staff"}), path=f"{docs}/travel/*")
    report = ingest([docs], bank, card=bank.card().with_access([rule]))
    assert counts(report) == {"added": 5, "placed": 1}
    assert titles(bank, Reader()) == ["Annual Leave", "Pay", "Remote Work"]
    assert bank.search("rules about pay", k=1)[0].uri == str(docs / "pay.md")
    (docs / "pay.md").unlink()
    ingest([docs], bank)
    assert titles(bank, Reader()) == ["Annual Leave", "Remote Work"]
    assert "Pay" in titles(bank, STAFF)


def test_new_access_rules_hold_for_unchanged_files_and_for_sources_that_were_not_named(
    bank: KnowledgeBank, docs: Path
) -> None:
    ingest([docs / "pay.md"], bank)
    ingest([docs / "travel"], bank)
    rules = [AccessRule(frozenset({"staff"}), title="Pay")]
    report = ingest([docs / "travel"], bank, card=bank.card().with_access(rules))
    assert counts(report) == {"unchanged": 2}
    assert titles(bank, Reader()) == ["Travel/Planes", "Travel/Trains"]
    assert all(passage.title != "Pay" for passage in bank.search("rules about pay"))
    ingest([docs / "travel"], bank, card=bank.card().with_access([]))
    assert len(titles(bank, Reader())) == 3


def test_a_file_that_two_sources_hold_has_one_version(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    ingest([docs / "pay.md"], bank)
    write(docs / "pay.md", "# Salary\n\nPaid on the last day.\n", when=1_600_000_001)
    ingest([docs], bank)
    assert "Pay" not in titles(bank)
    assert counts(ingest([docs / "pay.md"], bank)) == {"unchanged": 1}


def test_one_unreadable_file_stops_no_other_and_keeps_its_old_version(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank)
    write(docs / "pay.md", b"", when=1_600_000_001)
    write(docs / "new.md", "# New\n\nWords.\n")
    os.mkfifo(docs / "pipe.md")
    report = ingest([docs], bank)
    assert counts(report) == {"added": 1, "failed": 2, "unchanged": 4}
    assert report.exit_code == 1
    reasons = [result.reason for result in report.failed]
    assert reasons[0] == "pay.md is empty: there is nothing to index."
    assert "pipe.md" in reasons[1]
    assert "not a regular file" in reasons[1]
    assert {"Pay", "New"} <= set(titles(bank))
    assert sound(bank)


def test_the_same_unreadable_bytes_twice_are_two_failures(bank: KnowledgeBank, docs: Path) -> None:
    write(docs / "a.md", b"  \n")
    write(docs / "b.md", b"  \n")
    assert [Path(result.uri).name for result in ingest([docs], bank).failed] == ["a.md", "b.md"]


def test_a_file_that_is_too_large_is_refused_by_name(bank: KnowledgeBank, docs: Path) -> None:
    write(docs / "huge.md", "words " * 1000)
    options = IngestOptions(limits=ParserLimits(max_file_mb=0.001))
    (failure,) = ingest([docs], bank, options=options).failed
    assert failure.reason.startswith("huge.md is larger than the limit of 0.001 MB")


def test_a_file_that_vanishes_after_the_listing_is_reported(bank: KnowledgeBank, docs: Path) -> None:
    def vanish(progress: Progress) -> None:
        (docs / "travel/trains.md").unlink(missing_ok=True)

    os.mkfifo(docs / "pipe.md")  # refused at once, so that progress is told of it before anything is read
    report = ingest([docs], bank, progress=vanish)
    assert report.failed[-1].reason.startswith("travel/trains.md is gone: it was removed or renamed")
    assert len(titles(bank)) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="folders are closed to their owner by other means")
def test_a_folder_that_cannot_be_listed_loses_nothing(bank: KnowledgeBank, docs: Path) -> None:
    ingest([docs], bank, options=ONE_WORKER)
    closed = docs / "travel"
    with unprivileged(docs, closed):
        report = planned([docs], bank, bank.card())
    assert counts(report) == {"failed": 1, "unchanged": 3}
    assert report.failed[0].reason == "travel cannot be read (Permission denied): check it and its permissions."


@contextmanager
def unprivileged(root: Path, closed: Path) -> Iterator[None]:
    """Closes a folder, also to root, who can otherwise read everything."""
    closed.chmod(0)
    parents = [folder for folder in root.parents if folder.stat().st_uid == os.geteuid() and folder != Path("/")]
    modes = {folder: folder.stat().st_mode for folder in parents}
    for folder in parents:
        folder.chmod(modes[folder] | 0o755)
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)
        closed.chmod(0o755)
        for folder, mode in modes.items():
            folder.chmod(mode)


def test_standard_input_goes_in_under_its_name_and_is_replaced_by_the_next(
    bank: KnowledgeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("# Fees\n\nA card is free.\n", "# Fees\n\nA card costs 3 euros.\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        ingest(["-"], bank, stdin_name="fees.md")
    (only,) = bank.documents()
    assert (only.title, only.uri) == ("Fees", "stdin:fees.md")
    assert "3 euros" in bank.search("card")[0].text


def test_a_second_ingest_at_once_is_told_to_wait(bank: KnowledgeBank, docs: Path) -> None:
    with bank.writer(), pytest.raises(BankBusy):
        ingest([docs], bank)
    assert counts(ingest([docs], bank)) == {"added": 5}


def test_progress_counts_every_file(bank: KnowledgeBank, docs: Path) -> None:
    seen: list[Progress] = []
    ingest([docs], bank, progress=seen.append)
    assert [(progress.done, progress.total) for progress in seen] == [(number, 5) for number in range(1, 6)]
    assert seen[-1].chunks == 5


def test_an_ingest_in_a_thread_works_without_signals(bank: KnowledgeBank, docs: Path) -> None:
    reports: list[IngestReport] = []
    thread = threading.Thread(target=lambda: reports.append(ingest([docs], bank)))
    thread.start()
    thread.join()
    assert reports[0].counts[Outcome.ADDED] == 5


def test_another_chunk_size_cuts_every_document_again(bank: KnowledgeBank, docs: Path) -> None:
    from dataclasses import replace

    from knowledge.card import ChunkingOptions

    ingest([docs], bank)
    card = replace(bank.card(), chunking=ChunkingOptions(64))
    assert counts(ingest([docs], bank, card=card)) == {"replaced": 5}
    assert len(titles(bank)) == 5
    assert sound(bank)


def test_an_unchanged_tree_loads_no_model_parser_or_index() -> None:
    program = "import sys, ingest, knowledge.library; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"torch", "onnxruntime", "tokenizers", "lxml", "chromadb", "llama_index", "httpx", "pydantic", "yaml"}
    assert not heavy & set(loaded)
