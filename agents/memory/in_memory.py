"""A conversation kept in this process."""

from __future__ import annotations

from agents.memory.memory import MemoryBase, unknown
from agents.message.msg import Msg


class InMemoryMemory(MemoryBase):
    """Messages in a list, gone with the process unless the state is saved."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[Msg] = []
        self._ids: set[str] = set()

    def _read(self) -> list[Msg]:
        with self._lock:
            return list(self._messages)

    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        with self._lock:
            new = messages if duplicates else unknown(messages, self._ids)
            self._messages.extend(new)
            self._ids.update(msg.id for msg in new)

    def _replace(self, messages: list[Msg]) -> None:
        with self._lock:
            self._messages = list(messages)
            self._ids = {msg.id for msg in messages}
