"""Passes of the widget: bound to an origin, ending, signed."""

from __future__ import annotations

import pytest

from serve.security.passes import GRANT_SECONDS, PASS_SECONDS, PREFIX, TICKET_SECONDS, Passes
from serve.security.visitors import Visitors

SHOP, OTHER = "https://shop.example", "https://other.example"
SECRETS = [b"s" * 32]


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def passes(clock: Clock | None = None, *origins: str, secrets: list[bytes] = SECRETS) -> Passes:
    return Passes(Visitors(secrets), frozenset(origins or (SHOP, OTHER)), clock=clock or Clock())


def granted(known: Passes, origin: str = SHOP) -> str:
    grant = known.grant(origin)
    assert grant
    return grant


def test_a_grant_is_given_to_allowed_origins_only() -> None:
    assert passes().grant("https://evil.example") is None
    assert passes().grant("null") is None
    assert passes().grant("") is None


def test_a_pass_says_whose_it_is_until_it_ends() -> None:
    clock = Clock()
    known = passes(clock)
    admission = known.admit(granted(known))
    assert admission
    assert admission.given.startswith(PREFIX)
    assert known.visitor(admission.given) == admission.visitor
    clock.now += PASS_SECONDS
    assert known.visitor(admission.given) is None


def test_a_ticket_brings_the_same_visitor_back_to_the_same_origin_only() -> None:
    clock = Clock()
    known = passes(clock)
    first = known.admit(granted(known))
    assert first
    clock.now += TICKET_SECONDS - 1
    again = known.admit(granted(known), first.ticket)
    elsewhere = known.admit(granted(known, OTHER), first.ticket)
    assert again
    assert elsewhere
    assert again.visitor == first.visitor
    assert elsewhere.visitor != first.visitor
    clock.now += 1
    late = known.admit(granted(known), first.ticket)
    assert late
    assert late.visitor != first.visitor


def test_a_grant_ends_soon() -> None:
    clock = Clock()
    known = passes(clock)
    grant = granted(known)
    clock.now += GRANT_SECONDS
    assert known.admit(grant) is None


def test_none_of_them_stands_for_another() -> None:
    known = passes()
    grant = granted(known)
    admission = known.admit(grant)
    assert admission
    assert known.visitor(PREFIX + grant) is None
    assert known.visitor(PREFIX + admission.ticket) is None
    assert known.admit(admission.ticket) is None
    assert known.admit(admission.given.removeprefix(PREFIX)) is None
    mixed = known.admit(grant, admission.given.removeprefix(PREFIX))
    assert mixed
    assert mixed.visitor != admission.visitor


def test_an_origin_that_is_taken_off_the_list_opens_nothing_more() -> None:
    clock = Clock()
    admission = passes(clock).admit(granted(passes(clock)))
    assert admission
    assert passes(clock, OTHER).visitor(admission.given) is None


@pytest.mark.parametrize("given", ["", ".", "rw_", "rw_.", "rw_x.y", "rw_\x00.\ud800", "rw_" + "A" * 5000])
def test_what_is_broken_or_forged_opens_nothing(given: str) -> None:
    assert passes().visitor(given) is None
    assert passes().admit(given) is None
    forged = passes(secrets=[b"x" * 32])
    admission = forged.admit(granted(forged))
    assert admission
    assert passes().visitor(admission.given) is None
