"""Every knowledge id has a bank of its own, under a name that any file system takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.rag.naming import bank_name
from knowledge.card import check_bank_name
from knowledge.errors import UsageError

IDS = st.text(min_size=1, max_size=200).filter(str.strip)


def test_an_id_that_can_name_a_bank_does() -> None:
    assert bank_name("company_docs") == "company_docs"


@pytest.mark.parametrize("knowledge_id", ["Company Docs", "../../etc", "con", "法律", "a" * 300, "\ud800", "Ä/ö", "."])
def test_any_other_id_gets_a_name_that_is_safe(knowledge_id: str) -> None:
    assert check_bank_name(bank_name(knowledge_id))


@given(IDS, IDS)
def test_two_ids_never_share_a_bank(one: str, other: str) -> None:
    assert (bank_name(one) == bank_name(other)) == (one == other)


@pytest.mark.parametrize("nothing", ["", "  ", None, 7])
def test_an_id_that_is_none_is_refused(nothing: object) -> None:
    with pytest.raises(UsageError, match="not a knowledge id"):
        bank_name(nothing)  # type: ignore[arg-type]  # what callers do wrong
