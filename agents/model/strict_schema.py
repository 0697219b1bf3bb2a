"""JSON schemas in the strict dialect to which servers can hold a reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema with every property required and no others allowed; None where it holds objects of any keys."""
    try:
        made: dict[str, Any] = _strict(schema)
    except ValueError:
        return None
    return made


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    made = {name: _strict_part(name, value) for name, value in node.items() if name != "default"}
    if made.get("type") == "object":
        if node.get("additionalProperties") not in (None, False) or "properties" not in node:
            raise ValueError("it takes any keys")
        made |= {"additionalProperties": False, "required": list(node["properties"])}
    return made


def _strict_part(name: str, value: Any) -> Any:
    """Under `properties` and `$defs` stand names, which are no keywords."""
    if name in ("properties", "$defs", "definitions") and isinstance(value, Mapping):
        return {key: _strict(each) for key, each in value.items()}
    return value if name in ("enum", "const", "examples") else _strict(value)
