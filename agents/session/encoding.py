"""Python values as JSON and back: what a state holds beyond JSON's own types is written with the name of its type.

Data is encoded: JSON's own types, dates, sets, tuples, deques, bytes, paths, decimals, enumerations, messages,
dataclasses and pydantic models, nested in any way. Everything else (a model, a lock, a function) is a *service*: it
belongs to the running program and raises `NotData`. So do the dataclasses and pydantic models of this project and of
LlamaIndex, which hold settings and keys, unless their class says `is_state = True`.

Reading a state runs no code that the state names: a class must have been imported already, and dataclasses are filled
field by field without calling them.
"""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, cast
from uuid import UUID

from agents.exceptions import StateError
from agents.message.msg import Msg

TAG = "$type"
PROGRAM_PACKAGES = frozenset({"agents", "eval", "ingest", "knowledge", "llama_index", "openai", "serve"})


class NotData(Exception):
    """The value belongs to the running program: nothing of it can be saved."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """How one type is written: to a JSON-able value and back."""

    type: type
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _items(value: Mapping[Any, Any]) -> list[list[Any]]:
    return [[key, item] for key, item in zip(_many(value.keys()), _many(value.values()), strict=True)]


def _pairs(value: list[list[Any]]) -> list[tuple[Any, Any]]:
    return [(decode(key), decode(item)) for key, item in value]


def _many(value: Any) -> list[Any]:
    return _whole(value, [_or_nothing(item) for item in value])


def _sorted(value: Any) -> list[Any]:
    return sorted(_many(value), key=repr)  # sets have no order; the same set is the same JSON


def _factory(value: defaultdict[Any, Any]) -> str:
    for name, factory in FACTORIES.items():
        if factory is value.default_factory:
            return name
    raise StateError("A defaultdict has a factory that cannot be written:", hint="use list, dict, set, int or str.")


FACTORIES: dict[str, Any] = {"list": list, "dict": dict, "set": set, "int": int, "float": float, "str": str, "": None}
# Subclasses stand before their bases: a datetime is a date, a Counter a dict.
KINDS: dict[str, Kind] = {
    "datetime": Kind(datetime, datetime.isoformat, datetime.fromisoformat),
    "date": Kind(date, date.isoformat, date.fromisoformat),
    "time": Kind(time, time.isoformat, time.fromisoformat),
    "timedelta": Kind(timedelta, lambda v: [v.days, v.seconds, v.microseconds], lambda v: timedelta(*v)),
    "decimal": Kind(Decimal, str, Decimal),
    "uuid": Kind(UUID, str, UUID),
    "path": Kind(PurePath, str, Path),
    "bytes": Kind(bytes, lambda v: base64.b64encode(v).decode(), base64.b64decode),
    "set": Kind(set, _sorted, lambda v: {decode(item) for item in v}),
    "frozenset": Kind(frozenset, _sorted, lambda v: frozenset(decode(item) for item in v)),
    "tuple": Kind(tuple, _many, lambda v: tuple(decode(item) for item in v)),
    "deque": Kind(
        deque,
        lambda v: {"items": _many(v), "maxlen": v.maxlen},
        lambda v: deque((decode(item) for item in v["items"]), v["maxlen"]),
    ),
    "counter": Kind(Counter, _items, lambda v: Counter(dict(_pairs(v)))),
    "ordered": Kind(OrderedDict, _items, lambda v: OrderedDict(_pairs(v))),
    "defaultdict": Kind(
        defaultdict,
        lambda v: {"of": _factory(v), "items": _items(v)},
        lambda v: defaultdict(FACTORIES[v["of"]], dict(_pairs(v["items"]))),
    ),
    "float": Kind(float, repr, float),
    "dict": Kind(dict, _items, lambda v: dict(_pairs(v))),
    "msg": Kind(Msg, lambda v: encode(v.to_dict()), lambda v: Msg.from_dict(decode(v))),
    "enum": Kind(Enum, lambda v: [_name(type(v)), v.name], lambda v: _named(v[0], Enum)[v[1]]),
}


def encode(value: Any) -> Any:
    """`value` as JSON-able data, sharing nothing with it.

    Raises `NotData` for what holds no data, and `StateError` for a collection that mixes data with what cannot be
    saved, where leaving it out would lose something.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | str) and not isinstance(value, Enum):
        return int(value) if isinstance(value, int) else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    try:
        return _compound(value)
    except RecursionError as error:
        raise StateError(f"A {type(value).__name__} contains itself:", hint="make the attribute private.") from error


def decode(value: Any) -> Any:
    """The value that `encode` wrote; raises `StateError` for what it cannot have written."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if TAG not in value:
        return {key: decode(item) for key, item in value.items()}
    name, written = value[TAG], value.get("value")
    try:
        if name == "fields":
            return _filled(value["class"], value["value"])
        return KINDS[name].read(written)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, IndexError) as error:
        raise StateError(f"The state holds a {name!r} that cannot be read: {error}.") from error


def _compound(value: Any) -> Any:
    if type(value) is list:
        return _many(value)
    if type(value) is dict and TAG not in value and all(isinstance(key, str) for key in value):
        return dict(zip((str(key) for key in value), _many(value.values()), strict=True))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _fields(value, dict(zip(value._fields, value, strict=True)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Msg):
        return _fields(value, {item.name: getattr(value, item.name) for item in dataclasses.fields(value)})
    if hasattr(type(value), "model_fields"):
        return _fields(value, {name: getattr(value, name) for name in type(value).model_fields})
    for name, kind in KINDS.items():
        if isinstance(value, kind.type):
            return {TAG: name, "value": kind.write(value)}
    if isinstance(value, list):
        return _many(value)
    raise NotData(type(value).__name__)


_NOTHING = object()


def _or_nothing(item: Any) -> Any:
    try:
        return encode(item)
    except NotData:
        return _NOTHING


def _whole(value: Any, written: list[Any]) -> list[Any]:
    missing = sum(item is _NOTHING for item in written)
    if missing and missing == len(written):
        raise NotData("a collection")
    if missing:
        raise StateError(
            "A collection holds data and objects of the running program, which cannot be saved together:",
            hint="make the attribute private, or register it with functions that write and read it.",
        )
    return written


def _fields(value: Any, fields: dict[str, Any]) -> dict[str, Any]:
    kind = type(value)
    if kind.__module__.partition(".")[0] in PROGRAM_PACKAGES and not getattr(kind, "is_state", False):
        raise NotData(kind.__name__)
    return {TAG: "fields", "class": _name(kind), "value": dict(zip(fields, _many(fields.values()), strict=True))}


def _filled(name: str, fields: dict[str, Any]) -> Any:
    kind = _named(name, object)
    values = {key: decode(item) for key, item in fields.items()}
    if hasattr(kind, "model_validate"):
        return kind.model_validate(values)
    if issubclass(kind, tuple):
        return tuple.__new__(kind, [values[name] for name in kind._fields])
    if not dataclasses.is_dataclass(kind):
        raise ValueError(f"{name} is no dataclass")
    made: object = object.__new__(cast(type, kind))
    for item in dataclasses.fields(kind):
        object.__setattr__(made, item.name, values[item.name] if item.name in values else _default(item))
    return made


def _default(item: dataclasses.Field[Any]) -> Any:
    if item.default is not dataclasses.MISSING:
        return item.default
    if item.default_factory is not dataclasses.MISSING:
        return item.default_factory()
    raise ValueError(f"the field {item.name!r} is missing")


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _named(name: str, base: type) -> Any:
    module, _, path = str(name).partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or not issubclass(found, base):
        raise ValueError(f"the class {name} is not there; import its module first, and define it at the top of one")
    return found
