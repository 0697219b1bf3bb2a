"""Which model a name means: makers before a slash and dates behind it set aside."""

from __future__ import annotations

from collections.abc import Iterable

MARKS = ("latest", "preview", "exp")


def entry_for(model: str, entries: Iterable[str]) -> str | None:
    """The entry of a table that `model` means; None where there is none.

    `openai/gpt-4o` and `gpt-4o-2024-08-06` mean `gpt-4o`; `gpt-4o-realtime` is another model.
    """
    name = model.rpartition("/")[2].lower()
    known = [entry for entry in entries if name == entry or _is_snapshot(name, entry)]
    return max(known, key=len) if known else None


def _is_snapshot(name: str, entry: str) -> bool:
    """Whether what follows the entry in the name is a date or a mark of the newest one."""
    rest = name.removeprefix(entry)
    if not name.startswith(entry) or not rest.startswith(("-", "@", ":")):
        return False
    mark = rest[1:]
    return mark in MARKS or mark.replace("-", "").isdigit()
