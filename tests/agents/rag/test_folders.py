"""Which files of which folders a knowledge instance is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.rag.folders import requested
from knowledge.errors import UsageError


def put(path: Path, text: str = "Words.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def names(given: Any) -> list[str]:
    return [Path(file.uri).name for folder in requested(given) for file in folder.listing().files]


@pytest.mark.parametrize("types", [[".md"], ["md"], [".MD"], ["*.md"], ".md", (".md",), {".md"}])
def test_only_files_of_the_types_that_were_named_count(workplace: Path, types: Any) -> None:
    for name in ("a.md", "b.txt", "deep/c.MD", ".hidden.md"):
        put(workplace / "docs" / name)
    assert names({"./docs": types}) == ["a.md", "c.MD"]


def test_each_folder_has_types_of_its_own(workplace: Path) -> None:
    for folder in ("one", "two"):
        put(workplace / folder / "a.md")
        put(workplace / folder / "b.txt")
    assert names({"one": [".md"], Path("two"): [".txt"]}) == ["a.md", "b.txt"]


def test_a_folder_that_is_named_twice_takes_both_sets(workplace: Path) -> None:
    put(workplace / "docs" / "a.md")
    put(workplace / "docs" / "b.txt")
    assert names({"docs": [".md"], "./docs/": [".txt"]}) == ["a.md", "b.txt"]


def test_without_types_every_file_that_can_be_read_counts(workplace: Path) -> None:
    put(workplace / "docs" / "a.md")
    put(workplace / "docs" / "b.py", "print(1)")
    put(workplace / "docs" / "c.unknown")
    assert names({"docs": None}) == ["a.md", "b.py"]


def test_a_folder_whose_name_looks_like_a_pattern_is_itself(workplace: Path) -> None:
    put(workplace / "docs[1]" / "a.md")
    put(workplace / "docs1" / "b.md")
    assert names({"docs[1]": [".md"]}) == ["a.md"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "No folders were named"),
        (["docs"], "No folders were named"),
        ({"docs": []}, "not file types"),
        ({"docs": [""]}, "not file types"),
        ({"docs": [7]}, "not file types"),
        ({"docs": 7}, "not file types"),
        ({7: [".md"]}, "not a folder"),
        ({"": [".md"]}, "not a folder"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(given: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        requested(given)


def test_a_folder_that_is_missing_empty_or_none_says_so(workplace: Path) -> None:
    put(workplace / "docs" / "b.txt")
    with pytest.raises(UsageError, match=r"holds no \.md or \.pdf file, only 1 \.txt\."):
        names({"./docs": [".md", ".pdf"]})
    with pytest.raises(UsageError, match=r"The folder \./nowhere does not exist"):
        names({"./nowhere": [".md"]})
    with pytest.raises(UsageError, match="is not a folder"):
        names({"docs/b.txt": [".txt"]})
    (workplace / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds no \.md file at all\."):
        names({"empty": [".md"]})
