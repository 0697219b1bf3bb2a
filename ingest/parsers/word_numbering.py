"""The numbers that Word computes for its lists and does not store."""

from __future__ import annotations

from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


class Numbering:
    """Counts list items as Word does: lists that share a definition go on, overrides start again."""

    def __init__(self, root: Any | None) -> None:
        self._formats: dict[tuple[str, int], str] = {}
        self._starts: dict[tuple[str, int], int] = {}
        self._definition: dict[str, str] = {}
        self._overrides: dict[tuple[str, int], int] = {}
        self._counters: dict[tuple[str, int], int] = {}
        if root is not None:
            self._read(root)

    def marker(self, number_id: str, level: int) -> str:
        """What stands before the next item of this list at this level: a dash or a number."""
        definition = self._definition.get(number_id, "")
        key = (definition, level)
        if self._formats.get(key, "bullet") in ("bullet", "none"):
            return "- "
        start = self._overrides.pop((number_id, level), None)
        count = self._counters.get(key, self._starts.get(key, 1) - 1) + 1 if start is None else start
        self._counters = {k: n for k, n in self._counters.items() if k[0] != definition or k[1] < level}
        self._counters[key] = count
        return f"{count}. "

    def _read(self, root: Any) -> None:
        for definition in root.iterfind(f"{W}abstractNum"):
            name = definition.get(f"{W}abstractNumId") or ""
            for level in definition.iterfind(f"{W}lvl"):
                key = (name, _number(level.get(f"{W}ilvl"), 0))
                self._formats[key] = _value(level.find(f"{W}numFmt")) or "decimal"
                self._starts[key] = _number(_value(level.find(f"{W}start")), 1)
        for number in root.iterfind(f"{W}num"):
            name = number.get(f"{W}numId") or ""
            self._definition[name] = _value(number.find(f"{W}abstractNumId"))
            for override in number.iterfind(f"{W}lvlOverride"):
                start = _value(override.find(f"{W}startOverride"))
                if start:
                    self._overrides[name, _number(override.get(f"{W}ilvl"), 0)] = _number(start, 1)


def _value(element: Any) -> str:
    return element.get(f"{W}val") or "" if element is not None else ""


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else default
