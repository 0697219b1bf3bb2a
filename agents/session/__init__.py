"""State of agents and whatever else has one, saved under the name of a session."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.session.json_session import JSONSession
    from agents.session.session import SessionBase
    from agents.session.sqlite_session import SQLiteSession
    from agents.session.state import StateModule

__all__ = ["JSONSession", "SQLiteSession", "SessionBase", "StateModule"]
HOMES = {
    "JSONSession": "json_session",
    "SQLiteSession": "sqlite_session",
    "SessionBase": "session",
    "StateModule": "state",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: SQLite is needed by few.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.session.{HOMES[name]}"), name)
