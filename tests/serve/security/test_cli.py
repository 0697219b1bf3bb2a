"""The commands keys, sessions and audit."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from serve.store.database import open_database
from serve.store.keys import Keys
from serve.store.sessions import Person, Sessions
from serve.store.store import open_store
from tests.conftest import Refdesk


def test_a_key_is_shown_once_listed_by_its_beginning_and_revoked(refdesk: Refdesk, tmp_path: Path) -> None:
    root = ["--root", str(tmp_path)]
    made = refdesk([*root, "keys", "create", "shop", "--scope", "ask", "--role", "staff", "--expires", "30d"])
    key = made.out.strip()
    assert (made.code, key[:3], len(key)) == (0, "rd_", 60)
    assert "not shown again" in made.err
    found = Keys(open_database(tmp_path)).check(key)
    assert found is not None
    assert (found.name, found.scopes, found.roles) == ("shop", frozenset({"ask"}), frozenset({"staff"}))

    listed = refdesk([*root, "keys", "list"])
    assert key[:11] in listed.out
    assert key[11:] not in listed.out

    assert refdesk([*root, "keys", "revoke", "shop"]).out == f"Revoked {key[:11]} (shop).\n"
    assert Keys(open_database(tmp_path)).check(key) is None
    again = refdesk([*root, "keys", "revoke", "shop"])
    assert (again.code, again.err) == (
        2,
        "Error: No key that still opens anything is called shop: see `refdesk keys list`.\n",
    )


def test_everything_is_there_as_json(refdesk: Refdesk, tmp_path: Path) -> None:
    root = ["--root", str(tmp_path)]
    made = json.loads(refdesk([*root, "keys", "create", "shop", "--scope", "ask", "--json"]).out)
    assert (made["name"], made["scopes"], made["expires"], made["state"]) == ("shop", ["ask"], None, "active")
    assert made["key"].startswith(made["prefix"])
    listed = json.loads(refdesk([*root, "keys", "list", "--json"]).out)
    assert listed == [{name: value for name, value in made.items() if name != "key"}]
    revoked = json.loads(refdesk([*root, "keys", "revoke", made["id"], "--json"]).out)
    assert revoked["state"] == "revoked"
    audit = json.loads(refdesk([*root, "audit", "--json"]).out)
    assert [(entry["action"], entry["target"]) for entry in audit] == [("key.revoke", "shop"), ("key.create", "shop")]
    assert made["key"] not in json.dumps(audit)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["create", "shop"], "--scope"),
        (["create", "shop", "--scope", "everything"], "'everything' is not one of"),
        (["create", " ", "--scope", "ask"], "1 to 100 characters"),
        (["create", "a\nb", "--scope", "ask"], "1 to 100 characters"),
        (["create", "x" * 101, "--scope", "ask"], "1 to 100 characters"),
        (["create", "shop", "--scope", "ask", "--expires", "soon"], "'soon' is no time: write 12h, 30d, 4w"),
        (["create", "shop", "--scope", "ask", "--expires", "2020-01-01"], "2020-01-01 is over"),
        (["revoke", "nobody"], "see `refdesk keys list`"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(
    refdesk: Refdesk, tmp_path: Path, arguments: list[str], told: str
) -> None:
    done = refdesk(["--root", str(tmp_path), "keys", *arguments])
    assert done.code == 2
    assert told in done.err
    assert refdesk(["--root", str(tmp_path), "keys", "list"]).out.startswith("No keys yet")


def test_the_log_shows_what_was_asked_for(refdesk: Refdesk, tmp_path: Path) -> None:
    root = ["--root", str(tmp_path)]
    assert refdesk([*root, "audit"]).out == "Nothing is noted there.\n"
    refdesk([*root, "keys", "create", "shop", "--scope", "ask"])
    assert "key.create" in refdesk([*root, "audit", "--since", "1h"]).out
    assert refdesk([*root, "audit", "--action", "document"]).out == "Nothing is noted there.\n"
    assert refdesk([*root, "audit", "--since", "never"]).code == 2


def test_sessions_are_listed_and_ended_by_address_or_id(refdesk: Refdesk, tmp_path: Path) -> None:
    root = ["--root", str(tmp_path)]
    assert refdesk([*root, "sessions", "list"]).out == "Nobody is signed in.\n"
    sessions = Sessions(open_store(tmp_path).database)
    anna = Person("https://login.example", "s_1", "Anna Berg", "Anna@example.com", frozenset({"support"}))
    tokens = [sessions.begin(person, lasts=timedelta(hours=1))[0] for person in (anna, anna, replace(anna, email=""))]
    assert refdesk([*root, "sessions", "list"]).out.count("Anna Berg") == 3
    listed = json.loads(refdesk([*root, "sessions", "list", "--json"]).out)
    assert not any(token in json.dumps(listed) for token in tokens)
    assert refdesk([*root, "sessions", "revoke", "anna@example.com"]).out.count("Ended") == 2
    assert [sessions.check(token) is None for token in tokens] == [True, True, False]
    ended = json.loads(refdesk([*root, "sessions", "revoke", listed[0]["id"], "--json"]).out)
    assert [one["id"] for one in ended] == [listed[0]["id"]]
    assert sessions.open() == ()
    again = refdesk([*root, "sessions", "revoke", listed[0]["id"]])
    assert (again.code, "see `refdesk sessions list`" in again.err) == (2, True)
    assert refdesk([*root, "audit", "--action", "staff"]).out.count("staff.revoked") == 3


def test_a_place_that_cannot_be_written_is_told(refdesk: Refdesk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = refdesk(["--root", str(tmp_path / "file" / "folder"), "keys", "list"])
    assert done.code == 1
    assert done.err.startswith(f"Error: Cannot make {tmp_path / 'file' / 'folder'}")
