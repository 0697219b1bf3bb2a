"""The code blocks of the tutorial as programs: renamed by the table of the public surface, and nothing else changed."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TUTORIAL = Path(__file__).parents[4] / "shared" / "reference" / "agentscope-tutorial.md"
RENAMED = (
    (r"\bagentscope\.rag\.llama_index_knowledge\b", "agents.rag"),
    (r"\bagentscope\.utils\.exceptions\b", "agents.exceptions"),
    (r"\bagentscope\.utils\b", "agents.budget"),
    (r"\bagentscope\.agent\b", "agents"),
    (r"\bagentscope\b", "agents"),
)
# What a reader of the tutorial has imported before the block at hand begins.
PROLOGUE = """
from agents import DialogAgent, LlamaIndexAgent, ReActAgent, UserAgent
from agents.memory import InMemoryMemory
from agents.message import Msg
from agents.model import DashScopeChatModel
from agents.pipeline import IfElsePipeline, MsgHub, SequentialPipeline, sequential_pipeline
from agents.rag import LlamaIndexKnowledge
from agents.tool import Toolkit, execute_python_code, view_text_file, write_text_file
"""

needs_tutorial = pytest.mark.skipif(not TUTORIAL.is_file(), reason="the tutorial does not stand beside this checkout")


@cache
def blocks() -> tuple[str, ...]:
    """Every Python block of the tutorial, in order, with the imports renamed."""
    text = TUTORIAL.read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return tuple(renamed(block) for block in found)


def renamed(code: str) -> str:
    """`code` with the names of the table."""
    for old, new in RENAMED:
        code = re.sub(old, new, code)
    return code


def block(*words: str) -> str:
    """The one block that holds all of `words`."""
    found = [code for code in blocks() if all(word in code for word in words)]
    assert len(found) == 1, f"{len(found)} blocks hold {words}"
    return found[0]


async def run(code: str, **supplied: Any) -> dict[str, Any]:
    """Execute a block, with what its reader supplies; the names that it leaves. Awaits at top level work."""
    names: dict[str, Any] = {"asyncio": asyncio, "json": json, "os": os}
    exec(compile(PROLOGUE, "prologue", "exec"), names)
    names.update(supplied)
    compiled = compile(code, "tutorial", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    outcome = eval(compiled, names)
    if inspect.isawaitable(outcome):
        await outcome
    return names
