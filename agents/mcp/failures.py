"""Finds what went wrong in what the protocol's package raises, which is often wrapped several times."""

from __future__ import annotations

import asyncio

CLOSED = -32000
REFUSED = frozenset({"ConnectError", "ConnectTimeout", "ConnectionRefusedError"})
TERMINATED = "Session terminated"
GONE = frozenset({"ClosedResourceError", "BrokenResourceError", "EndOfStream"})


def leaf(error: BaseException) -> BaseException:
    """The error at the bottom of groups of errors, the first that is no cancellation."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inner = [leaf(item) for item in error.exceptions]
    return next((item for item in inner if not isinstance(item, asyncio.CancelledError)), inner[0])


def told(error: BaseException) -> str:
    """The error in words, on one line."""
    found = leaf(error)
    words = " ".join(str(found).split()).rstrip(".")
    if isinstance(found, TimeoutError):
        return f"it did not answer in time{f' ({words})' if words else ''}"
    kind = type(found).__name__
    if kind in ("MCPError", "McpError"):
        return words
    return f"{kind}: {words}" if words else kind


def never_arrived(error: BaseException) -> bool:
    """Whether the server certainly did not see the request, so that sending it again cannot do anything twice."""
    found = leaf(error)
    return type(found).__name__ in REFUSED or str(found) == TERMINATED


def lost(error: BaseException) -> bool:
    """Whether the connection is gone."""
    found = leaf(error)
    return never_arrived(found) or type(found).__name__ in GONE or getattr(found, "code", None) == CLOSED
