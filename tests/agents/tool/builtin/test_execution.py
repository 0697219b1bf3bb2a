from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from agents.tool import Toolkit, Workspace, execute_python_code, execute_shell_command
from agents.tool.sandbox import SandboxLimits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell is bash")


async def test_code_and_commands_work_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    toolkit = Toolkit()
    toolkit.register_tool_function(execute_python_code)
    toolkit.register_tool_function(execute_shell_command)
    written = await toolkit.execute_tool_function("execute_python_code", {"code": "open('a', 'w').write('hello')"})
    assert not written.is_error
    read = await toolkit.execute_tool_function("execute_shell_command", {"command": "cat a"})
    assert read.text.startswith("<returncode>0</returncode><stdout>hello</stdout><stderr></stderr>")
    failed = await toolkit.execute_tool_function("execute_python_code", {"code": "1 / 0"})
    assert failed.is_error
    assert "ZeroDivisionError" in failed.text


async def test_a_timeout_tells_the_output_so_far(tmp_path: Path) -> None:
    response = await Workspace(tmp_path).execute_python_code("print('so far')\nwhile True: pass", timeout=1)
    assert "<stdout>so far\n</stdout>" in response.text
    assert "exceeded the timeout of 1 seconds" in response.text
    assert response.metadata is not None
    assert response.metadata["verdict"] == "time"


async def test_the_limits_of_a_workspace_hold(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, limits=SandboxLimits(file_mb=1))
    response = await workspace.execute_python_code("open('big', 'wb').write(b'x' * 3_000_000)")
    assert "File too large" in response.text


async def test_code_never_runs_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text("the secret")
    monkeypatch.setenv("HOME", str(home))
    for folder in (home, tmp_path):
        monkeypatch.chdir(folder)
        response = await execute_shell_command("ls -a; cat secret home/secret")
        assert "the secret" not in response.text
        assert "use Workspace(folder)" in response.text


async def test_cancelling_a_call_kills_its_program(tmp_path: Path) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(Workspace(tmp_path).execute_shell_command)
    command = {"command": "while true; do date >> alive; sleep 0.05; done"}
    task = asyncio.create_task(toolkit.execute_tool_function("execute_shell_command", command))
    while not (tmp_path / "alive").exists():
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    size = (tmp_path / "alive").stat().st_size
    await asyncio.sleep(0.3)
    assert (tmp_path / "alive").stat().st_size == size


async def test_several_programs_run_at_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    begun = time.monotonic()
    await asyncio.gather(*(workspace.execute_shell_command("sleep 2") for _ in range(4)))
    assert time.monotonic() - begun < 7


@pytest.mark.parametrize("timeout", [0, -1])
async def test_a_timeout_that_is_none_is_told(tmp_path: Path, timeout: float) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(Workspace(tmp_path).execute_python_code)
    response = await toolkit.execute_tool_function("execute_python_code", {"code": "1", "timeout": timeout})
    assert response.text == f"Error: A timeout is a number of seconds above 0, found {timeout}."
