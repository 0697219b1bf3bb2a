"""Reads a part of a settings file as a pydantic model, and says in one sentence what is wrong with it, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from knowledge.config_lines import line_of
from knowledge.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[str | int]
LONGEST = 40
TYPES_OF_LISTS = ("list_type", "tuple_type", "set_type", "frozen_set_type")
TYPES_OF_MODELS = ("model_type", "model_attributes_type", "dict_type")


class Strict(BaseModel):
    """Settings in which a name that means nothing is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_part(model: type[Model], given: object, path: Path | None, *, at: Location = ()) -> Model:
    """What stands at `at` in the file `path`, as a `model`; `ConfigError` names file, line and what was expected."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = telling(error)
        raise ConfigError(f"{place(path, (*at, *fault['loc']))}: {_complaint(fault, model, at)}") from None


def place(path: Path | None, location: Location) -> str:
    """The file and the line of what stands at `location`, for the beginning of a message."""
    if path is None:
        return "The settings"
    line = line_of(path, location)
    return f"{path}, line {line}" if line else str(path)


def telling(error: ValidationError) -> ErrorDetails:
    """The complaint that says most: a misspelt name explains the missing one."""
    complaints = error.errors(include_url=False)
    return next((one for one in complaints if one["type"] == "extra_forbidden"), complaints[0])


def shown(value: object) -> str:
    """A value as it is quoted in a message."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _complaint(error: ErrorDetails, model: type[BaseModel], at: Location) -> str:
    name = ".".join(str(part) for part in (*at, *error["loc"]))
    found = f", found {shown(error['input'])}."
    match error["type"]:
        case "extra_forbidden":
            return f"{name} is not a setting; write one of {', '.join(_beside(model, error['loc']))}."
        case "missing":
            return f"{name} is missing."
        case "value_error":
            return f"{name}: {error['msg'].removeprefix('Value error, ')}"
        case kind if kind in TYPES_OF_LISTS:
            return f"{name} should be a list, as in [{shown(error['input'])}]."
        case kind if kind in TYPES_OF_MODELS:
            return f"{name} should hold `name: value` lines{found}"
    return f"{name} should be {error['msg'].removeprefix('Input should be ').removeprefix('Input ')}{found}"


def _beside(model: type[BaseModel], location: Location) -> list[str]:
    """The settings that exist where one was written that does not."""
    kind: Any = model
    for part in location[:-1]:
        kind = _inside(kind, part)
    kind = _chosen(kind)
    return list(kind.model_fields) if _is_model(kind) else []


def _inside(kind: Any, part: str | int) -> Any:
    """The type of what stands at `part` in a value of the type `kind`; None where nothing is declared there."""
    kind = _chosen(kind)
    if _is_model(kind):
        field = kind.model_fields.get(str(part))
        return field.annotation if field else None
    return get_args(kind)[-1] if get_args(kind) else None


def _chosen(kind: Any) -> Any:
    """Of alternative types the one that has fields or entries."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return next((one for one in get_args(kind) if get_args(one) or _is_model(one)), None)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
