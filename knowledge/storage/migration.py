"""Bringing catalogs of earlier formats up to date, in one transaction, without reading a document again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import PurePath
from urllib.parse import unquote

from knowledge.card import FORMAT_VERSION
from knowledge.storage.schema import transaction


def migrate(connection: sqlite3.Connection) -> None:
    """Takes a catalog through every format up to the present one; does nothing where another process just did."""
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in range(version, FORMAT_VERSION):
            STEPS[step](connection)
        if version < FORMAT_VERSION:
            connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


def give_places_titles(connection: sqlite3.Connection) -> None:
    """From format 1 to 2: what a document is called belongs to its places.

    A title that was made of the name of one of its files stays with the files of that name.
    """
    connection.execute("ALTER TABLE document ADD COLUMN own_title TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE place ADD COLUMN title TEXT NOT NULL DEFAULT ''")
    connection.execute("ALTER TABLE place ADD COLUMN linked INTEGER NOT NULL DEFAULT 0")
    rows = connection.execute(
        "SELECT p.id, p.uri, d.id, d.title FROM place p JOIN document d ON d.id = p.document_id"
    ).fetchall()
    names: dict[int, set[str]] = {}
    for _, uri, document, _ in rows:
        names.setdefault(document, set()).update(_names(uri))
    own = {document: own_title(title, names[document]) for _, _, document, title in rows}
    connection.executemany("UPDATE document SET own_title = ? WHERE id = ?", [(own[key], key) for key in own])
    titles = [(_title_at(uri, title, own[document]), place) for place, uri, document, title in rows]
    connection.executemany("UPDATE place SET title = ? WHERE id = ?", titles)
    connection.execute(
        "UPDATE place SET linked = 1 WHERE title ="
        " (SELECT d.title FROM document d WHERE d.id = document_id AND d.linked = 1)"
    )
    connection.execute("DROP INDEX document_title")
    connection.execute("CREATE INDEX place_title ON place (title, document_id)")


def own_title(title: str, names: set[str]) -> str:
    """What is left of a title without the name of a file: it may be that name, or end with it in parentheses."""
    if title in names:
        return ""
    ending = next((f" ({name})" for name in names if title.endswith(f" ({name})")), "")
    return title.removesuffix(ending)


def _title_at(uri: str, title: str, own: str) -> str:
    names = _names(uri)
    if title == own or own_title(title, names) != title:
        return title
    return own or sorted(names)[0]


def _names(uri: str) -> set[str]:
    """What a file's address may have made of its title: its name as it is, and as words without the ending."""
    name = unquote(uri.rsplit("/", 1)[-1]) if "://" in uri else PurePath(uri.rsplit("/", 1)[-1]).name
    stem = PurePath(name).stem or name
    return {" ".join(text.split()) for text in (name, stem, re.sub(r"[_\-]+", " ", stem)) if text.strip()} or {uri}


STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: give_places_titles}
