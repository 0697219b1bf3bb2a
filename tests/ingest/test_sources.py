"""What arguments stand for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import Listing, SourceKind, glob_pattern, list_source, parse_source
from knowledge.errors import UsageError

SUFFIXES = (".md", ".txt")


def listed(folder: Path, argument: str) -> Listing:
    return list_source(parse_source(argument, folder=folder), SUFFIXES)


def names(listing: Listing, folder: Path) -> list[str]:
    return [os.path.relpath(file.uri, folder) for file in listing.files]


def make(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("words")


def test_a_folder_gives_its_files_sorted_and_counts_those_of_unknown_endings(tmp_path: Path) -> None:
    make(tmp_path, "b.md", "a/c.txt", "a.txt", "x.png", "y.PNG", "z", "d.MD")
    listing = listed(tmp_path, ".")
    assert names(listing, tmp_path) == ["a.txt", "a/c.txt", "b.md", "d.MD"]
    assert listing.skipped == {".png": 2, "no ending": 1}


def test_hidden_files_banks_and_the_settings_file_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "a.md", ".hidden.md", ".git/b.md", "banks/hr/catalog.sqlite", "banks/hr/notes.md", "refdesk.yaml")
    listing = listed(tmp_path, ".")
    assert names(listing, tmp_path) == ["a.md"]
    assert not listing.skipped


def test_a_loop_of_links_ends_and_real_folders_come_before_linked_ones(tmp_path: Path) -> None:
    make(tmp_path, "real/a.md", "real/deep/b.md")
    (tmp_path / "an alias").symlink_to(tmp_path / "real")
    (tmp_path / "real/deep/loop").symlink_to(tmp_path)
    assert names(listed(tmp_path, "."), tmp_path) == ["real/a.md", "real/deep/b.md"]


def test_a_linked_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "docs/a.md", "elsewhere/b.md")
    (tmp_path / "docs/more").symlink_to(tmp_path / "elsewhere")
    assert names(listed(tmp_path, "docs"), tmp_path) == ["docs/a.md", "docs/more/b.md"]


def test_what_is_no_regular_file_is_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "dead.md").symlink_to(tmp_path / "nothing")
    make(tmp_path, "folder.md/a.md")
    listing = listed(tmp_path, ".")
    assert names(listing, tmp_path) == ["folder.md/a.md"]
    assert listing.refused == {
        str(tmp_path / "pipe.md"): "is not a regular file",
        str(tmp_path / "dead.md"): "is a link to nothing",
    }


def test_a_glob_stays_within_names_and_two_stars_span_folders(tmp_path: Path) -> None:
    make(tmp_path, "a.md", "x/b.md", "x/y/c.md", "x/y/d.txt")
    assert names(listed(tmp_path, "*.md"), tmp_path) == ["a.md"]
    assert names(listed(tmp_path, "**/*.md"), tmp_path) == ["a.md", "x/b.md", "x/y/c.md"]
    assert names(listed(tmp_path, "x/*/[cd].*"), tmp_path) == ["x/y/c.md", "x/y/d.txt"]
    assert names(listed(tmp_path, "x/**"), tmp_path) == ["x/b.md", "x/y/c.md", "x/y/d.txt"]
    assert listed(tmp_path, "*.pdf").missing


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    make(tmp_path, "[a]*.md")
    listing = listed(tmp_path, "[a]*.md")
    assert listing.source.kind is SourceKind.PATH
    assert names(listing, tmp_path) == ["[a]*.md"]


def test_a_missing_path_is_missing_and_a_path_through_a_file_too(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    assert listed(tmp_path, "b.md").missing
    assert listed(tmp_path, "a.md/b.md").missing


def test_the_same_place_is_the_same_source_however_it_is_written(tmp_path: Path) -> None:
    make(tmp_path, "docs/a.md")
    ways = {parse_source(way, folder=tmp_path) for way in ("docs", "./docs/", "docs/../docs", tmp_path / "docs")}
    assert len(ways) == 1


def test_standard_input_and_addresses_are_sources(tmp_path: Path) -> None:
    assert parse_source("-", folder=tmp_path, name="notes.md").spec == "notes.md"
    assert listed(tmp_path, "-").files[0].uri == "stdin:stdin"
    assert parse_source("https://example.org/a", folder=tmp_path).kind is SourceKind.URL
    with pytest.raises(UsageError, match="only http and https"):
        parse_source("ftp://example.org/a", folder=tmp_path)


@given(st.text("ab/.*?[]!^\\-", max_size=12), st.text("ab/.-^\\", max_size=12))
def test_any_glob_makes_a_pattern(glob: str, path: str) -> None:
    glob_pattern(glob).fullmatch(path)
