"""Messages as JSON-able records and back, whatever their metadata holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agents.exceptions import StateError
from agents.message.msg import Msg
from agents.message.storable import encodes
from knowledge.errors import UsageError

Record = dict[str, Any]


def to_record(msg: Msg) -> Record:
    """The message as JSON-able data that shares nothing with it.

    What is no JSON in its blocks and metadata is written as the nearest that is: fields as a dict, a collection as a
    list, anything else as its text. `from_record` gives the message back with the same identity.
    """
    record: Record = json.loads(to_line(msg))
    return record


def to_line(msg: Msg) -> str:
    """The record as one line of JSON text that encodes as UTF-8."""
    record = msg.to_dict()
    try:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        line = json.dumps(_plain(record, 0), ensure_ascii=False, allow_nan=False)
    # Half of a surrogate pair, as broken input holds it, has no UTF-8; as an escape it survives.
    return line if encodes(line) else json.dumps(json.loads(line))


def from_record(record: object) -> Msg:
    """The message that `to_record` wrote; raises `StateError` for what is no message."""
    if isinstance(record, Msg):
        return record
    if not isinstance(record, Mapping):
        raise StateError(f"A saved message is a dict, found {type(record).__name__}.")
    try:
        return Msg.from_dict(record)
    except (UsageError, TypeError, ValueError) as error:
        raise StateError(f"A saved message cannot be read: {error}") from error


def read_records(data: object) -> list[Msg]:
    """The messages of an export: messages, records, JSON text, or the path of a file of it.

    Raises `StateError` for anything else, `UsageError` for a file that is not there.
    """
    if isinstance(data, Path) or (isinstance(data, str) and data.lstrip()[:1] not in ("[", "{")):
        data = _text_of(Path(data))
    if isinstance(data, str):
        data = parse(data, "The text")
    if isinstance(data, Msg | Mapping):
        data = [data]
    if not isinstance(data, Iterable):
        raise StateError(f"An export is a list of messages, found {type(data).__name__}.")
    return [from_record(record) for record in data]


def parse(text: str | bytes, what: str) -> Any:
    """JSON text as data; `what` begins the sentence of the `StateError` otherwise."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StateError(f"{what} is not JSON: {error}.", hint="Give an export of a memory.") from error


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from error


DEEPEST = 50


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | str):
        return value if value is None or isinstance(value, bool) else str(value)
    if isinstance(value, int | float):
        return value if value == value and value not in (float("inf"), float("-inf")) else None
    if depth > DEEPEST:
        return str(type(value).__name__)
    if dump := getattr(value, "model_dump", None) or getattr(value, "to_dict", None):
        value = dump()
    elif hasattr(type(value), "__dataclass_fields__"):
        value = {name: getattr(value, name, None) for name in type(value).__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return str(value)
