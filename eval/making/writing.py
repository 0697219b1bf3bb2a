"""Writes cases as `load_cases` reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.cases import Case
from knowledge.errors import StorageError


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
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
