"""Sessions in files and in SQLite: whole, atomic, and never outside of where they belong."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.exceptions import MissingState, StateError
from agents.memory import InMemoryMemory
from agents.message import Msg
from agents.session import JSONSession, SessionBase, SQLiteSession, StateModule
from knowledge.errors import StorageError, UsageError


class Visits(StateModule):
    def __init__(self, count: int = 0) -> None:
        super().__init__()
        self.count = count


MAKERS: dict[str, Callable[[Path], SessionBase]] = {
    "json": lambda folder: JSONSession(save_dir=str(folder / "sessions")),
    "sqlite": lambda folder: SQLiteSession(folder / "sessions.sqlite"),
}


@pytest.fixture(params=MAKERS)
def session(request: pytest.FixtureRequest, tmp_path: Path) -> SessionBase:
    return MAKERS[request.param](tmp_path)


async def test_what_was_saved_is_loaded(session: SessionBase) -> None:
    memory = InMemoryMemory()
    memory.add(Msg("user", "Hello"))
    await session.save_session_state("alice", visits=Visits(4), memory=memory)
    visits, other = Visits(), InMemoryMemory()
    other.add(Msg("user", "replaced"))
    await session.load_session_state("alice", visits=visits, memory=other)
    assert visits.count == 4
    assert other.export() == memory.export()


async def test_sessions_of_different_users_are_different(session: SessionBase) -> None:
    await session.save_session_state("one", "ada", visits=Visits(1))
    await session.save_session_state("one", "bob", visits=Visits(2))
    visits = Visits()
    await session.load_session_state("one", user_id="ada", visits=visits)
    assert visits.count == 1
    assert session.session_ids("ada") == ["one"]
    assert session.session_ids() == []
    session.delete_session("one", "ada")
    assert session.session_ids("ada") == []
    assert session.session_ids("bob") == ["one"]


async def test_a_session_that_is_not_there_leaves_everything_unless_it_must_be(session: SessionBase) -> None:
    visits = Visits(3)
    await session.load_session_state("nobody", visits=visits)
    assert visits.count == 3
    with pytest.raises(KeyError, match="no session 'nobody'"):
        await session.load_session_state("nobody", allow_not_exist=False, visits=visits)


async def test_a_load_that_fails_changes_none_of_the_objects(session: SessionBase) -> None:
    await session.save_session_state("s", visits=Visits(1), memory=Visits(2))
    visits, memory = Visits(7), InMemoryMemory()
    memory.add(Msg("user", "kept"))
    with pytest.raises(KeyError):
        await session.load_session_state("s", visits=visits, memory=memory)
    with pytest.raises(MissingState, match="lacks 'other'"):
        await session.load_session_state("s", visits=visits, other=Visits())
    assert visits.count == 7
    assert [msg.text for msg in memory.get_memory()] == ["kept"]


async def test_a_session_without_a_name_or_of_something_without_state_is_refused(session: SessionBase) -> None:
    for name in ("", None, 3, "half \ud800"):
        with pytest.raises(UsageError):
            await session.save_session_state(name, visits=Visits())  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(UsageError, match="'thing' is a list"):
        await session.save_session_state("s", thing=[])  # type: ignore[arg-type]  # wrong on purpose


HOSTILE = [
    "../escape",
    "/etc/passwd",
    "..",
    ".",
    ".hidden",
    "a/b\\c",
    "nul\0byte",
    "x" * 5000,
    "%2F",
    "名前",
    "a\nb",
    "CON@x",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_session_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "sessions"
    session = JSONSession(folder)
    await session.save_session_state(name, visits=Visits(5))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent for path in written] == [folder]
    visits = Visits()
    await session.load_session_state(name, allow_not_exist=False, visits=visits)
    assert visits.count == 5


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.text())
def test_two_sessions_never_share_a_file(tmp_path: Path, one: str, two: str, ada: str, bob: str) -> None:
    session = JSONSession(tmp_path)
    encodable = all(text.encode(errors="ignore").decode() == text for text in (one, two, ada, bob))
    if encodable and (one, ada) != (two, bob):
        assert session.path_of(one, ada) != session.path_of(two, bob)
        assert session.path_of(one, ada).parent == tmp_path


async def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    session = JSONSession(tmp_path / "sessions")
    session.save_dir.mkdir()
    session.path_of("s").symlink_to(victim)
    await session.save_session_state("s", visits=Visits(1))
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("content", ["", "{", "[]", '"text"', "\0\0", '{"visits": 3}', "[" * 100_000])
async def test_a_file_that_is_no_session_is_a_clear_error_and_stays(tmp_path: Path, content: str) -> None:
    session = JSONSession(tmp_path)
    session.path_of("s").write_text(content)
    visits = Visits(2)
    with pytest.raises(StateError):
        await session.load_session_state("s", visits=visits)
    assert visits.count == 2
    assert session.path_of("s").read_text() == content


async def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        await JSONSession(tmp_path / "file" / "sessions").save_session_state("s", visits=Visits())


async def test_a_file_that_is_another_database_is_refused_and_stays(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE precious (x)")
    other.close()
    (tmp_path / "text.sqlite").write_text("no database at all, but long enough to be read as one" * 20)
    for name, words in (("other.sqlite", "something else"), ("text.sqlite", "is no database")):
        with pytest.raises(StateError, match=words):
            await SQLiteSession(tmp_path / name).save_session_state("s", visits=Visits())


async def test_sessions_saved_at_once_are_each_whole(session: SessionBase) -> None:
    await asyncio.gather(*[session.save_session_state("s", visits=Visits(n), more=Visits(n)) for n in range(20)])
    visits, more = Visits(), Visits()
    await session.load_session_state("s", visits=visits, more=more)
    assert visits.count == more.count


async def test_a_state_that_cannot_be_saved_leaves_the_session_as_it_was(tmp_path: Path) -> None:
    session = JSONSession(tmp_path)
    await session.save_session_state("s", visits=Visits(1))
    bad = Visits()
    bad.mixed = ["data", print]  # type: ignore[attr-defined]  # any attribute is state
    with pytest.raises(StateError, match="'mixed'"):
        await session.save_session_state("s", visits=bad)
    assert json.loads(session.path_of("s").read_text())["visits"]["count"] == 1
