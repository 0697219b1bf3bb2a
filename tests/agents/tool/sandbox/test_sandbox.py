from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from agents.exceptions import SandboxError
from agents.tool.sandbox import Sandbox, SandboxLimits
from agents.tool.sandbox.unconfined import run_unconfined

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox confines on Linux only")
LIMITS = SandboxLimits(seconds=60, memory_mb=400, file_mb=5, processes=16, output_mb=2)
WAYS: dict[str, dict[str, bool]] = {
    "namespaces": {},
    "landlock+seccomp": {"namespaces": False},
    "limits": {"namespaces": False, "landlock": False},
}
CONFINED = ["namespaces", "landlock+seccomp"]


def sandbox(workspace: Path, way: str, **changes: Any) -> Sandbox:
    return Sandbox(workspace, replace(LIMITS, **changes), **WAYS[way])


@pytest.fixture(params=list(WAYS))
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return await available(request.param, tmp_path)


@pytest.fixture(params=CONFINED)
async def confined(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return await available(request.param, tmp_path)


async def available(name: str, folder: Path) -> str:
    """The way, where this system has it: a container may forbid namespaces, an old kernel has no Landlock."""
    result = await sandbox(folder, name).run(["true"])
    if result.confinement != name:
        pytest.skip(f"this system confines by {result.confinement}: {result.missing}")
    return name


def alive(marker: str) -> list[int]:
    return [item.pid for item in psutil.process_iter(["cmdline"]) if marker in " ".join(item.info["cmdline"] or ())]


async def test_code_runs_and_shares_the_workspace(way: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    result = await sandbox(tmp_path, way).run_python(
        "import csv, sys\nrows = list(csv.reader(open('data.csv')))\nopen('out.txt', 'w').write(str(rows))\n"
        "print(rows)\nprint('careful', file=sys.stderr)"
    )
    assert result.as_text() == (
        "<returncode>0</returncode><stdout>[['a', 'b'], ['1', '2']]\n</stdout><stderr>careful</stderr>"
    )
    assert (tmp_path / "out.txt").read_text() == "[['a', 'b'], ['1', '2']]"
    assert result.ok


async def test_installed_packages_can_be_imported(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way, memory_mb=1024).run_python("import numpy; print(numpy.arange(3).sum())")
    assert (result.stdout, result.stderr) == ("3\n", "")


async def test_commands_run_in_a_shell(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way).run_shell("echo one | tr a-z A-Z > two; cat two; exit 3")
    assert (result.stdout, result.code, result.ok) == ("ONE\n", 3, False)


async def test_a_traceback_names_the_line(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way).run_python("x = 1\nraise ValueError('here')")
    assert result.code == 1
    assert "line 2" in result.stderr
    assert "ValueError: here" in result.stderr


async def test_the_way_and_what_it_leaves_open_are_named(way: str, tmp_path: Path) -> None:
    described = await sandbox(tmp_path, way).describe()
    assert f"Confined by {way}." in described
    assert ("Nothing is left open" in described) == (way == "namespaces")
    assert ("the network can be reached" in described) == (way == "limits")


async def test_no_variable_is_inherited(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-inherited")
    result = await sandbox(tmp_path, way).run_shell("env; cat /proc/self/environ; tr '\\0' '\\n' </proc/$PPID/environ")
    assert "sk-inherited" not in result.as_text()


async def test_secrets_of_the_parent_cannot_be_read(confined: str, tmp_path: Path) -> None:
    hunt = """
import glob, os
for path in glob.glob('/proc/*/environ') + [f'/proc/{os.getppid()}/environ', '/proc/1/environ', '/proc/1/cmdline']:
    try:
        if b'sk-parent' in open(path, 'rb').read():
            print('LEAK', path)
    except OSError:
        pass
for path in glob.glob('/proc/*/mem') + ['/proc/1/mem', f'/proc/{os.getppid()}/mem']:
    if path not in (f'/proc/{os.getpid()}/mem', '/proc/self/mem', '/proc/thread-self/mem'):
        try:
            open(path, 'rb')
            print('MEMORY', path)
        except OSError:
            pass
print('looked')
"""
    code = (
        "import asyncio, sys\nfrom agents.tool.sandbox import Sandbox\n"
        f"box = Sandbox({str(tmp_path)!r}, **{WAYS[confined]!r})\n"
        f"print(asyncio.run(box.run_python({hunt!r})).as_text())"
    )
    environment = {"PATH": os.defpath, "OPENAI_API_KEY": "sk-parent"}
    command = [sys.executable, "-c", code]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=Path(__file__).parents[4],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "looked" in done.stdout, done.stderr
    assert "LEAK" not in done.stdout
    assert "MEMORY" not in done.stdout


async def test_there_is_no_network(confined: str, tmp_path: Path) -> None:
    connected: list[str] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append("somebody")
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await sandbox(tmp_path, confined).run_python(f"""
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try:
        with socket.socket(socket.AF_INET, kind) as it:
            it.settimeout(2)
            it.connect(('127.0.0.1', {port}))
            it.send(b'x')
        print('SENT')
    except OSError as error:
        print('refused')
""")
    server.close()
    assert result.stdout == "refused\nrefused\n"
    assert connected == []


async def test_nothing_outside_the_workspace_is_written_or_read(confined: str, tmp_path: Path) -> None:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    workspace.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("the secret")
    (workspace / "link").symlink_to(outside)
    (workspace / "file-link").symlink_to(outside / "secret.txt")
    result = await sandbox(workspace, confined).run_python(f"""
import os
def attempt(what, action):
    try:
        print(what, 'WORKED', action())
    except OSError as error:
        print(what, 'refused')
for path in ({str(outside)!r}, 'link', '../outside', '/etc/shadow', os.path.expanduser('~root/.ssh')):
    attempt('list', lambda: os.listdir(path))
for path in ({str(outside / "secret.txt")!r}, 'file-link', 'link/secret.txt', '../outside/secret.txt', '/etc/shadow'):
    attempt('read', lambda: open(path).read())
for path in ({str(outside / "new")!r}, 'link/new', '/usr/new', '/new', '/etc/new', os.__file__):
    attempt('write', lambda: open(path, 'a').write('x'))
attempt('hard link', lambda: os.link({str(outside / "secret.txt")!r}, 'hard'))
""")
    assert "WORKED" not in result.stdout
    assert result.stdout.count("refused") == 17, result.as_text()
    assert sorted(item.name for item in outside.iterdir()) == ["secret.txt"]


async def test_the_interpreter_cannot_be_changed_although_it_stands_in_the_workspace(confined: str) -> None:
    inside = Path(sys.prefix) / "pyvenv.cfg"
    if not inside.exists():
        pytest.skip("the tests do not run in a virtual environment")
    before = inside.read_bytes()
    box = sandbox(Path(sys.prefix).parent, confined)
    result = await box.run_python(f"open({str(inside)!r}, 'a').write('x')")
    changed = inside.read_bytes() != before
    if changed:
        inside.write_bytes(before)
    if confined == "namespaces":
        assert not changed
        assert "Error" in result.stderr


async def test_more_memory_than_allowed_ends_the_run(way: str, tmp_path: Path) -> None:
    greedy = await sandbox(tmp_path, way).run_python("x = []\nwhile True: x.append(bytearray(b'x' * 5_000_000))")
    assert greedy.verdict == "memory" or "MemoryError" in greedy.stderr
    assert "MemoryError" in greedy.as_text()
    at_once = await sandbox(tmp_path, way).run_python("bytearray(3_000_000_000)")
    assert "MemoryError" in at_once.stderr


async def test_a_fork_bomb_ends_with_its_run(way: str, tmp_path: Path) -> None:
    code = "import os, time\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        time.sleep(.1)\n"
    begun = time.monotonic()
    result = await sandbox(tmp_path, way).run_python(code + f"# {tmp_path.name}", timeout=20)
    assert result.verdict == "processes"
    assert result.reason == "The code started more than 16 processes and was stopped."
    assert time.monotonic() - begun < 20


async def test_a_file_cannot_grow_beyond_its_limit(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way).run_python("open('big', 'wb').write(b'x' * 20_000_000)")
    assert "File too large" in result.stderr
    assert (tmp_path / "big").stat().st_size <= 5 << 20


async def test_a_flood_of_output_ends_the_run_and_is_shown_in_part(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way).run_shell("echo begin; yes", timeout=30)
    assert result.verdict == "output"
    assert result.stdout.startswith("begin\n")
    assert "bytes left out ...]" in result.stdout
    assert len(result.as_text()) < 100_000


async def test_when_the_time_is_over_the_output_so_far_is_told(way: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    result = await sandbox(tmp_path, way).run_python("print('before')\nimport time\ntime.sleep(600)", timeout=1)
    assert time.monotonic() - begun < 10
    assert result.as_text() == (
        "<returncode>-1</returncode><stdout>before\n</stdout>"
        "<stderr>TimeoutError: The code execution exceeded the timeout of 1 seconds and was killed.</stderr>"
    )


DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3, 64):
            try: os.close(number)
            except OSError: pass
        open('daemon', 'w').write('up')
        os.execv('/bin/sleep', ['sleep', 'MARKER'])
    os._exit(0)
while not os.path.exists('daemon'): time.sleep(.01)
print('parent is done')
"""


@pytest.mark.parametrize("how", ["ended", "late", "cancelled"])
async def test_no_process_survives_its_run(way: str, tmp_path: Path, how: str) -> None:
    marker = f"9{os.getpid()}{abs(hash((way, how))) % 10_000:04}"
    code = DAEMON.replace("MARKER", marker) + ("" if how == "ended" else "time.sleep(600)")
    running = asyncio.create_task(sandbox(tmp_path, way).run_python(code, timeout=3 if how == "late" else 60))
    if how == "cancelled":
        while not (tmp_path / "daemon").exists():
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        assert "parent is done" in (await running).stdout
    assert (tmp_path / "daemon").exists()
    assert alive(f"sleep {marker}") == []


async def test_the_processes_of_a_killed_agent_end_too(way: str, tmp_path: Path) -> None:
    marker = f"8{os.getpid()}{abs(hash(way)) % 10_000:04}"
    code = (
        "import asyncio\nfrom agents.tool.sandbox import Sandbox\n"
        f"asyncio.run(Sandbox({str(tmp_path)!r}, **{WAYS[way]!r}).run_shell('touch up; sleep {marker}'))"
    )
    agent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[4])
    while not (tmp_path / "up").exists():
        assert agent.poll() is None
        await asyncio.sleep(0.02)
    agent.kill()
    agent.wait()
    deadline = time.monotonic() + 10
    while alive(f"sleep {marker}") and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    assert alive(f"sleep {marker}") == []


async def test_code_of_any_size_and_any_text_is_taken(way: str, tmp_path: Path) -> None:
    code = f"x = '{'é' * 300_000}'\nprint(len(x), '{{script}}', '{{scratch}}')"
    assert (await sandbox(tmp_path, way).run_python(code)).stdout == "300000 {script} {scratch}\n"


async def test_runs_side_by_side_do_not_mix(way: str, tmp_path: Path) -> None:
    box = sandbox(tmp_path, way)
    results = await asyncio.gather(*(box.run_python(f"print({number})") for number in range(6)))
    assert [result.stdout for result in results] == [f"{number}\n" for number in range(6)]


async def test_a_program_that_does_not_exist_is_told(way: str, tmp_path: Path) -> None:
    result = await sandbox(tmp_path, way).run(["no-such-program"])
    assert result.code == 127
    assert "could not start" in result.stderr


async def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="is no folder"):
        await Sandbox(tmp_path / "nothing").run(["true"])
    with pytest.raises(SandboxError, match="above 0"):
        await Sandbox(tmp_path).run(["true"], timeout=0)
    with pytest.raises(SandboxError, match="above 0"):
        await Sandbox(tmp_path).run(["true"], timeout=float("nan"))


async def test_a_system_without_confinement_still_has_a_time_and_says_what_it_lacks(tmp_path: Path) -> None:
    done = await run_unconfined([sys.executable, "{script}"], tmp_path, "import os\nprint(dict(os.environ))", 30)
    assert done.code == 0
    assert "REFDESK" not in done.stdout
    assert "can be reached" in done.missing[0]
    late = await run_unconfined(
        [sys.executable, "-u", "{script}"], tmp_path, "print(1)\nimport time; time.sleep(99)", 1
    )
    assert (late.verdict, late.stdout) == ("time", "1\n")
