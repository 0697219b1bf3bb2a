"""An agent in Python, named as `module:attribute`: called with a question, it returns or awaits a message.

Of the message, `content` is the answer and `metadata["citations"]` what it cites. What takes no argument makes such an
agent, one for each question. An agent that stays keeps nothing of one question when it is asked the next.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

from eval.cases import Case
from eval.observation import Observation
from eval.targets.marks import citation_hits, said
from eval.targets.target import TargetFailed
from knowledge.errors import UsageError

log = logging.getLogger(__name__)


class AgentTarget:
    """Calls an agent with a question; earlier turns are written before the question.

    An agent with a conversation of its own (`state_dict` and `load_state_dict`) is put back to where it was before
    each question, so it is asked one at a time. Without that it would answer one case out of another.
    """

    def __init__(self, name: str, *, folder: Path | None = None) -> None:
        self._name = name
        found = load_agent(name, folder)
        self._makes = makes_agents(found, name)
        self._agent: Callable[..., Any] = found
        self._state = None if self._makes else _state(found)
        self._lock = Lock()
        self._told = False

    def describe(self) -> Mapping[str, Any]:
        """The name and the file it stands in: what else an agent depends on cannot be known."""
        return {"kind": "agent", "agent": self._name, "source": _source(self._name)}

    def observe(self, case: Case) -> Observation:
        """The agent's reply; raises `TargetFailed` with whatever it raised."""
        try:
            with self._ready() as agent:
                started = perf_counter()
                reply = _called(agent, asked(case))
                seconds = perf_counter() - started
        except Exception as error:  # the edge to foreign code: whatever it raises is a result about it
            if not self._told:  # once is enough to mend it; every case names what it failed with
                self._told = True
                log.warning("%s failed on case %s", self._name, case.id, exc_info=error)
            raise TargetFailed(f"{self._name} raised {type(error).__name__}: {error}") from error
        return _observed(reply, seconds)

    @contextmanager
    def _ready(self) -> Iterator[Callable[..., Any]]:
        """An agent that has heard nothing yet."""
        if self._state is None:
            yield self._agent() if self._makes else self._agent
            return
        with self._lock:
            self._agent.load_state_dict(self._state)  # type: ignore[attr-defined] # `_state` has seen that it is there
            yield self._agent


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


def makes_agents(found: Callable[..., Any], name: str) -> bool:
    """Whether `found` takes no question, but makes what does; raises `UsageError` where it takes neither."""
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):  # some callables written in C do not tell
        return False
    if not isinstance(found, type):
        with suppress(TypeError):
            signature.bind("question")
            return False
    try:
        signature.bind()
    except TypeError as error:
        raise UsageError(
            f"{name!r} is not an agent:", hint="it must take a question, or make an agent without any argument."
        ) from error
    return True


def _state(agent: Any) -> Mapping[str, Any] | None:
    """Where an agent's conversation stands, for those that have one."""
    if not hasattr(agent, "state_dict") or not hasattr(agent, "load_state_dict"):
        return None
    state: Mapping[str, Any] = agent.state_dict()
    return state


def _source(name: str) -> str:
    """Names the content of the module's file, so that an agent that was changed is another one."""
    file = getattr(sys.modules.get(name.partition(":")[0]), "__file__", None)
    return sha256(Path(file).read_bytes()).hexdigest()[:16] if file else ""


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
    metadata = getattr(reply, "metadata", None)
    told: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
    return said(_text(reply), citation_hits(told.get("citations")), told, seconds=seconds)


def _text(reply: Any) -> str:
    content = getattr(reply, "content", reply)
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [block.get("text", "") for block in content if isinstance(block, Mapping)]
        return "\n".join(text for text in texts if text)
    return str(content)
