"""A copy that is made while the service works, and put back elsewhere; and what is refused."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from knowledge.errors import StorageError, UsageError
from knowledge.settings import process_environment
from knowledge.terminal.shell import Shell
from serve.backup.making import make_backup
from serve.backup.restoring import restore
from serve.cli import main
from serve.config.settings import parse_server_settings
from serve.service import Service, open_service
from serve.store.store import open_store
from tests.serve.served import FAST, ORIGIN, QUOTED, answer_of, asked, begun, client_of, shell_at


@pytest.fixture(scope="module")
def home(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two banks, one of them with a document that was uploaded, an entry, a case and a conversation."""
    root = tmp_path_factory.mktemp("kept") / "home"
    shutil.copytree(banks, root)
    (root / "uploads" / "banking").mkdir(parents=True)
    (root / "uploads" / "banking" / "fees ä.md").write_text("# Fees\n\nNone.\n", "utf-8")
    (root / "knowledge-entries").mkdir()
    (root / "knowledge-entries" / "cases.jsonl").write_text('{"id": "handover-1"}\n', "utf-8")
    (root / "secrets.env").write_text("KEY=1", "utf-8")
    with closing(sqlite3.connect(root / "banks" / "banking" / "catalog.sqlite")) as connection, connection:
        document = "SELECT id FROM document ORDER BY id LIMIT 1"
        place = str(root / "uploads" / "banking" / "fees ä.md")
        connection.execute("UPDATE place SET uri = ? WHERE document_id = (" + document + ")", (place,))
    return root


@dataclass(frozen=True, slots=True)
class Kept:
    """The service of `home` while it was copied, and the conversation that was held before."""

    archive: Path
    conversation: str
    cookies: httpx.Cookies
    messages: list[object]


@pytest.fixture(scope="module")
def kept(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A copy that was made while others wrote."""
    return asyncio.run(copied(home, tmp_path_factory.mktemp("archives") / "copy.tar.gz"))


async def copied(home: Path, archive: Path) -> Kept:
    service = opened_at(home)
    async with client_of(service) as client:
        await open_page(client)
        id = await begun(client)
        assert QUOTED in answer_of(await asked(client, id, FAST))["text"]
        said = (await client.get(f"/api/conversations/{id}")).json()["messages"]
        with writing(service):
            made = make_backup(shell_at(home), archive)
        cookies = client.cookies
    service.close()
    assert made.banks == ("aviation", "banking")
    assert not made.notes
    return Kept(archive, id, cookies, said)


def opened_at(root: Path) -> Service:
    return open_service(shell_at(root), parse_server_settings({}, None))


async def open_page(client: httpx.AsyncClient) -> None:
    """Be a visitor: the one whose cookie the client has, or a new one."""
    session = await client.get("/api/session", headers={"Sec-Fetch-Site": "same-origin"})
    client.headers.update({"X-Refdesk-CSRF": session.json()["csrf"], "Origin": ORIGIN})


class writing:
    """Within, somebody writes to the database of the service without a pause."""

    def __init__(self, service: Service) -> None:
        self._service, self._over = service, Event()
        self._thread = Thread(target=self._write)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._over.is_set():
            self._service.store.conversations.begin("v_busy")


async def test_a_restored_service_goes_on_where_the_other_was(kept: Kept, home: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere"
    assert main(["restore", str(kept.archive), "--root", str(place), "--json"]) == 0
    assert main(["verify", "--root", str(place)]) == 0
    service = opened_at(place)
    async with client_of(service) as client:
        client.cookies = kept.cookies
        await open_page(client)
        found = await client.get(f"/api/conversations/{kept.conversation}")
        assert found.json()["messages"] == kept.messages
        assert QUOTED in answer_of(await asked(client, kept.conversation, FAST))["text"]
    service.close()
    assert (place / "uploads" / "banking" / "fees ä.md").read_text("utf-8") == "# Fees\n\nNone.\n"
    assert (place / "knowledge-entries" / "cases.jsonl").is_file()
    assert (place / "refdesk.yaml").read_bytes() == (home / "refdesk.yaml").read_bytes()
    assert not (place / "secrets.env").exists()
    with closing(sqlite3.connect(place / "banks" / "banking" / "catalog.sqlite")) as connection:
        uris = [row[0] for row in connection.execute("SELECT uri FROM place")]
    assert str(place / "uploads" / "banking" / "fees ä.md") in uris
    assert not [uri for uri in uris if uri.startswith(f"{home}/")]


def test_a_copy_is_for_its_owner_and_holds_no_index(kept: Kept) -> None:
    assert kept.archive.stat().st_mode & 0o077 == 0
    with tarfile.open(kept.archive) as tar:
        names = tar.getnames()
    assert names[0] == "refdesk-backup.json"
    assert names[-1] == "manifest.json"
    assert "data/refdesk.sqlite" in names
    assert not [name for name in names if "postings" in name or "chroma" in name or name.endswith((".env", "-wal"))]


def test_citations_move_with_their_documents(tmp_path: Path) -> None:
    from serve.backup.moving import move_citations

    store = open_store(tmp_path)
    talk = store.conversations.begin("v_1")
    with store.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO messages (id, conversation, role, author, text, created, status, abstained, citations,"
            " closest, followups, understood, access, superseded) VALUES ('m', ?, 'assistant', '', '', '2026-01-01',"
            " 'complete', 0, ?, '[]', '[]', '', '[]', 0)",
            (talk.id, json.dumps([{"uri": "/old/päth/a.md", "quote": "/old/päth/"}])),
        )
    store.close()
    move_citations(tmp_path / "refdesk.sqlite", "/old/päth", "/new")
    with closing(sqlite3.connect(tmp_path / "refdesk.sqlite")) as connection:
        (found,) = connection.execute("SELECT citations FROM messages").fetchone()
    assert json.loads(found) == [{"uri": "/new/a.md", "quote": "/old/päth/"}]


def test_a_copy_replaces_no_file_and_leaves_none_where_it_fails(home: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(UsageError, match="there already"):
        make_backup(shell_at(home), tmp_path / "taken")
    broken = tmp_path / "broken"
    (broken / "banks" / "x").mkdir(parents=True)
    (broken / "banks" / "x" / "catalog.sqlite").write_text("no database" * 500)
    with pytest.raises(StorageError, match=r"catalog\.sqlite cannot be copied"):
        make_backup(Shell(broken, None, process_environment()), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "taken"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="nothing to copy"):
        make_backup(Shell(tmp_path / "empty", None, process_environment()), tmp_path / "out")


def test_a_database_elsewhere_is_named_as_missing(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    config = tmp_path / "root" / "refdesk.yaml"
    config.write_text("server:\n  database: postgresql+psycopg://u:hidden@127.0.0.1/refdesk\n")
    made = make_backup(Shell(config.parent, config, process_environment()), tmp_path / "out")
    assert "pg_dump" in made.notes[0]
    assert "hidden" not in made.notes[0]


def test_only_an_empty_place_is_restored_into(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        restore(Shell(tmp_path, None, process_environment()), kept.archive)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


Change = Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]


def cut(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.pop()


def later(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    header = json.loads(members[0][1]) | {"format": 99, "something": "new"}
    members[0] = named("refdesk-backup.json", json.dumps(header).encode())


def foreign(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.pop(0)


def altered(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    info, data = members[1]
    members[1] = info, data[:-1] + bytes([data[-1] ^ 1])


def more(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(1, named("data/uploads/x.md", b"x"))


def twice(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    members.insert(1, members[1])


def without_database(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    header = json.loads(members[0][1]) | {"database": "../store.sqlite"}
    members[0] = named("refdesk-backup.json", json.dumps(header).encode())


def escaping(name: str) -> Change:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members.insert(1, named(name, b"x"))

    return change


def link(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    info = tarfile.TarInfo("data/uploads")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc"
    members.insert(1, (info, b""))


def named(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


CHANGES: list[tuple[Change, str]] = [
    (cut, "ends too early"),
    (later, "later version"),
    (foreign, "no backup of Refdesk"),
    (altered, "not hold what its manifest lists"),
    (more, "not hold what its manifest lists"),
    (twice, "twice"),
    (without_database, "lacks its database"),
    (link, "no file that may stand in a backup"),
    *[
        (escaping(name), "no file that may stand in a backup")
        for name in ("data/../x", "/etc/x", "data//etc/x", "data/a/../../../x", "x", "data/", "data/./x")
    ],
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_what_is_no_whole_copy_leaves_nothing_behind(change: Change, told: str, kept: Kept, tmp_path: Path) -> None:
    members = list(read(kept.archive))
    change(members)
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(bad, "w:gz", compresslevel=1) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(StorageError, match=told):
        restore(Shell(tmp_path / "place", None, process_environment()), bad)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar.gz"]


def read(archive: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            assert stream is not None
            yield member, stream.read()


@pytest.mark.parametrize("part", [0, 0.3, 0.9])
def test_a_file_that_was_broken_off_is_damaged(part: float, kept: Kept, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar.gz"
    data = kept.archive.read_bytes()
    bad.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(StorageError, match=r"damaged|no backup"):
        restore(Shell(tmp_path / "place", None, process_environment()), bad)
    assert not (tmp_path / "place").exists()


def test_a_database_of_a_later_version_is_refused(kept: Kept, tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_store(home).close()
    with closing(sqlite3.connect(home / "refdesk.sqlite")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    make_backup(Shell(home, None, process_environment()), tmp_path / "copy")
    with pytest.raises(StorageError, match="later version"):
        restore(Shell(tmp_path / "place", None, process_environment()), tmp_path / "copy")
    assert not (tmp_path / "place").exists()
