"""Whoever signs out at the provider is out here too, and nobody but the provider can say so."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from serve.http.back_channel import PATH
from serve.service import Service
from tests.serve.security.staff_desk import Browser, Desk, audited
from tests.serve.served import serving
from tests.serve.staff_provider import CLIENT, SECRET, Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def told(url: str, token: str) -> httpx.Response:
    """What the provider hears when it tells of a logout."""
    return httpx.post(url + PATH, data={"logout_token": token})


WRONG: tuple[dict[str, Any], ...] = (
    {"iss": "https://other.example"},
    {"aud": "another client"},
    {"aud": ["another client"]},
    {"iat": None},
    {"iat": 1_000_000_000},
    {"iat": int(time.time()) + 86_400},
    {"iat": "now"},
    {"exp": None},
    {"exp": 1_000_000_000},
    {"events": None},
    {"events": {"http://schemas.openid.net/event/other": {}}},
    {"events": EVENT},
    {"nonce": "n"},
    {"jti": None},
    {"sub": None},
    {"sub": ["anna"]},
    {"sid": 7},
    {"sid": ""},
)


def signed_in(url: str, account: str = "anna") -> Browser:
    """A browser in which somebody has signed in."""
    browser = Browser(url)
    browser.sign_in(account)
    return browser


def holds(browser: Browser) -> bool:
    """Whether whoever signed in with it still is."""
    return browser.session()["staff"] is not None


def test_signing_out_at_the_provider_ends_a_persons_sessions(desk: tuple[Service, str], provider: Provider) -> None:
    service, url = desk
    first, second, other = signed_in(url), signed_in(url), signed_in(url, "boss")
    answer = told(url, provider.logout_token(sub="anna"))
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "", "no-store")
    assert [holds(one) for one in (first, second, other)] == [False, False, True]
    assert audited(service)[:2] == ["staff.signed_out_there"] * 2


@pytest.mark.parametrize("subject", [None, "anna"])
def test_a_session_of_the_provider_ends_alone(
    desk: tuple[Service, str], provider: Provider, subject: str | None
) -> None:
    _, url = desk
    provider.claims["sid"] = "at home"
    home = signed_in(url)
    provider.claims["sid"] = "at work"
    work = signed_in(url)
    assert told(url, provider.logout_token(sub=subject, sid="at home")).status_code == 200
    assert [holds(one) for one in (home, work)] == [False, True]


def test_of_sessions_that_the_provider_did_not_name_the_person_decides(
    desk: tuple[Service, str], provider: Provider
) -> None:
    _, url = desk
    anna, boss = signed_in(url), signed_in(url, "boss")
    assert told(url, provider.logout_token(sid="at home")).status_code == 200
    assert holds(anna)
    assert told(url, provider.logout_token(sid="at home", sub="anna")).status_code == 200
    assert [holds(one) for one in (anna, boss)] == [False, True]


def test_a_token_ends_sessions_once(desk: tuple[Service, str], provider: Provider) -> None:
    _, url = desk
    signed_in(url)
    token = provider.logout_token(sub="anna")
    assert told(url, token).status_code == 200
    again = signed_in(url)
    answer = told(url, token)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "This logout token was sent before.")
    assert holds(again)


def test_a_token_that_tells_of_no_logout_for_us_ends_nothing(desk: tuple[Service, str], provider: Provider) -> None:
    _, url = desk
    browser = signed_in(url)
    for changed in WRONG:
        answer = told(url, provider.logout_token(**{"sub": "anna", **changed}))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request"), changed
    assert holds(browser)


def test_a_token_of_identity_ends_nothing(desk: tuple[Service, str], provider: Provider) -> None:
    _, url = desk
    browser = signed_in(url)
    identity = provider.signed({"account": "anna", "nonce": "n"})
    for token in (identity, provider.logout_token(sub="anna", typ="at+jwt"), "no.token.", "", "x" * 30_000):
        assert told(url, token).status_code in (400, 422)
    assert httpx.post(url + PATH).status_code == 422
    assert holds(browser)


def test_a_token_that_somebody_else_signed_ends_nothing(desk: tuple[Service, str], provider: Provider) -> None:
    _, url = desk
    browser = signed_in(url)
    signers: tuple[tuple[str, RSAKey | OctKey], ...] = (
        ("RS256", RSAKey.generate_key(2048, {"kid": "first"})),
        ("RS256", RSAKey.generate_key(2048, {"kid": "unheard of"})),
        ("HS256", OctKey.import_key(SECRET.ljust(32), {"kid": "first"})),
    )
    for provider.algorithm, provider.signs in signers:
        assert told(url, provider.logout_token(sub="anna")).status_code == 400
    assert holds(browser)


def test_a_provider_may_name_several_audiences_and_leave_the_kind_unsaid(
    desk: tuple[Service, str], provider: Provider
) -> None:
    _, url = desk
    browser = signed_in(url)
    assert told(url, provider.logout_token(sub="anna", typ="JWT", aud=["another", CLIENT])).status_code == 200
    assert not holds(browser)


def test_a_provider_that_is_away_is_asked_to_tell_again(opened_desk: Desk, provider: Provider) -> None:
    with serving(opened_desk(provider.settings())) as url:
        provider.down = True
        answer = told(url, provider.logout_token(sub="anna"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unreachable")


async def test_where_nobody_signs_in_nobody_is_told(client: httpx.AsyncClient) -> None:
    assert (await client.post(PATH, data={"logout_token": "x"})).status_code == 404
