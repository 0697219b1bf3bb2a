"""Simplifies a JSON schema for language models: references written out, generated titles dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "#/$defs/"


def inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` with each `$ref` replaced by what it refers to, since many servers read none.

    A type that refers to itself keeps its reference, and `$defs` with it.
    """
    definitions: Mapping[str, Any] = schema.get("$defs", {})
    kept: dict[str, Any] = {}
    result = _written({key: value for key, value in schema.items() if key != "$defs"}, definitions, (), kept)
    while missing := set(kept) - set(result.get("$defs", {})):
        known = result.setdefault("$defs", {})
        for name in missing:
            known[name] = _written(definitions[name], definitions, (name,), kept)
    return dict(result)


def _written(node: Any, definitions: Mapping[str, Any], within: tuple[str, ...], kept: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_written(item, definitions, within, kept) for item in node]
    if not isinstance(node, Mapping):
        return node
    name = _referred(node, definitions)
    if name is None:
        return {
            key: _properties(value, definitions, within, kept)
            if key == "properties"
            else _written(value, definitions, within, kept)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    if name in within:
        kept[name] = True
        return dict(node)
    beside = {key: value for key, value in node.items() if key != "$ref"}
    whole = _written(definitions[name], definitions, (*within, name), kept)
    return {**whole, **_written(beside, definitions, within, kept)}


def _properties(node: Any, definitions: Mapping[str, Any], within: tuple[str, ...], kept: dict[str, Any]) -> Any:
    """The values of `properties` are schemas, and its keys names: one of them may be called `title`."""
    if not isinstance(node, Mapping):
        return node
    return {name: _written(value, definitions, within, kept) for name, value in node.items()}


def _referred(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> str | None:
    reference = node.get("$ref")
    name = reference.removeprefix(PREFIX) if isinstance(reference, str) else ""
    return name if name in definitions else None
