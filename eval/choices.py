"""What a command line says about a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunChoice:
    """The options that every command shares that runs cases; each field is named for its option."""

    name: str | None = None
    banks: tuple[str, ...] = ()
    agent: str | None = None
    url: str | None = None
    model: str | None = None
    price: tuple[float, float] | None = None
    retrieval_only: bool = False
    metrics: tuple[str, ...] = ()
    judge: str | None = None
    votes: int = 1
    most: int | None = None
    concurrency: int = 4
    seed: int = 0
    fresh: bool = False
