"""The store: the database and a table of each noun."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from serve.store.conversations import Conversations
from serve.store.database import Database, open_database
from serve.store.events import Events
from serve.store.messages import Messages
from serve.store.migrating import know_all_tables
from serve.store.turns import Turns


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that the service remembers. Other nouns make their own over `database`."""

    database: Database
    conversations: Conversations
    messages: Messages
    turns: Turns
    events: Events

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()


def open_store(root: Path, url: str | None = None, *, password: str | None = None) -> Store:
    """The store in the database at `url`, else in a file beside the banks; its tables are brought up to date."""
    know_all_tables()
    database = open_database(root, url, password=password)
    return Store(database, Conversations(database), Messages(database), Turns(database), Events(database))
