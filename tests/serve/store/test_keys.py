"""The table of keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.errors import UsageError
from serve.store.database import open_database
from serve.store.keys import Keys
from serve.store.schema import now


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """The table in a database of its own."""
    return Keys(open_database(tmp_path))


def test_a_key_opens_what_it_was_made_for_and_is_kept_nowhere(keys: Keys, tmp_path: Path) -> None:
    whole, made = keys.make("shop", scopes=["ask", "chat"], roles=["staff"])
    found = keys.check(whole)
    assert found is not None
    assert (found.id, found.scopes, found.roles) == (made.id, frozenset({"ask", "chat"}), frozenset({"staff"}))
    assert whole.startswith(made.prefix)
    secret = whole.rpartition("_")[2].encode()
    assert not [path for path in tmp_path.iterdir() if secret in path.read_bytes()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text())
def test_nothing_else_opens_anything(keys: Keys, given: str) -> None:
    if not keys.any():
        keys.make("shop", scopes=["ask"])
    assert keys.check(given) is None


def test_the_beginning_of_a_key_opens_nothing(keys: Keys) -> None:
    whole, made = keys.make("shop", scopes=["ask"])
    for other in (made.prefix, f"{made.prefix}_", whole[:-1], f"{whole}0", whole.upper(), f" {whole}"):
        assert keys.check(other) is None


def test_a_key_ends_when_it_was_said_to(keys: Keys) -> None:
    lasting, _ = keys.make("lasting", scopes=["ask"], expires=now() + timedelta(hours=1))
    over, key = keys.make("over", scopes=["ask"], expires=now() - timedelta(seconds=1))
    assert keys.check(lasting) is not None
    assert keys.check(over) is None
    assert key.state == "expired"
    assert keys.any_open()


@pytest.mark.parametrize("how", ["name", "id", "prefix"])
def test_a_revoked_key_opens_nothing_and_its_name_is_free(keys: Keys, how: str) -> None:
    whole, made = keys.make("shop", scopes=["ask"])
    revoked = keys.revoke(str(getattr(made, how)))
    assert revoked is not None
    assert revoked.state == "revoked"
    assert keys.check(whole) is None
    assert keys.revoke("shop") is None
    assert keys.any()
    assert not keys.any_open()
    keys.make("shop", scopes=["ask"])


def test_two_keys_that_open_something_are_not_called_the_same(keys: Keys) -> None:
    keys.make("shop", scopes=["ask"])
    with pytest.raises(UsageError, match="A key called shop is there already"):
        keys.make("shop", scopes=["ask"])


def test_it_is_known_when_a_key_was_used_last(keys: Keys) -> None:
    whole, made = keys.make("shop", scopes=["ask"])
    assert made.used is None
    keys.check(whole)
    used = keys.all()[0].used
    assert used is not None
    assert now() - used < timedelta(minutes=1)
    keys.check(whole)
    assert keys.all()[0].used == used
