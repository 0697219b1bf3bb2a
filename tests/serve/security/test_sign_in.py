"""Staff sign in at a provider, over real HTTP on both sides: who gets in, as what, and everybody who does not."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import update

from knowledge.errors import ConfigError
from knowledge.settings import read_environment
from serve.config.settings import parse_server_settings
from serve.security.identity import Caller
from serve.service import Service, open_service
from serve.store.schema import now
from serve.store.sessions import sessions
from tests.serve.security.staff_desk import AS_PAGE, Browser, Desk, audited
from tests.serve.served import serving, shell_at
from tests.serve.staff_provider import SECRET, Provider


def test_staff_sign_in_and_may_do_what_their_team_may(desk: tuple[Service, str]) -> None:
    service, url = desk
    browser = Browser(url)
    assert browser.session()["sign_in"] == {"name": "Example Ltd"}
    assert not browser.is_in
    assert browser.sign_in("anna", "/inbox?view=all#/t/1") == "/inbox?view=all#/t/1"
    assert browser.is_in
    assert browser.session()["staff"] == {"name": "Anna Berg"}
    assert browser.client.get("/api/audit").status_code == 403
    asked = dict(parse_qsl(urlsplit(browser.leave().headers["location"]).query))
    assert asked["redirect_uri"] == f"{url}/api/staff/callback"
    assert asked["scope"] == "openid profile email"
    assert asked["code_challenge_method"] == "S256"
    entry = service.guard.audit.table.entries(action="staff")[0]
    assert (entry.action, entry.details["email"]) == ("staff.signed_in", "anna@example.com")
    assert entry.actor.startswith("staff:s_")


def test_the_cookies_are_read_by_no_script_and_the_way_is_forgotten(desk: tuple[Service, str]) -> None:
    browser = Browser(desk[1])
    left = browser.leave().headers["set-cookie"]
    assert "refdesk_sign_in=" in left
    assert all(word in left for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"))
    answer = browser.client.get(browser.arrive("anna"))
    cookies = answer.headers.get_list("set-cookie")
    kept = next(one for one in cookies if one.startswith("refdesk_staff="))
    assert all(word in kept for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=28800"))
    assert any(one.startswith("refdesk_sign_in=") and "Max-Age=0" in one for one in cookies)


def test_over_tls_the_cookies_are_bound_to_it(opened_desk: Desk, provider: Provider) -> None:
    service = opened_desk(provider.settings(), allowed_hosts=["help.example.com"], trusted_proxies=["127.0.0.1"])
    with serving(service) as url:
        through = {"Host": "help.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        answer = httpx.get(f"{url}/api/staff/sign-in", headers=through)
    assert answer.headers["set-cookie"].startswith("__Host-refdesk_sign_in=")
    assert "Secure" in answer.headers["set-cookie"]
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://help.example.com/api/staff/callback"]


def test_a_service_behind_a_path_says_its_own_address(opened_desk: Desk, provider: Provider) -> None:
    service = opened_desk(provider.settings(url="https://example.com/help/"))
    with serving(service) as url:
        answer = httpx.get(f"{url}/api/staff/sign-in")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://example.com/help/api/staff/callback"]


def test_an_address_counts_where_it_was_verified(desk: tuple[Service, str], provider: Provider) -> None:
    browser = Browser(desk[1])
    browser.sign_in("boss")
    assert browser.client.get("/api/audit").status_code == 200
    assert not browser.is_in
    provider.accounts["boss"]["email_verified"] = False
    assert Browser(desk[1]).sign_in("boss") == "/inbox?sign-in=no-team"


def test_groups_may_come_from_userinfo_and_lie_deeper(opened_desk: Desk, provider: Provider) -> None:
    del provider.accounts["anna"]["groups"]
    provider.told["realm_access"] = {"roles": ["offline", "support"]}
    service = opened_desk(provider.settings(groups_claim="realm_access.roles"))
    with serving(service) as url:
        browser = Browser(url)
        assert browser.sign_in("anna") == "/inbox"
        assert browser.is_in
        provider.told["sub"] = "boss"
        assert Browser(url).sign_in("anna") == "/inbox?sign-in=untrusted"
    assert service.guard.staff is not None
    [kept] = service.guard.staff.sessions.open()
    assert kept.person.groups == {"support"}


def test_who_is_of_no_team_is_told_so_and_noted(desk: tuple[Service, str]) -> None:
    service, url = desk
    browser = Browser(url)
    assert browser.sign_in("guest", "/inbox?x=1#/t/2") == "/inbox?x=1&sign-in=no-team#/t/2"
    assert not browser.is_in
    assert audited(service) == ["staff.refused"]


def test_who_turns_back_at_the_provider_is_not_in(desk: tuple[Service, str]) -> None:
    browser = Browser(desk[1])
    assert browser.sign_in("nobody") == "/inbox?sign-in=refused"
    assert not browser.is_in


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": ""},
        {"aud": "another client"},
        {"aud": ["another client", "a third"]},
        {"aud": ["refdesk", "another client"]},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"iat": 2**40, "exp": 2**40 + 300},
        {"azp": "another client"},
        {"at_hash": "another"},
        {"sub": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_meant_for_this_sign_in_opens_nothing(
    desk: tuple[Service, str], provider: Provider, claims: dict[str, Any]
) -> None:
    service, url = desk
    provider.claims.update(claims)
    browser = Browser(url)
    assert browser.sign_in("anna") == "/inbox?sign-in=untrusted"
    assert not browser.is_in
    assert audited(service) == ["staff.refused"]


def test_a_token_that_somebody_else_signed_opens_nothing(desk: tuple[Service, str], provider: Provider) -> None:
    provider.signs = RSAKey.generate_key(2048, {"kid": str(provider.key.kid)})
    assert Browser(desk[1]).sign_in("anna") == "/inbox?sign-in=untrusted"
    provider.signs = RSAKey.generate_key(2048, {"kid": "unknown"})
    assert Browser(desk[1]).sign_in("anna") == "/inbox?sign-in=untrusted"


def test_a_secret_that_both_sides_know_signs_nothing(desk: tuple[Service, str], provider: Provider) -> None:
    provider.signs = OctKey.import_key(SECRET.ljust(32), {"kid": str(provider.key.kid)})
    provider.algorithm = "HS256"
    assert Browser(desk[1]).sign_in("anna") == "/inbox?sign-in=untrusted"


def test_a_new_key_of_the_provider_is_fetched(desk: tuple[Service, str], provider: Provider) -> None:
    assert Browser(desk[1]).sign_in("anna") == "/inbox"
    provider.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    assert Browser(desk[1]).sign_in("anna") == "/inbox"


def test_whoever_began_elsewhere_is_sent_to_begin_again(desk: tuple[Service, str]) -> None:
    service, url = desk
    one, other = Browser(url), Browser(url)
    address = one.arrive("anna")
    # Somebody leads another's browser to the end of their own way, with a cookie of that other's and without.
    assert other.back(address) == "/inbox?sign-in=begin-again"
    other.leave()
    assert other.back(address) == "/inbox?sign-in=begin-again"
    assert not other.is_in
    assert one.back(address) == "/inbox"
    assert audited(service) == ["staff.signed_in"]


@pytest.mark.parametrize("spoilt", ["", "x", "x.y", "{}.{}"])
def test_a_cookie_that_we_did_not_make_leads_nowhere(desk: tuple[Service, str], spoilt: str) -> None:
    browser = Browser(desk[1])
    address = browser.arrive("anna")
    browser.client.cookies.clear()
    browser.client.cookies.set("refdesk_sign_in", spoilt, domain="127.0.0.1")
    assert browser.back(address) == "/inbox?sign-in=begin-again"


def test_a_code_works_once(desk: tuple[Service, str]) -> None:
    browser = Browser(desk[1])
    address = browser.arrive("anna")
    way = browser.client.cookies["refdesk_sign_in"]
    assert browser.back(address) == "/inbox"
    assert browser.back(address) == "/inbox?sign-in=begin-again"
    thief = Browser(desk[1])
    thief.client.cookies.set("refdesk_sign_in", way, domain="127.0.0.1")
    assert thief.back(address) == "/inbox?sign-in=untrusted"
    assert not thief.is_in


def test_an_answer_in_the_name_of_another_provider_is_not_followed(desk: tuple[Service, str]) -> None:
    browser = Browser(desk[1])
    parts = urlsplit(browser.arrive("anna"))
    said = dict(parse_qsl(parts.query)) | {"iss": "https://another.example"}
    address = httpx.URL(f"{parts.scheme}://{parts.netloc}{parts.path}", params=said)
    assert browser.back(str(address)) == "/inbox?sign-in=untrusted"


@pytest.mark.parametrize(
    "next",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "inbox", "", "/a\r\nx: y", "/ü"],
)
def test_nobody_is_led_to_another_site(desk: tuple[Service, str], next: str) -> None:
    answer = Browser(desk[1]).leave(next)
    assert answer.status_code == 422
    assert "location" not in answer.headers


def test_a_provider_that_is_away_is_told_of(desk: tuple[Service, str], provider: Provider) -> None:
    service, url = desk
    provider.down = True
    browser = Browser(url)
    assert browser.leave().headers["location"] == f"{url}/inbox?sign-in=unreachable"
    provider.down = False
    address = browser.arrive("anna")
    provider.down = True
    assert browser.back(address) == "/inbox?sign-in=unreachable"
    assert audited(service) == []
    provider.down = False
    assert browser.sign_in("anna") == "/inbox"


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "http://another.example/token"},
        {"token_endpoint": "http://[/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_speaks_for_another_or_in_the_clear_is_not_used(
    desk: tuple[Service, str], provider: Provider, metadata: dict[str, Any]
) -> None:
    provider.metadata.update(metadata)
    assert Browser(desk[1]).leave().headers["location"].endswith("/inbox?sign-in=unreachable")


def test_what_staff_do_needs_the_token_of_their_session(desk: tuple[Service, str]) -> None:
    browser = Browser(desk[1])
    as_visitor = browser.session()["csrf"]
    browser.sign_in("anna")
    assert browser.post("/api/conversations").status_code == 201
    for wrong in ({"csrf": as_visitor}, {"csrf": "x"}, {"Origin": "https://evil.example"}):
        assert browser.post("/api/conversations", **wrong).status_code == 403


def test_whoever_signs_out_is_out_wherever_the_cookie_went(desk: tuple[Service, str]) -> None:
    service, url = desk
    browser = Browser(url)
    browser.sign_in("anna")
    copied = browser.client.cookies["refdesk_staff"]
    assert browser.post("/api/staff/sign-out").json() == {"url": ""}
    assert not browser.is_in
    thief = Browser(url)
    thief.client.cookies.set("refdesk_staff", copied, domain="127.0.0.1")
    assert not thief.is_in
    assert browser.post("/api/staff/sign-out").status_code == 409
    assert audited(service) == ["staff.signed_out", "staff.signed_in"]


def test_signing_out_everywhere_leads_by_the_provider(opened_desk: Desk, provider: Provider) -> None:
    service = opened_desk(provider.settings(sign_out_everywhere=True))
    with serving(service) as url:
        browser = Browser(url)
        browser.sign_in("anna")
        place = browser.post("/api/staff/sign-out").json()["url"]
        assert place.startswith(f"{provider.url}/end?client_id=refdesk&")
        assert f"{url}/inbox" in httpx.get(place).text


def test_an_admin_sees_who_is_in_and_puts_them_out(desk: tuple[Service, str]) -> None:
    service, url = desk
    anna, boss = Browser(url), Browser(url)
    anna.sign_in("anna")
    boss.sign_in("boss")
    listed = {one["email"]: one for one in boss.client.get("/api/staff/sessions").json()}
    assert listed["anna@example.com"]["scopes"] == ["chat", "documents:write", "inbox"]
    assert listed["anna@example.com"]["roles"] == ["staff"]
    assert anna.client.get("/api/staff/sessions").status_code == 403
    headers = {**AS_PAGE, "Origin": url, "X-Refdesk-CSRF": boss.session()["csrf"]}
    place = f"/api/staff/sessions/{listed['anna@example.com']['id']}"
    assert boss.client.delete(place, headers=headers).status_code == 204
    assert not anna.is_in
    assert boss.client.delete(place, headers=headers).status_code == 404
    assert audited(service)[0] == "staff.revoked"


def test_a_session_ends_by_itself(desk: tuple[Service, str]) -> None:
    service, url = desk
    browser = Browser(url)
    browser.sign_in("anna")
    assert browser.is_in
    with service.store.database.writing() as connection:
        connection.execute(update(sessions).values(expires=now() - timedelta(seconds=1)))
    assert not browser.is_in
    assert browser.session()["staff"] is None


async def test_a_stream_ends_with_the_session_that_opened_it(desk: tuple[Service, str]) -> None:
    service, url = desk
    await asyncio.to_thread(Browser(url).sign_in, "anna")
    assert service.guard.staff is not None
    [session] = service.guard.staff.sessions.open()
    anna = service.guard.staff.caller(session, "127.0.0.1")
    assert anna is not None
    ended: list[str] = []

    async def pings(name: str) -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"ping"
        finally:
            ended.append(name)

    visitor = Caller("visitor", "v_1")
    staff, other = (service.guard.while_known(one, pings(one.kind), every=0) for one in (anna, visitor))
    assert (await anext(staff), await anext(staff), await anext(other)) == (b"ping", b"ping", b"ping")
    service.guard.staff.sessions.end([session.id])
    assert await anext(staff, None) is None
    assert ended == ["staff"]
    assert await anext(other) == b"ping"
    await other.aclose()
    assert ended == ["staff", "visitor"]


def test_what_a_team_may_changes_for_whoever_is_in_already(opened_desk: Desk, provider: Provider) -> None:
    first = opened_desk(provider.settings())
    with serving(first) as url:
        browser = Browser(url)
        browser.sign_in("anna")
    cookie = browser.client.cookies["refdesk_staff"]
    others = [{"groups": ["sales"], "scopes": ["inbox"]}]
    for oidc in (provider.settings(teams=others), provider.settings(issuer="https://another.example")):
        with serving(opened_desk(oidc)) as url:
            again = Browser(url)
            again.client.cookies.set("refdesk_staff", cookie, domain="127.0.0.1")
            assert not again.is_in


def test_where_staff_sign_in_nobody_at_the_machine_does_without(desk: tuple[Service, str]) -> None:
    service, url = desk
    assert not service.guard.is_open()
    assert httpx.get(f"{url}/api/inbox").status_code == 401


async def test_without_a_provider_nobody_signs_in(client: httpx.AsyncClient) -> None:
    for path in ("/api/staff/sign-in", "/api/staff/callback", "/api/staff/sessions"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_sign_in")
    assert (await client.get("/api/session")).json()["sign_in"] is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"issuer": "http://login.example.com"}, "write https://"),
        ({"teams": []}, "oidc.teams"),
        ({"teams": [{"groups": ["x"], "scopes": ["everything"]}]}, "is no scope"),
        ({"teams": [{"scopes": ["inbox"]}]}, "neither `groups` nor `emails`"),
        ({"teams": [{"emails": ["*"], "scopes": ["inbox"]}]}, "emails"),
        ({"request": ["email"]}, "lacks `openid`"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_told(provider: Provider, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        parse_server_settings({"oidc": provider.settings(**changed)}, None)


def test_offline_no_provider_is_asked_but_one_of_this_machine(banks: Path, tmp_path: Path, provider: Provider) -> None:
    shell = replace(shell_at(banks), offline=True)
    given = {"database": f"sqlite:///{tmp_path / 'store.sqlite'}", "oidc": provider.settings()}
    open_service(shell, parse_server_settings(given, None)).close()
    given["oidc"] = provider.settings(issuer="https://login.example.com")
    with pytest.raises(ConfigError, match=r"Offline: https://login\.example\.com may not be asked"):
        open_service(shell, parse_server_settings(given, None))


def test_a_missing_library_is_told_with_what_brings_it(
    opened_desk: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    with pytest.raises(ConfigError, match=r"Authlib is not installed: pip install 'refdesk\[oidc\]'"):
        opened_desk(provider.settings())


def test_the_secret_comes_from_the_environment_alone() -> None:
    assert read_environment({"REFDESK_OIDC_CLIENT_SECRET": "x"}).oidc_client_secret == "x"
    assert "x'" not in repr(read_environment({"REFDESK_OIDC_CLIENT_SECRET": "x"}))
