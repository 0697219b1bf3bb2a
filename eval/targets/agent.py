"""An agent in Python, named as `module:attribute`: called with a question, it returns or awaits a message.

Of the message, `content` is the answer and `metadata["citations"]` what it cites.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from eval.cases import Case
from eval.observation import Observation
from eval.targets.marks import citation_hits, cited_sentences, says_nothing
from eval.targets.target import TargetFailed
from knowledge.errors import UsageError

log = logging.getLogger(__name__)


class AgentTarget:
    """Calls an agent with one question after another; earlier turns are written before the question."""

    def __init__(self, name: str, *, folder: Path | None = None) -> None:
        self._name = name
        self._agent = load_agent(name, folder)

    def describe(self) -> Mapping[str, Any]:
        """The name alone: what an agent depends on cannot be known."""
        return {"kind": "agent", "agent": self._name}

    def observe(self, case: Case) -> Observation:
        """The agent's reply; raises `TargetFailed` with whatever it raised."""
        started = perf_counter()
        try:
            reply = _called(self._agent, asked(case))
        except Exception as error:  # the edge to foreign code: whatever it raises is a result about it
            log.warning("%s failed on case %s", self._name, case.id, exc_info=error)
            raise TargetFailed(f"{self._name} raised {type(error).__name__}: {error}") from error
        return _observed(reply, perf_counter() - started)


def load_agent(name: str, folder: Path | None = None) -> Any:
    """What `module:attribute` names, looked for in `folder` too; raises `UsageError`."""
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise UsageError(f"{name!r} names no agent:", hint="write module:attribute.")
    if folder is not None and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        found: Any = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{name!r} cannot be loaded: {error}.") from error
    if not callable(found):
        raise UsageError(f"{name!r} is not an agent: it cannot be called with a question.")
    return found


def asked(case: Case) -> str:
    """The question, after the turns before it where there are any."""
    turns = [f"{turn.role}: {turn.text}" for turn in case.history]
    return "\n".join([*turns, f"user: {case.question}"]) if turns else case.question


def _called(agent: Any, question: str) -> Any:
    reply = agent(question)
    return asyncio.run(_awaited(reply)) if inspect.isawaitable(reply) else reply


async def _awaited(reply: Any) -> Any:
    return await reply


def _observed(reply: Any, seconds: float) -> Observation:
    text = _text(reply)
    metadata = getattr(reply, "metadata", None)
    told: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    citations = citation_hits(told.get("citations"))
    abstained = bool(told.get("abstained", says_nothing(text)))
    confidence = told.get("confidence")
    return Observation(
        text=text,
        sentences=() if abstained else cited_sentences(text, citations),
        abstained=abstained,
        confidence=float(confidence) if isinstance(confidence, int | float) else None,
        seconds=seconds,
    )


def _text(reply: Any) -> str:
    content = getattr(reply, "content", reply)
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [block.get("text", "") for block in content if isinstance(block, Mapping)]
        return "\n".join(text for text in texts if text)
    return str(content)
