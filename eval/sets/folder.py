"""A folder with `questions.jsonl`, and its documents in `corpus/` or `corpus.jsonl`."""

from __future__ import annotations

from pathlib import Path

from eval.cases import Case, load_cases
from eval.sets.json_lines import json_rows, told_apart
from eval.sets.set_document import SetDocument


def read_folder(path: Path) -> tuple[tuple[Case, ...], list[SetDocument]]:
    """The cases and documents of such a folder; `docs.jsonl`, where it is there, gives titles and banks."""
    cases = load_cases(path / "questions.jsonl")
    if (path / "corpus.jsonl").is_file():
        return cases, _passages(path / "corpus.jsonl")
    return cases, _files(path)


def _passages(path: Path) -> list[SetDocument]:
    return [
        SetDocument(name, row.text("title", default=""), row.fields.get("bank"), text=row.text("text"))
        for name, row in told_apart(json_rows(path), "id")
    ]


def _files(folder: Path) -> list[SetDocument]:
    corpus = folder / "corpus"
    listed = folder / "docs.jsonl"
    rows = {row.text("doc"): row for row in json_rows(listed)} if listed.is_file() else {}
    documents = []
    for path in sorted(one for one in corpus.rglob("*") if one.is_file()):
        name = path.relative_to(corpus).as_posix()
        row = rows.get(name)
        title = row.text("title", default="") if row else path.stem
        documents.append(SetDocument(name, title, row.fields.get("bank") if row else None, path=path))
    return documents
