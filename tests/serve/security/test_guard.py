"""Who is let in, as what, and what everybody is held to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from serve.security.refusals import TooLarge
from serve.store.schema import now
from tests.serve.security.conftest import ELSEWHERE, MakeGuarded

SITE = "https://support.example"
PUBLIC = {"loopback": False, "allowed_hosts": ["support.example"]}


async def test_the_page_gets_a_cookie_that_no_script_reads_and_no_other_site_sends(guarded: MakeGuarded) -> None:
    answer = await guarded().client().get("/api/session")
    attributes = answer.headers["set-cookie"].split("; ")
    assert attributes[0].startswith("refdesk_visitor=v_")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes)
    assert "Secure" not in attributes


async def test_over_tls_the_cookie_is_bound_to_it(guarded: MakeGuarded) -> None:
    answer = await guarded(**PUBLIC).client(SITE).get("/api/session")
    attributes = answer.headers["set-cookie"].split("; ")
    assert attributes[0].startswith("__Host-refdesk_visitor=v_")
    assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)


async def test_behind_a_trusted_proxy_that_ends_tls_the_cookie_is_bound_to_it(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC, trusted_proxies=["10.0.0.2"])
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": ELSEWHERE}
    answer = await made.client("http://support.example", address="10.0.0.2").get("/api/session", headers=headers)
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_visitor_stays_who_they_are(guarded: MakeGuarded) -> None:
    page = await guarded(**PUBLIC).page(SITE, address=ELSEWHERE)
    again = await page.client.get("/api/session")
    assert again.json()["id"] == page.visitor
    assert "set-cookie" not in again.headers
    assert (await page.ask()).json() == {"kind": "visitor", "id": page.visitor, "roles": [], "address": ELSEWHERE}


async def test_a_visitor_may_chat_and_nothing_else(guarded: MakeGuarded) -> None:
    page = await guarded(**PUBLIC).page(SITE, address=ELSEWHERE)
    answer = await page.client.get("/api/admin")
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == "This session lacks the scope `admin`."


async def test_nobody_known_is_told_how_to_be_known(guarded: MakeGuarded) -> None:
    answer = await guarded(**PUBLIC).client(SITE, address=ELSEWHERE).get("/api/who")
    assert answer.status_code == 401
    assert "Bearer" in answer.json()["error"]["hint"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="refdesk"'


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Refdesk_CSRF": ""},
        {"X_Refdesk_CSRF": "wrong"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "", "Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_page_of_another_site_does_nothing_in_a_visitors_name(
    guarded: MakeGuarded, headers: dict[str, str]
) -> None:
    page = await guarded(**PUBLIC).page(SITE, address=ELSEWHERE)
    assert (await page.ask()).status_code == 200
    answer = await page.ask(**headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forged"


async def test_the_token_of_one_visitor_is_not_that_of_another(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC)
    one, other = await made.page(SITE), await made.page(SITE)
    assert (await one.ask(X_Refdesk_CSRF=other.csrf)).status_code == 403


async def test_a_page_of_another_site_learns_no_token(guarded: MakeGuarded) -> None:
    client = guarded(**PUBLIC).client(SITE)
    assert (await client.get("/api/session", headers={"Origin": "https://attacker.example"})).status_code == 403
    assert (await client.get("/api/session", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_a_key_needs_no_token_and_has_its_own_roles_and_scopes(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC)
    whole, key = made.guard.keys.make("shop", scopes=["chat"], roles=["staff"])
    client = made.client(SITE, address=ELSEWHERE)
    client.headers["Authorization"] = f"Bearer {whole}"
    assert (await client.post("/api/ask")).json() == {
        "kind": "key",
        "id": f"k_{key.id}",
        "roles": ["staff"],
        "address": ELSEWHERE,
    }
    answer = await client.get("/api/admin")
    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "This key lacks the scope `admin`.")


async def test_a_key_that_is_wrong_revoked_or_expired_opens_nothing(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC)
    revoked, _ = made.guard.keys.make("revoked", scopes=["chat"])
    made.guard.keys.revoke("revoked")
    expired, _ = made.guard.keys.make("expired", scopes=["chat"], expires=now() - timedelta(seconds=1))
    good, _ = made.guard.keys.make("good", scopes=["chat"])
    client = made.client(SITE, address=ELSEWHERE)
    said = set()
    for key in (revoked, expired, good[:-1], good + "0", "rd_", "x", "rd_00000000_" + "0" * 48):
        answer = await client.get("/api/who", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        said.add(answer.json()["error"]["message"])
    assert len(said) == 1
    assert {entry.action for entry in made.guard.audit.table.entries()} == {"key.refused"}


async def test_whoever_guesses_keys_is_slowed_down(guarded: MakeGuarded) -> None:
    client = guarded(**PUBLIC).client(SITE, address=ELSEWHERE)
    statuses = [
        (await client.get("/api/who", headers={"Authorization": f"Bearer rd_{guess}"})).status_code
        for guess in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


async def test_at_a_fresh_install_somebody_at_this_machine_may_do_everything(guarded: MakeGuarded) -> None:
    made = guarded()
    client = made.client()
    assert (await client.get("/api/admin")).json()["kind"] == "local"
    assert (await client.post("/api/ask")).json()["id"] == "local"
    page = await made.page()
    assert (await page.ask()).json() == {"kind": "local", "id": page.visitor, "roles": [], "address": "127.0.0.1"}
    # Programs that cannot do without a key send any.
    assert (await client.get("/api/admin", headers={"Authorization": "Bearer none"})).status_code == 200


async def test_nobody_else_is_taken_for_somebody_at_this_machine(guarded: MakeGuarded) -> None:
    made = guarded()
    client = made.client()
    for headers in (
        {"X-Forwarded-For": ELSEWHERE},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "for=x"},
        {"Via": "1.1 proxy"},
    ):
        assert (await client.get("/api/admin", headers=headers)).status_code == 401
    assert (await made.client(address=ELSEWHERE).get("/api/admin")).status_code == 401
    assert (await guarded(loopback=False).client().get("/api/admin")).status_code == 401


@pytest.mark.parametrize("awaiting", [{"allowed_hosts": ["support.example"]}, {"trusted_proxies": ["127.0.0.1"]}])
async def test_where_others_are_awaited_nobody_at_this_machine_does_without_a_key(
    guarded: MakeGuarded, awaiting: dict[str, list[str]]
) -> None:
    client = guarded(**awaiting).client()
    # A proxy on the same machine need not say that it is one.
    assert (await client.get("/api/admin")).status_code == 401
    assert (await client.get("/api/admin", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 401


async def test_a_page_of_another_site_does_nothing_at_a_fresh_install(guarded: MakeGuarded) -> None:
    client = guarded().client()
    for headers in (
        {"Origin": "https://attacker.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:3000"},
        {"Referer": "https://attacker.example/"},
    ):
        assert (await client.post("/api/ask", headers=headers)).status_code == 403
    rebound = {"Host": "attacker.example:8080", "Origin": "http://attacker.example:8080"}
    assert (await client.post("/api/ask", headers=rebound)).status_code == 400


async def test_with_the_first_key_this_machine_is_like_any_other(guarded: MakeGuarded) -> None:
    made = guarded()
    client = made.client()
    assert (await client.get("/api/admin")).status_code == 200
    made.guard.keys.make("first", scopes=["chat"])
    assert (await client.get("/api/admin")).status_code == 401
    made.guard.keys.revoke("first")
    assert (await client.get("/api/admin")).status_code == 401


async def test_questions_are_limited_by_visitor_and_the_answer_says_when_to_come_back(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC, limits={"visitor_per_minute": 2})
    page = await made.page(SITE, address=ELSEWHERE)
    assert [(await page.ask()).status_code for _ in range(3)] == [200, 200, 429]
    answer = await page.ask()
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert answer.json()["error"]["message"] == "Too many requests in a short time."
    other = await made.page(SITE, address="203.0.113.8")
    assert (await other.ask()).status_code == 200


async def test_who_drops_their_cookie_is_still_limited_by_address(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC, limits={"address_per_minute": 2})
    pages = [await made.page(SITE, address=ELSEWHERE) for _ in range(3)]
    assert [(await page.ask()).status_code for page in pages] == [200, 200, 429]


async def test_cheap_requests_are_limited_too(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC, limits={"address_per_minute": 1})
    client = made.client(SITE, address=ELSEWHERE)
    statuses = [(await client.get("/api/session")).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]


async def test_keys_have_a_limit_of_their_own_whatever_their_address(guarded: MakeGuarded) -> None:
    made = guarded(**PUBLIC, limits={"key_per_minute": 2, "address_per_minute": 1})
    client = made.client(SITE, address=ELSEWHERE)
    for name in ("one", "two"):
        client.headers["Authorization"] = f"Bearer {made.guard.keys.make(name, scopes=['chat'])[0]}"
        assert [(await client.post("/api/ask")).status_code for _ in range(3)] == [200, 200, 429]


def test_a_question_has_a_greatest_length(guarded: MakeGuarded) -> None:
    guard = guarded(limits={"question_chars": 10}).guard
    guard.check_question("x" * 10)
    with pytest.raises(TooLarge, match=r"11 characters\. Ask with at most 10"):
        guard.check_question("x" * 11)
