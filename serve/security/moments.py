"""Moments and spans of time as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from knowledge.errors import UsageError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,5})([mhdw])")


def moment_after(text: str, start: datetime) -> datetime:
    """When a span such as `12h`, `30d` or `4w` after `start` ends, or the date or time that is written."""
    span = _span(text)
    return start + span if span is not None else _written(text)


def moment_before(text: str, end: datetime) -> datetime:
    """When a span before `end` began, or the date or time that is written."""
    span = _span(text)
    return end - span if span is not None else _written(text)


def _span(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text.strip().lower())
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def _written(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no time:", hint="write 12h, 30d, 4w or 2027-01-31.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
