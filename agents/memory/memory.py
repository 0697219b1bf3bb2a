"""What every memory of a conversation offers, whatever it is kept in."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar

from agents.exceptions import MissingState
from agents.memory.records import Record, from_record, read_records, to_record
from agents.memory.results import Counted, Done, Listed
from agents.message.msg import Msg
from agents.session.files import write_json
from agents.session.state import StateModule
from knowledge.errors import UsageError

Filter = Callable[[Msg], bool] | Mapping[str, Any]
Which = int | str | Msg | Iterable[int | str | Msg]
CONTENT = "content"


class NoSuchMessage(UsageError, IndexError):
    """The memory holds no message under that index or id."""


class InvalidCount(UsageError, ValueError):
    """A number of messages is none, or below zero."""


class MemoryBase(StateModule, ABC):
    """The messages of one conversation, oldest first, each once.

    Every call takes effect before it returns, and its result may be awaited. Thread-safe: what one call adds stands
    together, and a reader sees it whole or not at all. Failing calls change nothing.
    """

    TRANSIENT: ClassVar[frozenset[str]] = frozenset({CONTENT})
    # Whether the conversation outlives the process by itself.
    persistent: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self._lock = RLock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=RLock())

    def add(self, memories: Msg | Mapping[str, Any] | Iterable[Msg] | None, allow_duplicates: bool = False) -> Done:
        """Add a message or several at once; those that are there by id are left out unless duplicates are allowed."""
        self._append(_messages(memories), duplicates=allow_duplicates)
        return Done()

    def append_turn(self, turn: Sequence[Msg]) -> Done:
        """Add the messages of a turn: all together or none, with nothing of another turn between them."""
        return self.add(turn)

    def get_memory(self, recent_n: int | None = None, filter: Filter | None = None) -> Listed[Msg]:
        """The messages, oldest first: those that pass `filter`, and the last `recent_n` of them.

        A filter is a function of a message, or the values that its fields must have. Raises `UsageError` for a
        `recent_n` below zero; 0 gives none.
        """
        if recent_n is not None and (not isinstance(recent_n, int) or isinstance(recent_n, bool) or recent_n < 0):
            raise InvalidCount(f"recent_n is {recent_n!r}:", hint="ask for 0 messages or more.")
        found = [msg for msg in self._read() if filter is None or _passes(msg, filter)]
        return Listed(found if recent_n is None else found[len(found) - min(recent_n, len(found)) :])

    def delete(self, index: Which) -> Done:
        """Remove messages by index (from the end when negative), by id, or as they are; one or several.

        Raises `NoSuchMessage` (an `IndexError`), and removes none, where one of them is not there.
        """
        with self._writing():
            held = self._read()
            gone = {_position(which, held) for which in _each(index)}
            if gone:
                self._replace([msg for at, msg in enumerate(held) if at not in gone])
        return Done()

    def clear(self) -> Done:
        """Remove every message."""
        self._replace([])
        return Done()

    def size(self) -> Counted:
        """How many messages there are."""
        return Counted(len(self._read()))

    def export(self, file_path: str | os.PathLike[str] | None = None) -> Listed[Record]:
        """Every message as JSON-able data; written to a file too where one is named."""
        records = [to_record(msg) for msg in self._read()]
        if file_path is not None:
            write_json(Path(file_path), records)
        return Listed(records)

    def load(self, memories: object, overwrite: bool = False) -> Done:
        """Add what `export` gave: records, messages, JSON text, or the path of a file of it.

        With `overwrite` it replaces what is there. Raises `StateError` for what is no export.
        """
        loaded = read_records(memories)
        if overwrite:
            self._replace(_once(loaded))
        else:
            self._append(loaded, duplicates=False)
        return Done()

    def state_dict(self) -> dict[str, Any]:
        """The state: the messages, under `content`, beside public attributes of a subclass."""
        return super().state_dict() | {CONTENT: list(self.export())}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Replace the conversation by a saved one; see `StateModule`."""
        self._state_check(state_dict)
        if CONTENT not in state_dict:
            if strict:
                raise MissingState(f"The state of {type(self).__name__} lacks {CONTENT!r}.")
            super().load_state_dict(state_dict, strict)
            return
        messages = [from_record(record) for record in state_dict[CONTENT]]
        super().load_state_dict({name: value for name, value in state_dict.items() if name != CONTENT}, strict)
        self._replace(messages)

    def __len__(self) -> int:
        return int(self.size())

    def __bool__(self) -> bool:
        # Without this a memory that is empty would count as none given.
        return True

    def _writing(self) -> Any:
        """Held while messages are read to be written back."""
        return self._lock

    @abstractmethod
    def _read(self) -> list[Msg]:
        """The messages as they stand, in a list of the caller's own."""

    @abstractmethod
    def _append(self, messages: list[Msg], *, duplicates: bool) -> None:
        """Add messages together."""

    @abstractmethod
    def _replace(self, messages: list[Msg]) -> None:
        """Hold these messages and no others."""


def unknown(messages: Iterable[Msg], known: Container[str]) -> list[Msg]:
    """The messages whose id is not among the known ones, each once."""
    new: dict[str, Msg] = {}
    for msg in messages:
        if msg.id not in known:
            new.setdefault(msg.id, msg)
    return list(new.values())


def _once(messages: Iterable[Msg]) -> list[Msg]:
    return unknown(messages, ())


def _messages(given: object) -> list[Msg]:
    if given is None:
        return []
    if isinstance(given, Msg | Mapping):
        given = [given]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(f"A memory holds messages, found {type(given).__name__}:", hint='write Msg("user", text).')
    messages = [Msg.from_dict(item) if isinstance(item, Mapping) else item for item in given if item is not None]
    for item in messages:
        if not isinstance(item, Msg):
            raise UsageError(f"A memory holds messages, found {type(item).__name__}:", hint='write Msg("user", text).')
    return messages


def _passes(msg: Msg, wanted: Filter) -> bool:
    if callable(wanted):
        return bool(wanted(msg))
    if not isinstance(wanted, Mapping):
        raise UsageError(f"A filter is a function or a dict of fields, found {type(wanted).__name__}.")
    return all(msg.get(name) == value for name, value in wanted.items())


def _each(which: Which) -> list[int | str | Msg]:
    return [which] if isinstance(which, int | str | Msg) else list(which)


def _position(which: object, held: list[Msg]) -> int:
    if isinstance(which, int) and not isinstance(which, bool):
        if -len(held) <= which < len(held):
            return which % len(held)
        raise NoSuchMessage(f"There is no message {which} among {len(held)}.")
    wanted = which.id if isinstance(which, Msg) else which
    if not isinstance(wanted, str):
        raise UsageError(f"Messages are deleted by index or id, found {type(which).__name__}.")
    for at, msg in enumerate(held):
        if msg.id == wanted:
            return at
    raise NoSuchMessage(f"There is no message with the id {wanted!r}.")
