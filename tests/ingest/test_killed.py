"""An ingest that is killed at any moment loses nothing, leaves nothing twice, and shows no one half a document."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ingest.killing import DOCUMENTS, PARTS, first_version, open_bank, second_version

pytestmark = pytest.mark.long

KILLS = 20
# With the real model a run takes long: one first run and one update are killed; what is written, and how, is the same.
KILLED = [("minilm" if kill in (6, 17) else "hashing", kill) for kill in range(KILLS)]
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a bank holds, without the numbers that depend on the order of events."""

    documents: dict[str, Any]
    vectors: dict[str, np.ndarray[Any, np.dtype[np.float32]]]


@dataclass(frozen=True, slots=True)
class Case:
    """A bank before a run, its folder, what an uninterrupted run makes of it, and how many files it tells of."""

    embedder: str
    before: Path | None
    docs: Path
    wanted: Contents
    told: int


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Case, Case]]:
    """The first run and the update with an embedder, each made once."""
    return cache(partial(made_cases, tmp_path_factory))


def made_cases(tmp_path_factory: pytest.TempPathFactory, embedder: str) -> tuple[Case, Case]:
    folder = tmp_path_factory.mktemp("reference")
    old, new = folder / "old", folder / "new"
    first_version(old)
    told = finish(folder / "first", old, embedder)
    first = Case(embedder, None, old, contents(folder / "first"), told)
    shutil.copytree(old, new)
    shutil.copytree(folder / "first", folder / "second")
    relocate(folder / "first", old, new)
    relocate(folder / "second", old, new)
    second_version(new)
    told = finish(folder / "second", new, embedder)
    return first, Case(embedder, folder / "first", new, contents(folder / "second"), told)


def relocate(root: Path, old: Path, new: Path) -> None:
    """Makes the bank believe that it came from another folder, so that both versions of the folder can be kept."""
    with sqlite3.connect(root / "banks/hr/catalog.sqlite") as connection:
        connection.execute("UPDATE source SET spec = replace(spec, ?, ?)", (str(old), str(new)))
        connection.execute("UPDATE place SET uri = replace(uri, ?, ?)", (str(old), str(new)))
    connection.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("embedder", "kill"), KILLED)
def test_a_killed_ingest_is_completed_by_the_next(
    embedder: str, kill: int, cases: Callable[[str], tuple[Case, Case]], tmp_path: Path
) -> None:
    chance = random.Random(SEED + kill)
    case = cases(embedder)[kill % 2]
    root = tmp_path / "root"
    if case.before:
        shutil.copytree(case.before, root)
    else:
        open_bank(root, case.embedder).close()
    with watched(root, tmp_path / "stop", case.embedder) as seen:
        kill_after(root, case, round(case.told * kill / (KILLS - 1)), chance)
        assert_each_whole(contents(root))
        if chance.random() < 0.3:
            kill_after(root, case, chance.randrange(case.told), chance)
        finish(root, case.docs, case.embedder)
    assert not [line for line in seen if not line.startswith("asked")], seen
    assert_equal(contents(root), case.wanted)
    result = open_bank(root, case.embedder).verify()
    assert (result.faults, result.notes) == ((), ())


def start(what: str, root: Path, other: Path, embedder: str) -> subprocess.Popen[str]:
    """A process of `tests.ingest.killing`, once it is about to do its work."""
    command = [sys.executable, "-m", "tests.ingest.killing", what, str(root), str(other), embedder]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    line = process.stdout.readline()
    assert line == "started\n", line + process.stdout.read()
    return process


def finish(root: Path, docs: Path, embedder: str) -> int:
    """An ingest that is left alone; how many files it told of."""
    process = start("ingest", root, docs, embedder)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return len(said.splitlines())


def kill_after(root: Path, case: Case, told: int, chance: random.Random) -> None:
    """An ingest that is killed some moments after it has told of so many files, unless it has ended by then."""
    process = start("ingest", root, case.docs, case.embedder)
    assert process.stdout
    for _ in range(told):
        process.stdout.readline()
    # The first files come after workers and libraries have started; after that a commit takes some 50 ms.
    time.sleep(chance.random() * (0.08 if told else 1.0))
    process.send_signal(signal.SIGKILL)
    process.communicate()


@contextmanager
def watched(root: Path, stop: Path, embedder: str) -> Iterator[list[str]]:
    """Someone searches meanwhile; the list is filled with what they found wrong, when the block ends."""
    seen: list[str] = []
    process = start("read", root, stop, embedder)
    try:
        yield seen
        stop.touch()
        seen += process.communicate(timeout=60)[0].splitlines()
        assert process.returncode == 0, seen
        assert seen[-1].startswith("asked")
    finally:
        process.kill()
        process.communicate()


def contents(root: Path) -> Contents:
    """What the bank at `root` holds now."""
    documents: dict[str, Any] = {}
    vectors: dict[str, np.ndarray[Any, np.dtype[np.float32]]] = {}
    connection = sqlite3.connect(root / "banks/hr/catalog.sqlite")
    query = "SELECT id, content_key, title, media_type, pages, metadata, text FROM document WHERE state = 'live'"
    for identifier, key, *own in connection.execute(query).fetchall():
        chunks = connection.execute(
            "SELECT ordinal, start, stop, page_first, page_last, tokens, headings, prefix, text, data"
            " FROM chunk JOIN vector ON chunk_id = id WHERE chunk.document_id = ? ORDER BY ordinal",
            (identifier,),
        ).fetchall()
        places = "SELECT uri, title, allow, size, mtime_ns FROM place WHERE document_id = ? ORDER BY uri"
        mentions = "SELECT title FROM mention WHERE document_id = ? ORDER BY title"
        documents[key] = {
            "own": own,
            "chunks": [row[:-1] for row in chunks],
            "places": connection.execute(places, (identifier,)).fetchall(),
            "mentions": connection.execute(mentions, (identifier,)).fetchall(),
        }
        vectors[key] = np.stack([np.frombuffer(row[-1], np.float16).astype(np.float32) for row in chunks])
    connection.close()
    return Contents(documents, vectors)


def assert_each_whole(found: Contents) -> None:
    """Whatever is live is complete."""
    for key, document in found.documents.items():
        assert len(document["chunks"]) == PARTS, key
        assert document["places"], key
        text = document["own"][-1]
        assert all(text[row[1] : row[2]] == row[8] for row in document["chunks"]), key


def assert_equal(found: Contents, wanted: Contents) -> None:
    """The same documents, places, access, chunks, links and vectors."""
    assert json.dumps(found.documents, sort_keys=True, indent=1) == json.dumps(
        wanted.documents, sort_keys=True, indent=1
    )
    for key, vectors in wanted.vectors.items():
        assert np.einsum("ij,ij->i", vectors, found.vectors[key]).min() > 0.999


def test_the_cases_hold_what_they_should(cases: Callable[[str], tuple[Case, Case]]) -> None:
    first, second = cases("hashing")
    assert len(first.wanted.documents) == DOCUMENTS
    assert len(second.wanted.documents) == DOCUMENTS - 2 + 5 + 1
    assert all(document["mentions"] for document in first.wanted.documents.values() if "Page 17" not in str(document))
