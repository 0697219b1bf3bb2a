"""Errors on their way from a worker: they come back as the same classes, with their causes."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from agents.distribution.blobs import BlobStore
from agents.distribution.pickling import pack, unpack
from agents.exceptions import DistributionError


@dataclass(frozen=True, slots=True)
class Failure:
    """An error, whole or at least in words, and the one that caused it."""

    error: bytes | None
    words: str
    trace: str
    cause: Failure | None = None


DEEPEST = 8


def describe(error: BaseException, store: BlobStore, depth: int = 0) -> Failure:
    """An error as it is sent."""
    trace = "".join(traceback.format_exception(error, chain=False, limit=-12))
    cause = error.__cause__ if depth < DEEPEST else None
    words = f"{type(error).__name__}: {error}"
    return Failure(_packed(error, store), words, trace, describe(cause, store, depth + 1) if cause else None)


def restore(failure: Failure, store: BlobStore, worker: str) -> BaseException:
    """The error as it is raised at the caller; where it stood in the worker is noted on it."""
    error: object = None
    if failure.error is not None:
        try:
            error = unpack(failure.error, store)
        except DistributionError:
            error = None
    if not isinstance(error, BaseException):
        error = DistributionError(f"The agent failed in its worker: {failure.words}")
    if failure.cause is not None:
        error.__cause__ = restore(failure.cause, store, worker)
    error.add_note(f"In {worker}:\n{failure.trace}")
    return error


def _packed(error: BaseException, store: BlobStore) -> bytes | None:
    """The error as bytes, if it can be made again from them, which not every class allows."""
    try:
        content, _ = pack(error, store)
        unpack(content, store)
    except DistributionError:
        return None
    return content
