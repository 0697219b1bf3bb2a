"""What the results of a run depend on, and the hash that names it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eval.cases import Case
from eval.runs.record import digest

PACKAGES = ("numpy", "onnxruntime", "tantivy", "llama-index-core", "openai", "ir-measures")
SOURCES = ("knowledge", "ingest", "agents", "eval")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a result depends on, as JSON values."""

    target: Mapping[str, Any]
    cases: str
    metrics: tuple[str, ...]
    seed: int
    versions: Mapping[str, str]
    code: str

    @property
    def hash(self) -> str:
        """Names the whole configuration."""
        return _hash([dict(self.target), self.cases, list(self.metrics), self.seed, dict(self.versions), self.code])

    @property
    def target_hash(self) -> str:
        """Names what an observation depends on: the system and the code, not the cases nor what is measured."""
        return _hash([dict(self.target), self.seed, dict(self.versions), self.code])


def configure(target: Mapping[str, Any], cases: Sequence[Case], metrics: Sequence[str], *, seed: int) -> Configuration:
    """The configuration of a run in this environment."""
    return Configuration(
        target, _hash([digest(case) for case in cases]), tuple(metrics), seed, versions(), code_digest()
    )


def versions() -> dict[str, str]:
    """Versions of Python, Refdesk and what results depend on."""
    found = {"python": platform.python_version()}
    for name in ("refdesk", *PACKAGES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@cache
def code_digest() -> str:
    """A name for the source of this installation: while it is worked on, its version says little."""
    total = sha256()
    for package in SOURCES:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def _hash(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()[:16]
