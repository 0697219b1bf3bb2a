"""Writes cases as `load_cases` reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.cases import Case
from eval.whole_file import write_whole


def case_to_json(case: Case) -> dict[str, Any]:
    """The case's fields without what is empty."""
    fields = asdict(case)
    gold = [{name: value for name, value in entry.items() if value not in (None, "")} for entry in fields["gold"]]
    kept = {name: value for name, value in fields.items() if value or name in ("answers", "answerable")}
    return kept | {"gold": gold}


def write_cases(cases: Sequence[Case], path: Path) -> None:
    """Writes the file, whole or not at all; raises `StorageError`."""
    write_lines([case_to_json(case) for case in cases], path)


def write_lines(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Writes a file of JSON Lines, whole or not at all; raises `StorageError`."""
    write_whole(path, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", "replace"))
