"""Files are written whole or not at all, and it is told beforehand where they cannot be."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from eval.whole_file import check_place, write_whole
from knowledge.errors import StorageError


def test_a_file_is_written_with_its_folders_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "result.json"
    for content in (b"one", b"two"):
        check_place(path)
        write_whole(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_checking_a_place_makes_no_file_and_changes_none(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    check_place(path)
    assert not path.exists()
    path.write_bytes(b"one")
    check_place(path)
    assert path.read_bytes() == b"one"


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for act in (check_place, lambda path: write_whole(path, b"")):
        with pytest.raises(StorageError, match="file/below: cannot be written"):
            act(tmp_path / "file" / "below")


def test_what_is_no_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe, found = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"through")
    reader.join()
    assert found == [b"through"]
    assert pipe.is_fifo()
