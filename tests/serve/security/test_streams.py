"""How many streams somebody holds open at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from serve.security.identity import EVERYTHING, Caller
from serve.security.refusals import TooMany
from serve.security.streams import Streams


def visitor(id: str, address: str = "203.0.113.7") -> Caller:
    """A visitor."""
    return Caller("visitor", id, address=address)


def test_a_visitor_holds_so_many_and_a_closed_one_makes_room() -> None:
    streams = Streams(per_visitor=2)
    with ExitStack() as held:
        held.enter_context(streams.hold(visitor("one")))
        with streams.hold(visitor("one")), pytest.raises(TooMany, match="Let one end first"):
            held.enter_context(streams.hold(visitor("one")))
        held.enter_context(streams.hold(visitor("one")))
        held.enter_context(streams.hold(visitor("two")))


def test_an_address_holds_so_many_whatever_its_visitors_are_called() -> None:
    streams = Streams(per_address=2)
    with streams.hold(visitor("one")), streams.hold(visitor("two")):
        with pytest.raises(TooMany), streams.hold(visitor("three")):
            pass
        with streams.hold(visitor("three", "203.0.113.8")):
            pass


def test_a_key_holds_more_since_it_may_serve_many() -> None:
    streams = Streams(per_visitor=1, per_key=2, per_address=1)
    key = Caller("key", "k_1", address="203.0.113.7")
    with ExitStack() as held:
        for caller in (key, key, visitor("one")):
            held.enter_context(streams.hold(caller))
        with pytest.raises(TooMany):
            held.enter_context(streams.hold(key))


def test_all_together_hold_so_many_somebody_at_this_machine_too() -> None:
    streams = Streams(in_all=1)
    local = Caller("local", "local", scopes=EVERYTHING, address="127.0.0.1")
    with streams.hold(local), pytest.raises(TooMany), streams.hold(visitor("one")):
        pass
    with streams.hold(visitor("one")):
        pass


def test_what_fails_within_holds_nothing_afterwards() -> None:
    streams = Streams(per_visitor=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), streams.hold(visitor("one")):
            raise ZeroDivisionError
