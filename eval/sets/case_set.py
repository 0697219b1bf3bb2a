"""A set: cases, and the documents they ask about where the set brings them along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from eval.cases import Case, load_cases
from eval.sets.beir import read_beir, read_trec
from eval.sets.folder import read_folder
from eval.sets.set_document import SetDocument
from eval.sets.squad import read_squad
from knowledge.errors import ConfigError


class Reader(Protocol):
    """Reads one layout; `ConfigError` names the file, the line and the field that is wrong."""

    def __call__(self, path: Path) -> tuple[tuple[Case, ...], Sequence[SetDocument]]:
        """The cases and documents of the set at `path`."""
        ...


def _plain(path: Path) -> tuple[tuple[Case, ...], Sequence[SetDocument]]:
    return load_cases(path), ()


LAYOUTS: Mapping[str, Reader] = {
    "cases": _plain,
    "folder": read_folder,
    "beir": read_beir,
    "trec": read_trec,
    "squad": read_squad,
}


@dataclass(frozen=True, slots=True)
class CaseSet:
    """Cases under a name; `documents` is empty where the set is only a file of cases."""

    name: str
    cases: tuple[Case, ...]
    documents: Sequence[SetDocument] = field(default=(), repr=False)


def read_set(path: Path) -> CaseSet:
    """The set at `path`: a file of cases, a SQuAD file, or a folder in the layout of BEIR, TREC or `questions.jsonl`.

    Raises `ConfigError`.
    """
    cases, documents = LAYOUTS[_layout(path)](path)
    return CaseSet(path.stem, cases, documents)


def read_sets(paths: Sequence[Path]) -> tuple[Case, ...]:
    """The cases of all sets in order; `ConfigError` where two of them use one id."""
    seen: dict[str, Path] = {}
    found: list[Case] = []
    for path in paths:
        for case in read_set(path).cases:
            if case.id in seen:
                raise ConfigError(
                    f"{path}: the id {case.id!r} is used in {seen[case.id]} too:", hint="evaluate them one at a time."
                )
            seen[case.id] = path
            found.append(case)
    return tuple(found)


def _layout(path: Path) -> str:
    if path.is_file():
        return "squad" if path.suffix == ".json" else "cases"
    marks = {"questions.jsonl": "folder", "queries.jsonl": "beir", "qrels": "trec"}
    for mark, layout in marks.items():
        if next(_marked(path, mark), None):
            return layout
    if not path.exists():
        raise ConfigError(f"{path}: is not there:", hint="give a file of cases or the folder of a set.")
    raise ConfigError(
        f"{path}: is no set of cases:",
        hint="a folder needs questions.jsonl, BEIR's queries.jsonl, or TREC's topics and qrels.",
    )


def _marked(folder: Path, mark: str) -> Iterator[Path]:
    return (path for path in folder.glob(f"{mark}*"))
