"""What models and tools say is free of characters that files, databases and JSON refuse."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.message.storable import storable, storable_data, storable_so_far

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("plain", "plain"),
        ("Grüße 🎈 漢字", "Grüße 🎈 漢字"),
        ("a\0b", "a\ufffdb"),
        ("\ud83c\udf88", "🎈"),
        ("\ud83cx\udf88", "\ufffdx\ufffd"),
        ("\ud83c", "\ufffd"),
        ("", ""),
    ],
)
def test_what_has_no_place_in_a_store_is_replaced_and_halves_are_joined(said: str, kept: str) -> None:
    assert storable(said) == kept


def test_a_half_at_the_end_of_what_is_still_coming_waits_for_the_other() -> None:
    said = "so \ud83c\udf88!"
    assert [storable_so_far(said[:end]) for end in range(3, 7)] == ["so ", "so ", "so 🎈", "so 🎈!"]


def test_data_is_freed_with_its_keys_and_other_values_stay() -> None:
    given_data = {"a\0": ["\ud800", 1, None, {"b": ("\0", True, 2.5)}]}
    assert storable_data(given_data) == {"a\ufffd": ["\ufffd", 1, None, {"b": ["\ufffd", True, 2.5]}]}


@given(ANY_TEXT)
def test_whatever_is_said_can_be_stored_and_what_could_be_stays(said: str) -> None:
    kept = storable(said)
    assert kept.encode().decode() == kept
    assert "\0" not in kept
    assert json.loads(json.dumps({"said": kept}, ensure_ascii=False).encode()) == {"said": kept}
    assert storable(kept) == kept
    assert len(storable_so_far(said)) <= len(said)
