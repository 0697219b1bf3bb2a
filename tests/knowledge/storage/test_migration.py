from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from knowledge.card import FORMAT_VERSION
from knowledge.library import Library
from knowledge.storage.migration import own_title
from knowledge.storage.schema import connect
from knowledge.testing import HashingEmbedder
from knowledge.types import Chunk, NewDocument, NewPlace, Reader

EMBEDDER = HashingEmbedder()
STAFF = Reader(frozenset({"staff"}))
TO_FORMAT_1 = """
DROP INDEX place_title;
ALTER TABLE place DROP COLUMN title;
ALTER TABLE place DROP COLUMN linked;
ALTER TABLE document DROP COLUMN own_title;
CREATE INDEX document_title ON document (title, state);
PRAGMA user_version = 1;
"""


def library(root: Path) -> Library:
    return Library(root, embedders=lambda _spec: EMBEDDER)


def document(title: str, text: str, *places: NewPlace) -> NewDocument:
    chunk = Chunk(0, len(text), text, title)
    vectors = EMBEDDER.embed([chunk.indexed_text])
    return NewDocument(text, title, text, "text/plain", (chunk,), vectors, places)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A bank as format 1 kept it: one title for all places of a document."""
    bank = library(tmp_path).create("hr")
    staff = frozenset({"staff"})
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        named = (NewPlace(source, "/docs/Big_Secret.txt", staff), NewPlace(source, "/docs/open.txt"))
        headed = (NewPlace(source, "/docs/x.md"), NewPlace(source, "/docs/y.md"))
        pdf = (NewPlace(source, "/docs/2023 Q1.pdf", staff), NewPlace(source, "/docs/z.pdf"))
        writer.commit(
            [
                document("Big Secret", "the desk opens at nine, see Leave rules", *named),
                document("Leave rules", "leave is granted in writing", *headed),
                document("Form 10-Q (2023 Q1)", "revenue rose by five", *pdf),
            ]
        )
    bank.close()
    connection = sqlite3.connect(bank.path / "catalog.sqlite")
    connection.executescript(TO_FORMAT_1)
    connection.close()
    return tmp_path


def test_an_older_bank_migrates_when_it_is_opened_and_hides_the_names_of_hidden_files(old: Path) -> None:
    bank = library(old).bank("hr")
    assert sorted(d.title for d in bank.documents()) == ["Form 10-Q", "Leave rules", "open"]
    assert sorted(d.title for d in bank.documents(reader=STAFF)) == ["Big Secret", "Form 10-Q (2023 Q1)", "Leave rules"]
    assert bank.search("desk opens", k=1)[0].title == "open"
    assert bank.search("when does the desk open", k=3)[1].scores.link > 0
    assert bank.verify().sound
    bank.close()
    again = library(old).bank("hr")
    assert len(again.documents()) == 3
    connection = connect(again.path / "catalog.sqlite")
    assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    connection.close()


def test_a_migrated_bank_can_be_written_to(old: Path) -> None:
    bank = library(old).bank("hr")
    with bank.writer() as writer:
        source = writer.source("folder", "/docs")
        writer.place(NewPlace(source, "/docs/w.txt", title="w"), "leave is granted in writing")
        writer.commit([document("Open", "the shop is closed", NewPlace(source, "/docs/open.txt"))])
    assert {d.title for d in bank.documents()} == {"Form 10-Q", "w", "Open"}
    assert bank.verify().sound


@pytest.mark.parametrize(
    ("title", "names", "own"),
    [
        ("notes", {"notes", "notes.txt"}, ""),
        ("Leave rules", {"x", "x.md"}, "Leave rules"),
        ("Form 10-Q (2023 Q1)", {"2023 Q1", "2023 Q1.pdf"}, "Form 10-Q"),
    ],
)
def test_what_a_name_gave_to_a_title_is_told_apart(title: str, names: set[str], own: str) -> None:
    assert own_title(title, names) == own
