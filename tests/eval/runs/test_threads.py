"""Threads of a run: all is waited for, and nothing is once the run is interrupted."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from threading import Event

import pytest

from eval.runs.threads import Threads


def test_all_that_was_submitted_is_done_and_what_was_raised_is_passed_on() -> None:
    def inverse(number: float) -> float:
        return 1 / number

    with Threads(inverse, 3) as threads:
        found = [threads.submit(number) for number in (1.0, 2.0, 0.0)]
    assert [future.result() for future in found[:2]] == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        found[2].result()


def interrupted(threads: Threads[int, int], begun: Event) -> tuple[Future[int], Future[int]]:
    """What was submitted before an interruption, the first of which was begun."""
    with suppress(KeyboardInterrupt), threads:
        found = threads.submit(1), threads.submit(2)
        begun.wait()
        raise KeyboardInterrupt
    return found


def test_an_interruption_waits_for_no_answer_and_begins_nothing_more() -> None:
    begun, release = Event(), Event()
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        begun.set()
        release.wait()
        return number

    first, second = interrupted(Threads(ask, 1, patience=0.0), begun)
    assert not first.done()
    assert second.cancelled()
    release.set()
    assert first.result() == 1
    assert asked == [1]


def test_what_is_under_way_has_a_moment_to_end_in_order() -> None:
    begun = Event()

    def ask(number: int) -> int:
        begun.set()
        return number

    first, _ = interrupted(Threads(ask, 1), begun)
    assert first.result() == 1
