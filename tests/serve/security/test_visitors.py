"""Visitors' cookies and tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.security.visitors import LIFETIME, RENEWED_AFTER, Visitor, Visitors

OLD, NEW = b"o" * 32, b"n" * 32
DAY = 86400


def at(moment: float, *secrets: bytes) -> Visitors:
    """Visitors at a moment, under secrets of which the first signs."""
    return Visitors(secrets or (NEW,), clock=lambda: moment)


def test_a_visitor_is_known_by_their_cookie() -> None:
    visitors = at(1000.0)
    visitor = visitors.new_id()
    assert visitors.read(visitors.cookie(visitor)) == Visitor(visitor)


def test_no_two_visitors_are_one() -> None:
    visitors = at(1000.0)
    assert len({visitors.new_id() for _ in range(1000)}) == 1000


@given(st.data())
def test_a_cookie_that_was_changed_anywhere_is_nobodys(data: st.DataObject) -> None:
    visitors = at(1000.0)
    cookie = visitors.cookie("v_abcdefghijklmnopqrstuv")
    place = data.draw(st.integers(0, len(cookie) - 1))
    other = data.draw(st.characters().filter(lambda character: character != cookie[place]))
    assert visitors.read(cookie[:place] + other + cookie[place + 1 :]) is None


@given(st.text())
def test_whatever_comes_as_a_cookie_is_nobodys(cookie: str) -> None:
    assert at(1000.0).read(cookie) is None


def test_a_cookie_of_another_service_is_nobodys() -> None:
    assert at(0.0, NEW).read(at(0.0, OLD).cookie("v_x")) is None


def test_an_old_cookie_is_renewed_and_a_very_old_one_is_nobodys() -> None:
    cookie = at(0.0).cookie("v_x")
    assert at(RENEWED_AFTER + 1).read(cookie) == Visitor("v_x", stale=True)
    assert at(LIFETIME + 1).read(cookie) is None


def test_what_a_former_secret_signed_is_believed_and_signed_anew() -> None:
    cookie = at(0.0, OLD).cookie("v_x")
    token = at(0.0, OLD).csrf("v_x")
    rotated = at(0.0, NEW, OLD)
    assert rotated.read(cookie) == Visitor("v_x", stale=True)
    assert rotated.read(rotated.cookie("v_x")) == Visitor("v_x")
    assert rotated.is_csrf("v_x", token)


def test_new_secrets_take_over_while_the_service_runs() -> None:
    visitors = at(0.0, OLD)
    visitors.renew((NEW,))
    assert at(0.0, NEW).read(visitors.cookie("v_x")) == Visitor("v_x")


@given(st.text())
def test_no_other_text_is_the_token(token: str) -> None:
    visitors = at(0.0)
    assert not visitors.is_csrf("v_x", token)
    assert visitors.is_csrf("v_x", visitors.csrf("v_x"))
    assert not visitors.is_csrf("v_y", visitors.csrf("v_x"))


def test_a_token_is_no_cookie() -> None:
    visitors = at(0.0)
    assert visitors.read(f"v_x.0.{visitors.csrf('v_x.0')}") is None
