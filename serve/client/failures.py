"""Why a call to a service gave nothing.

RefdeskError
├── ServiceRefused       the service says why, and what to do
└── ServiceUnreachable   nobody answers at its address, or the connection broke
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.errors import RefdeskError


class ServiceRefused(RefdeskError):
    """The service refused; `retry_after` is how many seconds to wait where waiting helps."""

    def __init__(
        self, status: int, code: str, message: str, *, hint: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class ServiceUnreachable(RefdeskError):
    """Nobody answers at the address of the service, or the connection broke: check that it runs."""


def refusal(status: int, body: Any, retry_after: str | None = None) -> ServiceRefused:
    """The error that a response stands for, whoever between us and the service may have written it."""
    error = body.get("error") if isinstance(body, Mapping) else None
    told = error if isinstance(error, Mapping) else {}
    seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
    message = str(told.get("message") or f"The service answered with status {status}.")
    return ServiceRefused(
        status, str(told.get("code") or "failed"), message, hint=str(told.get("hint") or ""), retry_after=seconds
    )
