"""The conversation of an agent that runs elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.distribution.link import Link
from agents.memory.memory import MemoryBase, Which
from agents.memory.results import Done
from agents.message.msg import Msg


class RemoteMemory(MemoryBase):
    """As any memory; every call waits for the worker. What it gives back are copies."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def delete(self, index: Which) -> Done:
        self._link.call("memory.delete", index, once=True)
        return Done()

    def load(self, memories: object, overwrite: bool = False) -> Done:
        self._link.call("memory.load", memories, overwrite)
        return Done()

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        self._link.call("memory.load_state_dict", state_dict, strict)

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = self._link.call("memory.state_dict", changes=False)
        return state

    def _read(self) -> list[Msg]:
        return list(self._link.call("memory.get_memory", changes=False))

    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        self._link.call("memory.add", messages, duplicates, once=duplicates)

    def _replace(self, messages: list[Msg]) -> None:
        self._link.call("memory.load", messages, True)
