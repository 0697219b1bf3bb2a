"""The evaluation layer: cases, metrics, runs, comparisons, gates, and cases made from banks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eval.cases import Case, Gold, Turn, load_cases

__all__ = ["Case", "Gold", "Turn", "load_cases"]


def __getattr__(name: str) -> object:
    # Loaded when asked for: pytest imports this package for its plugin in every run, and must not load pydantic.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("eval.cases"), name)
