from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.exceptions import ToolError
from agents.tool import Toolkit, Workspace, insert_text_file, view_text_file, write_text_file

ABC = "a\nb\nc\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "abc.txt").write_text(ABC)
    return Workspace(folder)


def content(workspace: Workspace, name: str = "abc.txt") -> str:
    return (workspace.folder / name).read_text()


def test_a_file_is_shown_with_the_numbers_of_its_lines(workspace: Workspace) -> None:
    assert workspace.view_text_file("abc.txt").text == "The content of abc.txt:\n```\n1: a\n2: b\n3: c\n```"
    part = workspace.view_text_file("abc.txt", [2, 99])
    assert part.text == "The content of abc.txt (lines 2 to 3 of 3):\n```\n2: b\n3: c\n```"
    assert "2: b\n3: c\n" in workspace.view_text_file("abc.txt", [-2, -1]).text


def test_a_file_is_written_with_its_folders(workspace: Workspace) -> None:
    assert workspace.write_text_file("new/deep/file.txt", "x\ny").text == "Wrote new/deep/file.txt (2 lines)."
    assert content(workspace, "new/deep/file.txt") == "x\ny"
    workspace.write_text_file("new/deep/file.txt", "z")
    assert content(workspace, "new/deep/file.txt") == "z"


@pytest.mark.parametrize(
    ("new", "ranges", "result"),
    [("B", [2, 2], "a\nB\nc\n"), ("x\ny\n", [1, 3], "x\ny\n"), ("C", [-1, -1], "a\nb\nC"), ("", [1, 2], "c\n")],
)
def test_lines_are_replaced(workspace: Workspace, new: str, ranges: list[int], result: str) -> None:
    workspace.write_text_file("abc.txt", new, ranges)
    assert content(workspace) == result


@pytest.mark.parametrize(("line", "result"), [(1, "X\na\nb\nc\n"), (2, "a\nX\nb\nc\n"), (4, "a\nb\nc\nX")])
def test_lines_are_inserted(workspace: Workspace, line: int, result: str) -> None:
    shown = workspace.insert_text_file("abc.txt", "X", line)
    assert content(workspace) == result
    assert f"{line}: X" in shown.text


@given(lines=st.lists(st.text("abc ", max_size=5), max_size=12), at=st.integers(1, 13))
def test_inserting_keeps_every_other_line(lines: list[str], at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = Workspace(tmp_path_factory.getbasetemp())
    workspace.write_text_file("lines.txt", "".join(f"{line}\n" for line in lines))
    if at > len(lines) + 1:
        with pytest.raises(ToolError, match="insert at a line from 1 to"):
            workspace.insert_text_file("lines.txt", "new", at)
        return
    workspace.insert_text_file("lines.txt", "new", at)
    assert content(workspace, "lines.txt").splitlines() == [*lines[: at - 1], "new", *lines[at - 1 :]]


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/passwd", "link", "folder-link/outside.txt", "~/x", "a/../../x"]
)
@pytest.mark.parametrize("writing", [False, True])
def test_nothing_outside_the_workspace_is_touched(workspace: Workspace, path: str, writing: bool) -> None:
    outside = workspace.folder.parent / "outside.txt"
    outside.write_text("the secret")
    (workspace.folder / "link").symlink_to(outside)
    (workspace.folder / "folder-link").symlink_to(workspace.folder.parent)
    touch = partial(workspace.write_text_file, content="changed") if writing else workspace.view_text_file
    with pytest.raises(ToolError, match="outside the workspace"):
        touch(path)
    assert outside.read_text() == "the secret"


def test_a_link_that_is_swapped_meanwhile_leads_nowhere(workspace: Workspace) -> None:
    outside = workspace.folder.parent / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text("the secret")
    inside = workspace.folder / "inside"
    inside.mkdir()
    (inside / "file.txt").write_text("harmless")
    swapping, next_one, stop = workspace.folder / "swapping", workspace.folder / "next", threading.Event()
    swapping.symlink_to(inside)

    def swap() -> None:
        while not stop.is_set():
            for target in (inside, outside):
                next_one.symlink_to(target)
                next_one.replace(swapping)

    thread = threading.Thread(target=swap)
    thread.start()
    seen: set[str] = set()
    try:
        for _ in range(300):
            try:
                seen.add(workspace.view_text_file("swapping/file.txt").text)
                workspace.write_text_file("swapping/file.txt", "harmless")
            except ToolError:
                continue
    finally:
        stop.set()
        thread.join()
    assert not [text for text in seen if "secret" in text]
    assert (outside / "file.txt").read_text() == "the secret"


def test_links_within_the_workspace_work(workspace: Workspace) -> None:
    (workspace.folder / "link").symlink_to("abc.txt")
    assert "1: a" in workspace.view_text_file("link").text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "empty"),
        ("nothing.txt", "There is no file nothing.txt"),
        (".", r"is no file|Is a directory"),
        ("a\0b", "zero byte"),
        ("pipe", "is no file"),
        ("binary", "is not UTF-8 text"),
        ("x" * 5000, "cannot be"),
        ("abc.txt/below", r"cannot be opened|There is no file"),
    ],
)
def test_what_cannot_be_read_is_told(workspace: Workspace, name: str, said: str) -> None:
    os.mkfifo(workspace.folder / "pipe")
    (workspace.folder / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ToolError, match=said):
        workspace.view_text_file(name)


@pytest.mark.parametrize("ranges", [[0, 1], [4, 5], [2, 1], [1], [1, 2, 3], []])
def test_lines_that_are_not_there_are_told(workspace: Workspace, ranges: list[int]) -> None:
    with pytest.raises(ToolError, match=r"has 3 lines|holds two numbers"):
        workspace.view_text_file("abc.txt", ranges)
    with pytest.raises(ToolError, match=r"has 3 lines|holds two numbers"):
        workspace.write_text_file("abc.txt", "x", ranges)
    assert content(workspace) == ABC


def test_an_empty_file_and_a_huge_one_are_told(workspace: Workspace) -> None:
    (workspace.folder / "empty").touch()
    assert workspace.view_text_file("empty").text == "empty is empty."
    with (workspace.folder / "huge").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(ToolError, match=r"larger than 10,000,000 bytes"):
        workspace.view_text_file("huge")


def test_a_workspace_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="is no folder"):
        Workspace(tmp_path / "nothing")


async def test_the_plain_functions_work_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    toolkit = Toolkit()
    for tool in (view_text_file, write_text_file, insert_text_file):
        toolkit.register_tool_function(tool)
    await toolkit.execute_tool_function("write_text_file", {"file_path": "a.txt", "content": "one\n"})
    await toolkit.execute_tool_function("insert_text_file", {"file_path": "a.txt", "content": "two", "line_number": 2})
    shown = await toolkit.execute_tool_function("view_text_file", {"file_path": "a.txt", "ranges": "[1, 2]"})
    assert "1: one\n2: two" in shown.text
    refused = await toolkit.execute_tool_function("view_text_file", {"file_path": "/etc/passwd"})
    assert refused.is_error
    assert (await view_text_file("a.txt")).text.startswith("The content of a.txt")


async def test_an_absolute_path_inside_the_workspace_is_taken(workspace: Workspace) -> None:
    assert "1: a" in workspace.view_text_file(str(workspace.folder / "abc.txt")).text
