"""The pages about moving from other frameworks: each program after the move runs as it stands, as the page says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.runtime import isolated
from agents.testing import Reply, Request, ScriptedServer, tool_call

PAGES = Path(__file__).parent.parent / "docs" / "migration"
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^```text\n(.*?)^```", re.MULTILINE | re.DOTALL)


def is_told(request: Request) -> bool:
    return str(request.messages[-1]["role"]) == "tool"


def autogen(request: Request) -> str:
    replies = sum("Say what for" in str(message["content"]) for message in request.messages)
    if "criticise" in str(request.messages[0]["content"]):
        return "APPROVE" if "larger" in str(request.messages[-1]["content"]) else "Too short. Say what for."
    return "Read, and the world is larger." if replies else "Read."


def crewai(request: Request) -> str | Reply:
    if "short words" in str(request.messages[0]["content"]):
        return f"In 2024 the library had {request.messages[-1]['content']} visitors."
    return "52,000" if is_told(request) else tool_call("visitors", year=2024)


def langgraph(request: Request) -> str:
    asked = sum(message["role"] == "user" for message in request.messages)
    return f"You have asked {asked} time{'s' if asked > 1 else ''}."


def swarm(request: Request) -> str | Reply:
    if "transfer_to_refunds" in request.tools:
        return tool_call("transfer_to_refunds", briefing="order 7")
    return str(request.messages[-1]["content"]) if is_told(request) else tool_call("refund", order="7")


def agentscope(request: Request) -> str | Reply:
    return str(request.messages[-1]["content"]) if is_told(request) else tool_call("opening_hours", day="Monday")


MODELS: dict[str, Callable[[Request], str | Reply]] = {
    "agentscope": agentscope,
    "autogen": autogen,
    "crewai": crewai,
    "langgraph": langgraph,
    "swarm": swarm,
}


def programs(name: str) -> tuple[str, str]:
    before, after = CODE.findall((PAGES / f"{name}.md").read_text("utf-8"))
    return before, after


def test_every_page_is_tested() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(MODELS)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_program_after_the_move_says_what_the_page_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _, after = programs(name)
    [expected] = OUTPUT.findall((PAGES / f"{name}.md").read_text("utf-8"))
    with ScriptedServer([MODELS[name]]) as server, isolated():
        for provider in ("OPENAI", "DASHSCOPE"):
            monkeypatch.setenv(f"{provider}_BASE_URL", server.base_url)
            monkeypatch.setenv(f"{provider}_API_KEY", "key-of-the-test")
        exec(compile(after, name, "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_program_before_the_move_is_python(name: str) -> None:
    before, _ = programs(name)
    assert ast.parse(before).body
