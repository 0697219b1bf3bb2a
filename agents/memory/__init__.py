"""What agents remember: conversations in memory, in files and in SQLite, and a bank for the long term."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.memory.compaction import Compaction
    from agents.memory.file_dump import FileDumpMemory
    from agents.memory.in_memory import InMemoryMemory
    from agents.memory.llamaindex_memory import LlamaIndexMemory
    from agents.memory.long_term import LongTermMemory
    from agents.memory.memory import MemoryBase
    from agents.memory.sqlite import SQLiteMemory

__all__ = [
    "Compaction",
    "FileDumpMemory",
    "InMemoryMemory",
    "LlamaIndexMemory",
    "LongTermMemory",
    "MemoryBase",
    "SQLiteMemory",
]
HOMES = {
    "Compaction": "compaction",
    "FileDumpMemory": "file_dump",
    "InMemoryMemory": "in_memory",
    "LlamaIndexMemory": "llamaindex_memory",
    "LongTermMemory": "long_term",
    "MemoryBase": "memory",
    "SQLiteMemory": "sqlite",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: SQLite and banks are needed by few.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.memory.{HOMES[name]}"), name)
