"""Groups, execution, failures and sandboxes as the tutorial's ambiguous lines are read."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents import ReActAgent
from agents.message import ToolUseBlock
from agents.testing import Reply, tool_call, tool_calls
from agents.testing.script import ToolCall
from agents.tool import (
    Toolkit,
    ToolResponse,
    dashscope_text_to_image,
    execute_python_code,
    execute_shell_command,
    view_text_file,
    write_text_file,
)
from tests.agents.readings.wire import assert_paired
from tests.agents.tutorial.conftest import Serve


def ping(word: str = "pong") -> str:
    """Give the word back."""
    return word


def names(toolkit: Toolkit) -> set[str]:
    return {schema["function"]["name"] for schema in toolkit.json_schemas}


def grouped() -> Toolkit:
    toolkit = Toolkit()
    toolkit.create_tool_group("files", "Files.")
    toolkit.register_tool_function(ping, group_name="files")
    toolkit.register_tool_function(view_text_file)
    return toolkit


async def test_a_group_starts_inactive_and_ungrouped_tools_are_always_on() -> None:
    toolkit = grouped()
    assert names(toolkit) == {"view_text_file"}
    refused = await toolkit.execute_tool_function("ping", {"word": "let in"})
    assert refused.is_error
    assert "let in" not in refused.text
    toolkit.update_tool_groups(group_names=["files"], active=True)
    assert names(toolkit) == {"ping", "view_text_file"}
    assert (await toolkit.execute_tool_function("ping", {"word": "let in"})).text == "let in"
    toolkit.update_tool_groups("files", False)
    assert names(toolkit) == {"view_text_file"}
    toolkit.create_tool_group("on", "On.", active=True)
    toolkit.register_tool_function(ping, "on", func_name="ping_on")
    assert "ping_on" in names(toolkit)


async def test_a_model_is_not_offered_an_inactive_tool_and_cannot_call_it(serve: Serve) -> None:
    server = serve([tool_call("ping", word="sesame"), "closed"])
    toolkit = grouped()
    await ReActAgent(name="A", toolkit=toolkit)("Try.")
    assert server.requests[0].tools == ["view_text_file"]
    assert "sesame" not in str(server.requests[1].messages[-1]["content"])
    assert_paired(server.requests)


async def test_the_meta_tool_sets_the_whole_state_at_each_call(serve: Serve) -> None:
    toolkit = Toolkit()
    for name in ("files", "web"):
        toolkit.create_tool_group(name, name)
    toolkit.register_tool_function(ping, "files", func_name="ping_files")
    toolkit.register_tool_function(ping, "web", func_name="ping_web")
    toolkit.register_tool_function(toolkit.reset_equipped_tools)
    server = serve(
        [
            tool_call("reset_equipped_tools", files=True, web=True),
            tool_call("reset_equipped_tools", web=True),
            tool_call("reset_equipped_tools"),
            "done",
        ]
    )
    await ReActAgent(name="A", toolkit=toolkit)("Switch.")
    offered = [set(request.tools) - {"reset_equipped_tools"} for request in server.requests]
    assert offered == [set(), {"ping_files", "ping_web"}, {"ping_web"}, set()]
    schema = toolkit.json_schemas[0]["function"]["parameters"]
    assert set(schema["properties"]) == {"files", "web"}


async def test_an_agent_reads_its_toolkit_again(serve: Serve) -> None:
    server = serve(["one", "two", "three"])
    toolkit = Toolkit()
    agent = ReActAgent(name="A", toolkit=toolkit)
    await agent("First")
    agent.toolkit.register_tool_function(ping)
    outcome = agent.reset_equipped_tools()
    if inspect.isawaitable(outcome):
        await outcome
    await agent("Second")
    agent.toolkit = Toolkit()
    agent.reset_equipped_tools()
    await agent("Third")
    assert [request.tools for request in server.requests] == [[], ["ping"], []]


async def test_execution_by_name_gives_text() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(ping)
    for response in (
        await toolkit.execute_tool_function("ping", {"word": "a"}),
        await toolkit.execute_tool_function("ping", arguments={"word": "a"}),
        await toolkit.execute_tool_function(name="ping", arguments={"word": "a"}),
    ):
        assert response.text == str(response) == "a"
        assert response.content[0]["text"] == "a"
    assert (await toolkit.execute_tool_function("ping", {})).text == "pong"
    assert (await toolkit.execute_tool_function("ping")).text == "pong"


async def test_blocking_tools_run_in_threads_and_overlap() -> None:
    main = threading.get_ident()

    def blocking(word: str) -> str:
        """Block."""
        time.sleep(0.4)
        return f"{word} {threading.get_ident() != main}"

    toolkit = Toolkit()
    toolkit.register_tool_function(blocking)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    results = await asyncio.gather(*(toolkit.execute_tool_function("blocking", {"word": str(at)}) for at in range(4)))
    assert time.perf_counter() - begun < 1.2
    assert [result.text for result in results] == [f"{at} True" for at in range(4)]
    assert ticks >= 5
    ticking.cancel()


async def test_a_call_is_made_as_in_agentscope() -> None:
    async def streaming(count: int) -> AsyncGenerator[ToolResponse, None]:
        """Stream."""
        for at in range(count):
            yield ToolResponse(content=[{"type": "text", "text": f"{at}"}], stream=True, is_last=at == count - 1)

    def generating(count: int) -> Generator[ToolResponse, None, None]:
        """Generate."""
        for at in range(count):
            yield ToolResponse(content=[{"type": "text", "text": f"{at}"}], stream=True)

    toolkit = Toolkit()
    for tool in (ping, streaming, generating):
        toolkit.register_tool_function(tool)
    block = ToolUseBlock(type="tool_use", id="1", name="ping", input={"word": "x"})
    chunks = [chunk async for chunk in await toolkit.call_tool_function(block)]
    assert [chunk.content[0]["text"] for chunk in chunks] == ["x"]
    for name in ("streaming", "generating"):
        call = ToolUseBlock(type="tool_use", id="2", name=name, input={"count": 3})
        assert [chunk.text async for chunk in await toolkit.call_tool_function(call)] == ["0", "1", "2"]
        assert [chunk.text async for chunk in toolkit.call_tool_function(call)] == ["0", "1", "2"]
    unknown = ToolUseBlock(type="tool_use", id="3", name="nope", input={})
    assert "nope" in "".join([chunk.text async for chunk in await toolkit.call_tool_function(unknown)])


async def test_whatever_goes_wrong_becomes_a_tool_message_and_the_loop_goes_on(serve: Serve) -> None:
    def burst(word: str) -> str:
        """Burst."""
        raise ValueError(f"cannot take {word}")

    async def burst_later(word: str) -> str:
        """Burst later."""
        raise SystemExit(word)

    toolkit = Toolkit()
    for tool in (ping, burst, burst_later):
        toolkit.register_tool_function(tool)
    broken = Reply(tool_calls=(ToolCall("ping", '{"word": '), ToolCall("ping", "[1]"), ToolCall("burst", "null")))
    server = serve(
        [
            tool_calls(("burst", {"word": "this"}), ("missing_tool", {"a": 1}), ("burst_later", {"word": "x"})),
            broken,
            tool_call("ping", word="well"),
            "done",
        ]
    )
    assert (await ReActAgent(name="A", toolkit=toolkit)("Go")).content == "done"
    results = [str(message["content"]) for message in server.requests[-1].messages if message["role"] == "tool"]
    assert len(results) == 7
    assert "cannot take this" in results[0]
    assert "missing_tool" in results[1]
    assert "ping" in results[1]
    assert results[6] == "well"
    assert_paired(server.requests)


async def test_code_runs_in_another_process_with_a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("MY_TOKEN", "very-secret-too")
    code = """
    import glob, os
    print("pid", os.getpid())
    print(sorted(os.environ))
    found = 0
    for path in glob.glob("/proc/*/environ"):
        try:
            found += b"secret" in open(path, "rb").read()
        except OSError:
            pass
    print("secrets", found, "secret" in str(os.environ))
    """
    text = (await execute_python_code(textwrap.dedent(code), timeout=30)).text
    assert "secrets 0 False" in text
    assert f"pid {os.getpid()}\n" not in text
    shell = (
        await execute_shell_command("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat /proc/$PPID/environ")
    ).text
    assert "secret" not in shell


def test_code_cannot_read_the_secrets_a_process_was_started_with(tmp_path: Path) -> None:
    program = """
    import asyncio
    from agents.tool import execute_python_code
    code = '''
    import glob
    for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/task/*/environ"):
        try:
            print(b"hidden-words" in open(path, "rb").read())
        except OSError as error:
            print(type(error).__name__)
    print("end")
    '''
    import textwrap
    print(asyncio.run(execute_python_code(textwrap.dedent(code), timeout=30)).text)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        env={
            **os.environ,
            "OPENAI_API_KEY": "hidden-words",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "end" in done.stdout
    assert "True" not in done.stdout


async def test_on_timeout_the_output_so_far_is_told_and_children_are_killed() -> None:
    code = """
    import subprocess, sys, time
    child = subprocess.Popen(["sleep", "4711"])
    print("begun", flush=True)
    print("without flush")
    sys.stdout.flush()
    time.sleep(60)
    """
    begun = time.perf_counter()
    text = (await execute_python_code(textwrap.dedent(code), timeout=1.5)).text
    assert time.perf_counter() - begun < 15
    assert "begun" in text
    assert "without flush" in text
    assert "1.5" in text or "time" in text.lower()
    await asyncio.sleep(0.2)
    alive = [process for process in psutil.process_iter(["cmdline"]) if "4711" in (process.info["cmdline"] or [])]
    assert not alive


async def test_output_that_was_not_flushed_is_told_on_timeout_too() -> None:
    text = (await execute_python_code("print('kept back')\nwhile True: pass", timeout=1.5)).text
    assert "kept back" in text


async def test_a_picture_without_network_is_an_error_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "k")
    toolkit = Toolkit()
    toolkit.register_tool_function(dashscope_text_to_image)
    direct: Any = await dashscope_text_to_image("a lighthouse", api_key="k")
    assert direct.text
    assert direct.is_error
    by_name = await toolkit.execute_tool_function("dashscope_text_to_image", {"prompt": "a lighthouse"})
    assert by_name.text.startswith("Error")


async def test_the_tutorials_tools_take_its_arguments() -> None:
    toolkit = Toolkit()
    for tool in (execute_python_code, execute_shell_command, view_text_file, write_text_file):
        toolkit.register_tool_function(tool)
    written = await toolkit.execute_tool_function("write_text_file", {"file_path": "data.csv", "content": "a,b\n1,2\n"})
    assert not written.is_error
    shown, ran, shelled = await asyncio.gather(
        toolkit.execute_tool_function("view_text_file", {"file_path": "data.csv"}),
        toolkit.execute_tool_function("execute_python_code", {"code": "print(open('data.csv').read())"}),
        toolkit.execute_tool_function("execute_shell_command", {"command": "cat data.csv"}),
    )
    for response in (shown, ran, shelled):
        assert "1,2" in response.text


async def test_a_file_that_is_not_there_is_told_in_text_to_a_direct_caller_too() -> None:
    for direct in (await view_text_file("missing.txt"), await write_text_file("../outside.txt", "x")):
        assert direct.is_error
        assert direct.text.startswith("Error")
