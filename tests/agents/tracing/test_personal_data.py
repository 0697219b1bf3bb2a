"""Personal data in running text."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tracing.personal_data import CARD, EMAIL, IBAN, PHONE, is_iban, passes_luhn, without_personal_data

WORDS = st.text(st.characters(categories=["Lu", "Ll", "Zs", "Po"], exclude_characters="@%"), max_size=30)
LOCAL = st.text(string.ascii_letters + string.digits + ".+_-", min_size=1, max_size=30)
LABEL = st.text(string.ascii_lowercase, min_size=2, max_size=12)


def luhn_digit(digits: str) -> str:
    """The digit that makes a card number of these."""
    return next(digit for digit in string.digits if passes_luhn(digits + digit))


CARDS = st.builds(
    lambda first, rest: first + rest + luhn_digit(first + rest),
    st.sampled_from("23456"),
    st.text(string.digits, min_size=14, max_size=14),
)
ACCOUNTS = st.builds(
    lambda account: next(iban for check in range(2, 99) if is_iban(iban := f"DE{check:02}{account}")),
    st.text(string.digits, min_size=18, max_size=18),
)


def grouped(text: str, by: str) -> str:
    """The text in groups of four."""
    return by.join(text[at : at + 4] for at in range(0, len(text), 4))


@given(WORDS, LOCAL, LABEL, LABEL, WORDS)
def test_an_email_address_never_stays(before: str, local: str, domain: str, top: str, after: str) -> None:
    address = f"{local}@{domain}.{top}"
    kept = without_personal_data(f"{before} {address} {after}")
    assert address not in kept
    assert EMAIL in kept


@given(CARDS, st.sampled_from(["", " ", "-", "\u00a0"]), WORDS)
def test_a_card_number_never_stays_however_it_is_written(card: str, by: str, around: str) -> None:
    assert without_personal_data(f"{around} {grouped(card, by)} {around}").count(CARD) == 1


@given(CARDS)
def test_a_card_number_with_a_wrong_digit_is_no_card_number(card: str) -> None:
    wrong = card[:-1] + str((int(card[-1]) + 1) % 10)
    assert CARD not in without_personal_data(wrong)


@given(ACCOUNTS, st.sampled_from(["", " "]), st.booleans())
def test_an_iban_never_stays_however_it_is_written(iban: str, by: str, small: bool) -> None:
    written = grouped(iban.lower() if small else iban, by)
    assert without_personal_data(f"to {written} please") == f"to {IBAN} please"
    assert without_personal_data(f"({written}).") == f"({IBAN})."


@given(ACCOUNTS)
def test_an_iban_with_a_wrong_digit_is_no_iban(iban: str) -> None:
    wrong = iban[:-1] + str((int(iban[-1]) + 1) % 10)
    assert IBAN not in without_personal_data(wrong)


@pytest.mark.parametrize(
    "number",
    [
        "+49 30 1234567",
        "+49 (0)30 / 123 45 67",
        "+1-555-123-4567",
        "+33 1 23 45 67 89",
        "0044 20 7946 0958",
        "+4915112345678",
        "(030) 1234567",
        "(555) 123-4567",
        "030 1234567",
        "0171-2345678",
        "020 7946 0958",
        "01712345678",
        "555-123-4567",
        "555.123.4567",
    ],
)
def test_a_telephone_number_never_stays(number: str) -> None:
    assert without_personal_data(f"Call {number}, or not.") == f"Call {PHONE}, or not."
    assert without_personal_data(f"Call {number}.") == f"Call {PHONE}."


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26 04:28:16,123 INFO took 0.123456789 s",
        "2026-11-26T04:28:16.123456+00:00",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "1795667215123 ms, 1795667215123456789 ns",
        "127.0.0.1:8080 and 2001:db8::1 and 192.168.100.200",
        "Version 10.11.12, page 1234567, 10,000,000 crowns, 1.234.567,89 euros",
        "Order 100234-5678 of customer 4711, invoice 2026-000123",
        "model text-embedding-3-small, 25 days of leave, 30 to 40 percent",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "@channel ping user@localhost",
        "Part no. 4111 1111 1111 1112",
        "",
    ],
)
def test_what_only_looks_a_little_like_it_stays(text: str) -> None:
    assert without_personal_data(text) == text


@given(st.text(max_size=300))
def test_twice_is_once(text: str) -> None:
    once = without_personal_data(text)
    assert without_personal_data(once) == once


@given(st.text("0123456789 .-+()/@%aDEe:", max_size=200))
def test_twice_is_once_where_there_are_many_numbers(text: str) -> None:
    once = without_personal_data(text)
    assert without_personal_data(once) == once
