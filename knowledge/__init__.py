"""The knowledge layer: banks, their indexes, retrieval, extractive answers and citations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.errors import RefdeskError
    from knowledge.library import Library
    from knowledge.types import ANYONE, Answer, Citation, Document, Passage, Reader

__all__ = [
    "ANYONE",
    "Answer",
    "Citation",
    "Document",
    "KnowledgeBank",
    "Library",
    "Passage",
    "Reader",
    "RefdeskError",
]
HOMES = {"KnowledgeBank": "bank", "Library": "library", "RefdeskError": "errors"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: every module of this layer runs this file first, and `--help` must not load numpy.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"knowledge.{HOMES.get(name, 'types')}"), name)
