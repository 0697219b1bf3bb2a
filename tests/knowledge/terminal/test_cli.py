"""The commands over banks that exist: their exit code, what they print, and what they leave behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Refdesk


def test_search_finds_the_passage_and_says_where_it_stands(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "search", "how many days of leave", "-k", "2"])
    assert done.code == 0
    assert "leave.md" in done.out.splitlines()[0]
    assert "25 days" in done.out


def test_search_explains_its_scores(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "search", "first class trains", "--explain"])
    assert "cosine" in done.out
    assert "BM25" in done.out


def test_search_prints_json_with_scores_and_spans(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "search", "hotel price", "--bank", "travel", "--json"])
    best = json.loads(done.out)[0]
    assert best["title"] == "Hotels"
    assert best["scores"]["total"] > 0
    text = (handbook / "travel" / "hotels.md").read_text("utf-8")
    assert best["text"] == text[best["start"] : best["end"]]


@pytest.mark.parametrize("roles", [[], ["--as", "customer"]])
def test_no_command_shows_a_customer_what_is_for_staff(refdesk: Refdesk, handbook: Path, roles: list[str]) -> None:
    root = ["--root", str(handbook)]
    for command in (
        ["search", "top pay band of the engineering ladder", "-k", "50", *roles],
        ["search", "top pay band of the engineering ladder", "-k", "50", "--json", *roles],
        ["ask", "Where does the top pay band begin?", *roles],
        ["ask", "Where does the top pay band begin?", "--json", *roles],
        ["documents", "list", "--bank", "hr", *roles],
        ["documents", "rm", "Internal: pay bands", "--bank", "hr", "--yes", *roles],
    ):
        done = refdesk([*root, *command])
        assert "91,000" not in done.out + done.err
        assert "pay.md" not in done.out + done.err
    staff = refdesk([*root, "search", "top pay band", "--as", "staff", "-k", "50"])
    assert "91,000" in staff.out


def test_filters_narrow_the_search(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "search", "leave", "--filter", "title=Sick days", "--json"])
    assert {passage["title"] for passage in json.loads(done.out)} == {"Sick days"}


@pytest.mark.parametrize("wrong", ["nonsense", "=x", "a"])
def test_a_filter_without_an_equals_sign_is_wrong_usage(refdesk: Refdesk, handbook: Path, wrong: str) -> None:
    done = refdesk(["--root", str(handbook), "search", "leave", "--filter", wrong])
    assert done.code == 2
    assert "key=value" in done.err


def test_an_unknown_bank_is_named(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "search", "leave", "--bank", "nope"])
    assert done.code == 2
    assert "'nope'" in done.err


def test_banks_are_listed_with_what_the_reader_may_see(refdesk: Refdesk, handbook: Path) -> None:
    def documents(*roles: str) -> dict[str, int]:
        done = refdesk(["--root", str(handbook), "banks", "--json", *roles])
        return {bank["name"]: bank["documents"] for bank in json.loads(done.out)}

    assert documents() == {"hr": 2, "travel": 2}
    assert documents("--as", "staff") == {"hr": 3, "travel": 2}


def test_an_empty_root_says_how_to_begin(refdesk: Refdesk, tmp_path: Path) -> None:
    done = refdesk(["--root", str(tmp_path), "banks"])
    assert done.code == 0
    assert "refdesk ingest" in done.out
    assert not list(tmp_path.iterdir())


def test_a_bank_is_removed_only_after_a_yes(refdesk: Refdesk, own_handbook: Path) -> None:
    root = ["--root", str(own_handbook)]
    assert refdesk([*root, "banks", "rm", "travel"]).code == 2
    assert (own_handbook / "banks" / "travel").exists()
    assert refdesk([*root, "banks", "rm", "travel", "--yes"]).code == 0
    assert not (own_handbook / "banks" / "travel").exists()
    assert (own_handbook / "travel" / "trains.md").exists()


@pytest.mark.parametrize("name", ["Trains", "trains.md"])
def test_a_removed_document_leaves_nothing_behind(
    refdesk: Refdesk, own_handbook: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own_handbook / "travel")
    root = ["--root", str(own_handbook)]
    removed = refdesk([*root, "documents", "rm", name, "--bank", "travel", "--yes"])
    listed = json.loads(refdesk([*root, "documents", "list", "--bank", "travel", "--json"]).out)
    if removed.code == 0:
        assert [document["title"] for document in listed] == ["Hotels"]
        assert refdesk([*root, "verify", "--bank", "travel"]).code == 0
    else:
        assert "documents list" in removed.err


def test_documents_of_all_banks_are_listed_unless_one_is_named(refdesk: Refdesk, handbook: Path) -> None:
    listed = json.loads(refdesk(["--root", str(handbook), "documents", "list", "--json"]).out)
    assert {document["bank"] for document in listed} == {"hr", "travel"}
    assert len(listed) == 4
    table = refdesk(["--root", str(handbook), "documents", "list"]).out.splitlines()
    assert table[0].split("\t")[:3] == ["bank", "id", "title"]
    assert len(table) == 5


def test_search_takes_its_question_in_as_many_words_as_there_are(refdesk: Refdesk, handbook: Path) -> None:
    apart = refdesk(["--root", str(handbook), "search", "first", "class", "trains", "--json"])
    assert apart.code == 0
    assert apart.out == refdesk(["--root", str(handbook), "search", "first class trains", "--json"]).out
    assert refdesk(["--root", str(handbook), "search"]).code == 2


def test_a_settings_file_that_root_leaves_unused_is_named(
    refdesk: Refdesk, handbook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "refdesk.yaml").write_text("banks: {}\n")
    monkeypatch.chdir(tmp_path)
    done = refdesk(["--root", str(handbook), "banks", "--json"])
    assert done.code == 0
    assert f"{tmp_path / 'refdesk.yaml'} is not used, since --root names another folder." in done.err
    assert len(json.loads(done.out)) == 2
    assert "is not used" not in refdesk(["--root", ".", "banks"]).err
    assert "is not used" not in refdesk(["banks"]).err


def test_verify_says_all_agree_and_finds_what_does_not(refdesk: Refdesk, own_handbook: Path) -> None:
    root = ["--root", str(own_handbook)]
    sound = refdesk([*root, "verify"])
    assert sound.code == 0
    assert sound.out.count("all agree") == 2

    import sqlite3

    with sqlite3.connect(own_handbook / "banks" / "hr" / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE chunk SET text = 'forged' WHERE id = 1")
    catalog.close()
    forged = refdesk([*root, "verify", "--json"])
    assert forged.code == 1
    assert [bank["sound"] for bank in json.loads(forged.out)] == [False, True]
