"""The evaluation layer: cases with gold citations."""

from eval.cases import Case, Gold, Turn, load_cases

__all__ = ["Case", "Gold", "Turn", "load_cases"]
