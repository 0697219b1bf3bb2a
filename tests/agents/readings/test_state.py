"""What is remembered and saved, across kills and processes, as the tutorial's ambiguous lines are read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from agents import DialogAgent, ReActAgent
from agents.memory import FileDumpMemory, InMemoryMemory, SQLiteMemory
from agents.message import ImageBlock, Msg, TextBlock, ToolResultBlock, ToolUseBlock, URLSource
from agents.session import JSONSession, StateModule
from agents.testing import tool_call
from agents.tool import Toolkit
from knowledge.errors import RefdeskError
from tests.agents.tutorial.conftest import Serve

ROOT = Path(__file__).parents[3]


def python(program: str, *arguments: str, folder: Path) -> subprocess.Popen[str]:
    """A process of its own with the project's packages."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def rich() -> list[Msg]:
    """Messages of every kind."""
    return [
        Msg(
            "user",
            [TextBlock(type="text", text="Look: é 你好 \u2028 \x00"), picture()],
            url="https://example.com/a.png",
        ),
        Msg("A", [ToolUseBlock(type="tool_use", id="1", name="add", input={"left": 1})], metadata={"odd": {1, 2}}),
        Msg("system", [ToolResultBlock(type="tool_result", id="1", name="add", output="2")], "system"),
        Msg("A", "Two.", metadata={"path": Path("x"), "bytes": b"\xff"}),
    ]


def picture() -> ImageBlock:
    return ImageBlock(type="image", source=URLSource(type="url", url="https://example.com/b.png"))


@pytest.mark.parametrize("kind", ["list", "file", "sqlite"])
async def test_an_export_is_json_and_loads_elsewhere(tmp_path: Path, kind: str) -> None:
    def made(name: str) -> Any:
        if kind == "file":
            return FileDumpMemory(tmp_path / f"{name}.json")
        return InMemoryMemory() if kind == "list" else SQLiteMemory(tmp_path / "t.sqlite", name)

    memory = made("one")
    memory.add(rich())
    exported = memory.export()
    text = json.dumps(exported)
    other = made("two")
    other.load(json.loads(text))
    assert [message.text for message in other.get_memory()] == [message.text for message in memory.get_memory()]
    assert [message.id for message in other.get_memory()] == [message.id for message in memory.get_memory()]
    assert [message.id for message in memory.get_memory(recent_n=2)] == [message.id for message in memory.get_memory()][
        -2:
    ]
    assert list(memory.get_memory(recent_n=0)) == []
    assert list(await memory.get_memory(recent_n=0)) == []
    assert len(memory.get_memory(10)) == 4
    assert len(memory.get_memory(recent_n=None)) == 4


def test_an_acknowledged_message_survives_a_kill_and_is_valid_json_at_once(tmp_path: Path) -> None:
    program = """
    import sys, time
    from agents.memory import FileDumpMemory
    from agents.message import Msg
    memory = FileDumpMemory("talk.json")
    for at in range(300):
        memory.add(Msg("user", f"message {at}"))
        print(at, flush=True)
    time.sleep(60)
    """
    acknowledged = -1
    with python(program, folder=tmp_path) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged in (0, 1, 50):
                assert isinstance(json.loads((tmp_path / "talk.json").read_text("utf-8")), list)
            if acknowledged == 120:
                break
        os.kill(writer.pid, signal.SIGKILL)
    kept = [message.content for message in FileDumpMemory(str(tmp_path / "talk.json")).get_memory()]
    assert kept[: acknowledged + 1] == [f"message {at}" for at in range(acknowledged + 1)]
    assert kept == [f"message {at}" for at in range(len(kept))]


def test_the_file_holds_every_acknowledged_message_for_a_plain_reader(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    memory = FileDumpMemory(str(path))
    for at in range(30):
        memory.add(Msg("user", f"message {at}"))
        assert json.loads(path.read_text("utf-8"))[-1]["content"] == f"message {at}"


def test_a_second_process_sees_what_the_first_one_wrote_and_the_other_way_round(tmp_path: Path) -> None:
    mine = FileDumpMemory(tmp_path / "talk.json")
    mine.add(Msg("user", "from the first"))
    program = """
    from agents.memory import FileDumpMemory
    from agents.message import Msg
    memory = FileDumpMemory("talk.json")
    print([message.content for message in memory.get_memory()], flush=True)
    memory.add(Msg("user", "from the second"))
    """
    second = python(program, folder=tmp_path)
    said, _ = second.communicate(timeout=60)
    assert "from the first" in said
    assert [message.content for message in mine.get_memory()] == ["from the first", "from the second"]
    assert mine.size() == 2
    mine.add(Msg("user", "third"))
    held = json.loads((tmp_path / "talk.json").read_text("utf-8"))
    assert [entry["content"] for entry in held] == ["from the first", "from the second", "third"]


class Inner(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.level = 1


class Custom(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.conversation_count = 0
        self.user_preferences: dict[str, Any] = {}
        self.inner = Inner()
        self._private = "hidden"
        self.__very_private = "hidden"


class Forgetful(StateModule):
    def __init__(self) -> None:
        self.count = 3


def test_public_attributes_are_saved_without_registration_and_private_ones_not() -> None:
    module: Any = Custom()
    module.conversation_count = 5
    module.user_preferences["tone"] = "dry"
    module.inner.level = 9
    module.later = [1, 2]
    state = json.loads(json.dumps(module.state_dict()))
    assert state["conversation_count"] == 5
    assert state["user_preferences"] == {"tone": "dry"}
    assert state["inner"]["level"] == 9
    assert state["later"] == [1, 2]
    assert "hidden" not in json.dumps(state)
    other: Any = Custom()
    other.load_state_dict(state)
    assert (other.conversation_count, other.user_preferences, other.inner.level) == (5, {"tone": "dry"}, 9)
    assert other._private == "hidden"
    assert json.loads(json.dumps(Forgetful().state_dict()))["count"] == 3


def test_a_missing_registered_key_is_a_key_error_only_when_strict() -> None:
    class Registering(StateModule):
        def __init__(self) -> None:
            super().__init__()
            self.value = 1
            self.register_state("value")

    module = Registering()
    state = module.state_dict()
    del state["value"]
    with pytest.raises(KeyError):
        module.load_state_dict(state)
    with pytest.raises(KeyError):
        module.load_state_dict(state, strict=True)
    module.load_state_dict(state, strict=False)
    assert module.value == 1


@pytest.mark.parametrize("kind", [ReActAgent, DialogAgent])
async def test_an_agents_state_holds_its_conversation_and_loading_replaces_it(serve: Serve, kind: Any) -> None:
    server = serve(["first answer", "other answer", "third answer"])
    agent, other = kind(name="A"), kind(name="A")
    agent.state = Custom()
    agent.state.conversation_count = 7
    await agent("first question")
    state = json.loads(json.dumps(agent.state_dict()))
    assert "first question" in json.dumps(state)
    other.state = Custom()
    await other("other question")
    other.load_state_dict(state)
    assert [message.content for message in other.memory.get_memory()] == ["first question", "first answer"]
    assert other.state.conversation_count == 7
    await other("next question")
    assert "first question" in server.requests[-1].text
    assert "other question" not in server.requests[-1].text


async def test_a_state_goes_through_a_file_into_a_new_process(serve: Serve, workplace: Path) -> None:
    server = serve([tool_call("add", left=1, right=1), "two", "remembered"])

    def add(left: int, right: int) -> int:
        """Add."""
        return left + right

    toolkit = Toolkit()
    toolkit.create_tool_group("maths", "Maths.", active=True)
    toolkit.register_tool_function(add, "maths")
    agent = ReActAgent(name="A", toolkit=toolkit)
    await agent("What is 1 + 1?")
    Path("state.json").write_text(json.dumps(agent.state_dict()), "utf-8")
    program = """
    import asyncio, json, sys
    import agents
    from agents import ReActAgent
    from agents.tool import Toolkit
    agents.init({"config_name": "c", "model_type": "openai_chat", "model_name": "gpt-4", "api_key": "k"})
    toolkit = Toolkit()
    toolkit.create_tool_group("maths", "Maths.")
    agent = ReActAgent(name="A", toolkit=toolkit)
    agent.load_state_dict(json.load(open("state.json")))
    print(toolkit.active_groups, (asyncio.run(agent("And before?"))).content)
    """
    told, _ = python(program, folder=workplace).communicate(timeout=60)
    assert told.split() == ["['maths']", "remembered"]
    assert "What is 1 + 1?" in server.requests[-1].text
    assert [message["role"] for message in server.requests[-1].messages].count("tool") == 1


@pytest.mark.parametrize(
    "session_id",
    ["../outside", "/tmp/outside", "..", ".", "a/../../outside", "..\\outside", "a/b", "\x00", "a" * 400, "~/x", "C:x"],
)
async def test_a_session_never_leaves_its_folder(tmp_path: Path, session_id: str) -> None:
    folder = tmp_path / "deep" / "sessions"
    session = JSONSession(save_dir=str(folder))
    module = Custom()
    module.conversation_count = 4
    try:
        await session.save_session_state(session_id=session_id, module=module)
    except RefdeskError:
        pass
    else:
        other = Custom()
        await session.load_session_state(session_id=session_id, module=other)
        assert other.conversation_count == 4
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(folder)]
    assert not outside
    assert not Path("/tmp/outside.json").exists()
