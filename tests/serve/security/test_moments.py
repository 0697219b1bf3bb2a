"""Moments as they are written on a command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from knowledge.errors import UsageError
from serve.security.moments import moment_after, moment_before

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        (" 30D ", timedelta(days=30)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_a_span_counts_from_the_moment(text: str, span: timedelta) -> None:
    assert moment_after(text, NOON) == NOON + span
    assert moment_before(text, NOON) == NOON - span


def test_a_date_or_a_time_stands_for_itself_in_utc_unless_it_says_otherwise() -> None:
    assert moment_after("2027-01-31", NOON) == datetime(2027, 1, 31, tzinfo=UTC)
    assert moment_before("2025-06-01T10:00", NOON) == datetime(2025, 6, 1, 10, tzinfo=UTC)
    assert moment_before("2025-06-01T10:00+02:00", NOON) == datetime(2025, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "d", "-1d", "1.5h", "99999999d", "2027-13-01", "30 days"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        moment_after(text, NOON)
