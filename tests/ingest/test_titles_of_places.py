"""What a document is called belongs to the place it stands in: a name that only staff may know stays with staff."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest import Outcome, ingest, planned
from ingest.parsers.titles import title_elsewhere
from knowledge.bank import KnowledgeBank
from knowledge.library import Library
from knowledge.testing import HashingEmbedder
from knowledge.types import Reader
from serve.cli import main
from tests.ingest.writing import write

STAFF = Reader(frozenset({"staff"}))
SECRET = "Project Nightingale"
WORDS = "the desk opens at nine and closes at five on every working day\n"


@pytest.fixture
def bank(tmp_path: Path) -> KnowledgeBank:
    """A bank whose one text stands at a place for staff, found first, and at a public one."""
    bank = Library(tmp_path, embedders=lambda _spec: HashingEmbedder()).create("hr")
    write(tmp_path / "docs" / "a" / f"{SECRET}.txt", WORDS)
    write(tmp_path / "docs" / "b" / "hours.txt", WORDS)
    write(tmp_path / "docs" / "c" / "guide.md", f"# Guide\n\nWhat {SECRET} is about, nobody says. See also hours.\n")
    rules = "banks:\n  hr:\n    sources: [docs]\n    access: [{path: 'docs/a/*', allow: [staff]}]\n"
    write(tmp_path / "refdesk.yaml", rules)
    return bank


def filled(bank: KnowledgeBank) -> KnowledgeBank:
    from ingest.deployment import jobs
    from knowledge.settings import process_environment
    from knowledge.terminal.shell import open_shell

    root = bank.path.parent.parent
    shell = open_shell(process_environment(), root=root, folder=root, offline=True)
    library = Library(root, embedders=lambda _spec: HashingEmbedder())
    for job in jobs(shell, (), ()):
        assert job.run(library).exit_code == 0
    return bank


def test_the_same_bytes_bear_the_title_of_the_place_that_the_reader_may_see(bank: KnowledgeBank) -> None:
    filled(bank)
    assert bank.catalog.counts()[0] == 2
    public, staff = bank.search("desk opens"), bank.search("desk opens", reader=STAFF)
    assert (public[0].title, staff[0].title) == ("hours", SECRET)
    assert public[0].cite(public[0].start, public[0].end).title == "hours"
    assert bank.document(public[0].document_id).title == "hours"
    assert bank.document(public[0].document_id, reader=STAFF).title == SECRET
    assert sorted(document.title for document in bank.documents()) == ["Guide", "hours"]
    answer = bank.ask("When does the desk open?")
    assert SECRET not in json.dumps([passage.title for passage in answer.closest])
    assert all(citation.title != SECRET for citation in answer.citations)


def test_a_filter_by_a_title_that_is_hidden_finds_nothing(bank: KnowledgeBank) -> None:
    filled(bank)
    assert bank.search("desk", filters={"title": SECRET}) == ()
    assert [passage.title for passage in bank.search("desk", filters={"title": "hours"}, reader=STAFF)] == ["hours"]
    assert [passage.title for passage in bank.search("desk", filters={"title": SECRET}, reader=STAFF)] == [SECRET]


def test_a_mention_of_a_hidden_title_leads_nowhere(bank: KnowledgeBank) -> None:
    filled(bank)
    asked = "What is the guide about, nobody says"
    linked = {passage.title: passage.scores.link for passage in bank.search(asked, reader=STAFF)}
    assert linked[SECRET] > 0
    assert {passage.title for passage in bank.search(asked)} == {"Guide", "hours"}
    # The same document is linked under the name that everyone may know, "hours", and under no other.
    write(bank.path.parent.parent / "docs" / "c" / "guide.md", f"# Guide\n\nWhat {SECRET} is about, nobody says.\n")
    filled(bank)
    assert all(passage.scores.link == 0 for passage in bank.search(asked))
    assert any(passage.scores.link > 0 for passage in bank.search(asked, reader=STAFF))


@pytest.mark.parametrize(
    "command",
    [
        ("search", "desk opens", "--json"),
        ("ask", "When does the desk open?", "--json"),
        ("documents", "list", "--bank", "hr", "--json"),
        ("documents", "list", "--bank", "hr"),
        ("banks", "--json"),
        ("verify", "--json"),
    ],
)
def test_no_command_shows_the_name_to_the_public(
    tmp_path: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "docs" / "a" / f"{SECRET}.txt", WORDS)
    write(tmp_path / "docs" / "b" / "hours.txt", WORDS)
    config = write(
        tmp_path / "refdesk.yaml",
        "banks:\n  hr:\n    sources: [docs]\n    access: [{path: 'docs/a/*', allow: [staff]}]\n",
    )
    environ = {**os.environ, "REFDESK_CACHE": str(tmp_path / "cache")}
    assert main(["--root", str(tmp_path), "ingest", "--config", str(config)], environ=environ) == 0
    capsys.readouterr()
    main(["--root", str(tmp_path), *command], environ=environ)
    shown = capsys.readouterr()
    assert "Nightingale" not in shown.out + shown.err
    assert command[0] in ("banks", "verify") or "hours" in shown.out


def test_a_title_of_its_own_goes_with_a_document_wherever_it_stands(bank: KnowledgeBank, tmp_path: Path) -> None:
    for name in ("one.md", "two.md"):
        write(tmp_path / "more" / name, "# Opening hours\n\nFrom nine to five.\n")
    ingest([tmp_path / "more"], bank)
    places = bank.catalog.shown([document.id for document in bank.documents()], bank.catalog.scope(None, {}))
    assert [place.title for place in places.values()] == ["Opening hours"]


def test_a_rename_reads_as_a_rename(tmp_path: Path) -> None:
    bank = Library(tmp_path, embedders=lambda _spec: HashingEmbedder()).create("hr")
    docs = tmp_path / "docs"
    old = write(docs / "opening times.txt", WORDS)
    write(docs / "other.txt", "something else altogether\n")
    ingest([docs], bank)
    new = old.rename(docs / "hours.txt")
    plan, report = planned([docs], bank, bank.card()), ingest([docs], bank)
    for told in (plan, report):
        assert [(r.uri, r.was) for r in told.having(Outcome.RENAMED)] == [(str(new), str(old))]
        assert not told.having(Outcome.PLACED, Outcome.REMOVED)
        assert "1 renamed" in told.summary
    assert [document.title for document in bank.documents()] == ["hours", "other"]
    assert bank.search("desk opens", k=1)[0].title == "hours"


def test_a_copy_beside_a_renamed_file_is_told_apart_from_it(tmp_path: Path) -> None:
    bank = Library(tmp_path, embedders=lambda _spec: HashingEmbedder()).create("hr")
    docs = tmp_path / "docs"
    write(docs / "a.txt", WORDS)
    ingest([docs], bank)
    (docs / "a.txt").rename(docs / "b.txt")
    write(docs / "c.txt", WORDS)
    report = ingest([docs], bank)
    assert [Path(r.uri).name for r in report.having(Outcome.RENAMED)] == ["b.txt"]
    assert [Path(r.uri).name for r in report.having(Outcome.PLACED)] == ["c.txt"]


@pytest.mark.parametrize(
    ("title", "own", "name", "elsewhere"),
    [
        ("Opening hours", "Opening hours", "b.md", "Opening hours"),
        ("Q3 secret", "", "in/public_note.txt", "public note"),
        ("Q3 secret", "", "other/Q3_secret.txt", "Q3 secret"),
        ("Form 10-Q (2023 Q1 AAPL)", "Form 10-Q", "x/2023 Q1 AAPL.pdf", "Form 10-Q (2023 Q1 AAPL)"),
        ("Form 10-Q (2023 Q1 AAPL)", "Form 10-Q", "public.pdf", "Form 10-Q"),
        ("secret.py", "", "main.py", "main.py"),
        ("main.py", "", "lib/main.py", "main.py"),
    ],
)
def test_a_title_made_of_a_name_is_made_anew_of_another(title: str, own: str, name: str, elsewhere: str) -> None:
    assert title_elsewhere(title, own, name) == elsewhere
