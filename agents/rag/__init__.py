"""Knowledge for agents: banks built from folders, and what retrieval gives."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.rag.collection import KnowledgeBank
    from agents.rag.knowledge import LlamaIndexKnowledge
    from agents.rag.retrieved import DocMetadata, Document, Retrieved

__all__ = ["DocMetadata", "Document", "KnowledgeBank", "LlamaIndexKnowledge", "Retrieved"]
HOMES = {"KnowledgeBank": "collection", "LlamaIndexKnowledge": "knowledge"}


def __getattr__(name: str) -> object:
    # Loaded when asked for: the commands that quote use parts of this package, and need no ingest.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agents.rag.{HOMES.get(name, 'retrieved')}"), name)
