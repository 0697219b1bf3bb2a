"""Uploaded files: durable, under harmless names, in place of those before only once they were read."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import StorageError, UsageError
from serve.jobs.uploads import Uploads, file_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("handbook.pdf", "handbook.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\Leave (2).docx", "Leave (2).docx"),
        ("..hidden.md", "hidden.md"),
        ("a*b?c[1].txt", "a_b_c_1_.txt"),
        ("U\u0308bersicht.md", "\u00dcbersicht.md"),
        ("CON.txt", "_CON.txt"),
        ("a\0b\n.txt", "a_b_.txt"),
        ("x" * 300 + ".pdf", "x" * 176 + ".pdf"),
    ],
)
def test_a_name_is_kept_as_far_as_a_folder_can_hold_it(given: str, kept: str) -> None:
    assert file_name(given) == kept


@pytest.mark.parametrize("given", ["", ".", "..", "/", "***", "a/"])
def test_what_is_no_name_is_refused(given: str) -> None:
    if given == "a/":
        assert file_name(given) == "a"
        return
    with pytest.raises(UsageError):
        file_name(given)


@given(st.text(max_size=400))
def test_a_name_never_leads_anywhere_else(given: str) -> None:
    try:
        name = file_name(given)
    except UsageError:
        return
    assert Path(name).name == name
    assert not name.startswith(".")
    assert len(name.encode()) <= 180


def receive(uploads: Uploads, job: str, name: str, text: str) -> None:
    assert uploads.receive(job, name, io.BytesIO(text.encode())).size == len(text)


def test_files_take_their_places_when_the_job_begins_however_often_it_does(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    receive(uploads, "j1", "a.md", "first")
    assert not uploads.folder("hr").exists()
    (path,) = uploads.place("j1", "hr", ["a.md"])
    assert path == tmp_path / "uploads" / "hr" / "a.md"
    assert uploads.place("j1", "hr", ["a.md"]) == [path]
    assert path.read_text() == "first"
    uploads.settle("j1", "hr", [])
    assert not (tmp_path / "uploads" / ".incoming" / "j1").exists()


def test_a_file_that_could_not_be_read_gives_way_to_the_one_before(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    receive(uploads, "j1", "a.md", "first")
    (path,) = uploads.place("j1", "hr", ["a.md"])
    uploads.settle("j1", "hr", [])
    receive(uploads, "j2", "a.md", "broken")
    receive(uploads, "j2", "b.md", "broken too")
    uploads.place("j2", "hr", ["a.md", "b.md"])
    uploads.place("j2", "hr", ["a.md", "b.md"])
    assert path.read_text() == "broken"
    uploads.settle("j2", "hr", ["a.md", "b.md"])
    assert path.read_text() == "first"
    assert not uploads.path("hr", "b.md").exists()


def test_only_uploads_are_removed(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    receive(uploads, "j1", "a.md", "first")
    (path,) = uploads.place("j1", "hr", ["a.md"])
    other = tmp_path / "own.md"
    other.write_text("mine")
    assert uploads.remove("hr", [str(path), str(other), f"{path.parent}/../../own.md"]) == 1
    assert not path.exists()
    assert other.exists()


def test_what_arrived_for_no_job_is_forgotten_after_a_day(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    for job in ("known", "new", "old"):
        receive(uploads, job, "a.md", "text")
    incoming = tmp_path / "uploads" / ".incoming"
    for job in ("known", "old"):
        os.utime(incoming / job, (0, 0))
    uploads.forget({"known"})
    assert sorted(path.name for path in incoming.iterdir()) == ["known", "new"]


def test_a_place_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "uploads").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="Free some space or check the permissions"):
        receive(Uploads(tmp_path), "j1", "a.md", "text")
