"""What a memory gives back: values at once, which may be awaited as well.

A memory never waits for anything but a disk, so its calls have taken effect when they return; awaiting the result
gives the same value. Unlike a coroutine, a result that nobody awaits warns nobody.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Listed(list[T], Generic[T]):
    """A list that may be awaited."""

    def __await__(self) -> Generator[Any, None, list[T]]:
        return self
        yield  # makes this a generator, as `await` wants it


class Counted(int):
    """A number that may be awaited."""

    def __await__(self) -> Generator[Any, None, int]:
        return int(self)
        yield  # as above


class Done:
    """Nothing, which may be awaited."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield  # as above

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Done)

    def __hash__(self) -> int:
        return hash(None)

    def __repr__(self) -> str:
        return "None"
