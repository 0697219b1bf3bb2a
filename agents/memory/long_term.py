"""What agents remember beyond one conversation: a bank of its own, searched by meaning and words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.access import access_of
from agents.memory.memory_bank import MemoryBank
from agents.message.msg import Msg, as_msg
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from knowledge.library import Library
    from knowledge.types import Passage


class LongTermMemory:
    """Remembers what was said to the bank `name` of a library, for one `owner` among many where it is given.

    What is said is embedded on this machine. Tool calls, their results, and messages that rest on restricted passages
    are not remembered. Several processes may use one bank; nothing of another owner is ever found. Raises
    `StorageError` and `BankBusy` as an ingest does.
    """

    def __init__(
        self,
        name: str = "long-term-memory",
        *,
        owner: str = "",
        root: Path | str | None = None,
        limit: int = 5,
    ) -> None:
        if limit < 1:
            raise UsageError(f"limit is {limit}:", hint="ask for one memory or more.")
        self.name = name
        self.owner = owner
        self.limit = limit
        self.root = root
        self._library: Library | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Elsewhere it is the same bank, opened there."""
        return _opened, (self.name, self.owner, self.root, self.limit)

    async def record(self, msgs: Sequence[Msg | str | None] | Msg | str | None, **kwargs: Any) -> None:
        """Remember messages; one that is remembered already, by its id, is not added again."""
        given = [msgs] if isinstance(msgs, Msg | str) or msgs is None else list(msgs)
        messages = [as_msg(item) for item in given if item is not None]
        kept = [item for item in messages if item.text.strip() and not access_of(item)]
        if kept:
            await asyncio.to_thread(self._bank().add, kept)

    async def retrieve(
        self, msg: Msg | str | Sequence[Msg | str] | None, limit: int | None = None, **kwargs: Any
    ) -> str:
        """What is remembered about these messages, a line each with who said it when, best first; "" for nothing."""
        given = [msg] if isinstance(msg, Msg | str) or msg is None else list(msg)
        asked = [as_msg(item) for item in given if item is not None]
        question = "\n".join(item.text for item in asked if item.text.strip())
        if not question.strip():
            return ""
        found = await asyncio.to_thread(self._search, question, limit or self.limit, {item.id for item in asked})
        return "\n".join(f"{_said(passage)}: {' '.join(passage.text.split())}" for passage in found)

    async def record_to_memory(self, content: list[str], thinking: str = "") -> str:
        """Remember facts for later conversations: names, preferences, decisions. One sentence each.

        Args:
            content: The facts, each understandable by itself.
            thinking: Why they are worth remembering.
        """
        await self.record([Msg("assistant", fact) for fact in content])
        return f"Remembered {len(content)} facts."

    async def retrieve_from_memory(self, keywords: list[str]) -> str:
        """Look up what was remembered in earlier conversations.

        Args:
            keywords: What to look for, such as a name or a topic.
        """
        found = [await self.retrieve(keyword) for keyword in keywords]
        lines = dict.fromkeys(line for text in found for line in text.splitlines())
        return "\n".join(lines) or "Nothing is remembered about this."

    def tools(self) -> list[Callable[..., Any]]:
        """The functions with which an agent remembers and looks up of its own accord."""
        return [self.record_to_memory, self.retrieve_from_memory]

    def clear(self) -> None:
        """Forget everything that this owner said."""
        self._bank().clear()

    def _search(self, question: str, limit: int, asked: set[str]) -> list[Passage]:
        # What is asked may be remembered already; it is no answer to itself.
        found = self._bank().search(question, limit + len(asked))
        return [passage for passage in found if passage.uri.rpartition("/")[2] not in asked][:limit]

    def _bank(self) -> MemoryBank:
        """The bank under the root that is in force; it stays open between calls."""
        from agents.rag.library import default_shell, open_default_library  # takes the embedding models

        if self._library is None or (self.root is None and self._library.root != default_shell().root):
            self._library = open_default_library(self.root)
        return MemoryBank(self._library, self.name, self.owner or "anyone")


def _said(passage: Passage) -> str:
    speaker, said_at = passage.metadata.get("speaker", ""), str(passage.metadata.get("said_at", ""))
    return f"{speaker} ({said_at[:10]})"


def _opened(name: str, owner: str, root: Path | str | None, limit: int) -> LongTermMemory:
    return LongTermMemory(name, owner=owner, root=root, limit=limit)
