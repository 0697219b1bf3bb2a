"""Typed dicts as pydantic wants them: before Python 3.12 it reads those of `typing_extensions` only."""

from __future__ import annotations

import functools
import operator
import sys
import types
import typing
from typing import Annotated, Any, Literal

READ = sys.version_info >= (3, 12)


def readable(annotation: Any) -> Any:
    """The same type with every typed dict in it in the form that pydantic reads; one inside itself is any dict."""
    return annotation if READ else _readable(annotation, ())


def _readable(annotation: Any, within: tuple[Any, ...]) -> Any:
    if typing.is_typeddict(annotation):
        if annotation in within:
            return dict[str, Any]
        return _copied(annotation, (*within, annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if not arguments or origin is Literal:
        return annotation
    if origin is Annotated:
        inner = _readable(arguments[0], within)
        return annotation if inner is arguments[0] else Annotated[(inner, *arguments[1:])]
    changed = tuple(_readable(item, within) for item in arguments)
    if all(new is old for new, old in zip(changed, arguments, strict=True)):
        return annotation
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, changed)
    return origin[changed]


def _copied(kind: Any, within: tuple[Any, ...]) -> Any:
    import typing_extensions

    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {}
    for name, hint in hints.items():
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) in (typing.Required, typing.NotRequired) else hint
        wrapper: Any = typing_extensions.Required if name in kind.__required_keys__ else typing_extensions.NotRequired
        fields[name] = wrapper[_readable(inner, within)]
    made = typing_extensions.TypedDict(kind.__name__, fields)  # type: ignore[misc]  # made at run time
    made.__doc__ = kind.__doc__
    return made
