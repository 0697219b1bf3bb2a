"""Secrets in texts and values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tracing.redaction import SECRET, Redactor

OWN_KEY = "rd_1a2b3c4d_" + "9f1c" * 12
TOKEN = "Zm9vYmFyYmF6cXV4"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"the key {OWN_KEY} was given", f"the key rd_1a2b3c4d_{SECRET} was given"),
        (f"Authorization: Bearer {TOKEN}", f"Authorization: {SECRET}"),
        (f"authorization=Basic {TOKEN}", f"authorization={SECRET}"),
        (f"{{'Authorization': 'Bearer {TOKEN}', 'n': 1}}", f"{{'Authorization': '{SECRET}', 'n': 1}}"),
        (f"[(b'authorization', b'Bearer {TOKEN}')]", f"[(b'authorization', b'{SECRET}')]"),
        ("Cookie: refdesk_visitor=v_a.1.b; theme=dark\nHost: x", f"Cookie: {SECRET}\nHost: x"),
        ("Set-Cookie: a=b; HttpOnly", f"Set-Cookie: {SECRET}"),
        (f"v_{'a' * 22}.1795667215.{'b' * 43}", SECRET),
        (f"the pass rw_{'a' * 40}.{'b' * 43} is over", f"the pass {SECRET} is over"),
        (f"sent bearer {TOKEN}", f"sent bearer {SECRET}"),
        ("OPENAI_API_KEY=abc123def", f"OPENAI_API_KEY={SECRET}"),
        ('{"api_key": "abc123def", "n": 1}', f'{{"api_key": "{SECRET}", "n": 1}}'),
        ("GET /x?token=abc&y=1", f"GET /x?token={SECRET}&y=1"),
        ("password: hunter2", f"password: {SECRET}"),
        ("X-Refdesk-CSRF: abcdef", f"X-Refdesk-CSRF: {SECRET}"),
        ("sk-proj-abcdefghijklmnopqrst", SECRET),
        ("sk-ant-api03-abcdefghijklmnopqrst", SECRET),
        ("AIza" + "x" * 35, SECRET),
        ("ghp_" + "x" * 36, SECRET),
        ("xoxb-1234567890-abcdef", SECRET),
        ("AKIAABCDEFGHIJKLMNOP", SECRET),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_def-ghi", SECRET),
        ("postgresql+psycopg://refdesk:hunter2@db/refdesk", f"postgresql+psycopg://refdesk:{SECRET}@db/refdesk"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", SECRET),
        ("mail ann@mail.example", "mail [e-mail]"),
    ],
)
def test_a_secret_never_stays(text: str, kept: str) -> None:
    assert Redactor().text(text) == kept
    assert Redactor().text(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "350 tokens, max_tokens=12, tokens: 7",
        "The secret of good tea is patience, says the author.",
        "Bearer of bad news",
        "risk-averse-customers-are-many",
        "GET /api/conversations/0123456789abcdef0123456789abcdef 200",
        "https://docs.example/page?topic=passwords",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_secret_that_is_known_goes_in_whatever_form() -> None:
    redactor = Redactor.knowing(["correct horse battery", None, "", "abc"])
    assert redactor.text("said <correct horse battery> to abc") == f"said <{SECRET}> to abc"
    assert "horse" not in repr(redactor)


def test_values_are_looked_through_to_the_bottom() -> None:
    given = {
        "Authorization": "anything",
        "x-api-key": "anything",
        "set-cookie": ["a", "b"],
        "nested": [{"text": "ann@mail.example", "count": 3, "ok": True, "none": None}],
        "tokens": 12,
        "error": ValueError(f"bad key {OWN_KEY}"),
    }
    assert Redactor().value(given) == {
        "Authorization": SECRET,
        "x-api-key": SECRET,
        "set-cookie": SECRET,
        "nested": [{"text": "[e-mail]", "count": 3, "ok": True, "none": None}],
        "tokens": 12,
        "error": f"bad key rd_1a2b3c4d_{SECRET}",
    }


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_key_never_stays_whatever_stands_around_it(before: str, after: str) -> None:
    assert OWN_KEY[12:] not in Redactor().text(f"{before} {OWN_KEY} {after}")
