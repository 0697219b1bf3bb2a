from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from knowledge.errors import BankNotFound
from knowledge.library import Library
from tests.knowledge.retrieval.test_indexes import EMBEDDER, ENOUGH, fill, may_be_owned


def library_at(root: Path, *, chroma_from: int | None = None) -> Library:
    return Library(root, embedders=lambda spec: EMBEDDER, chroma_from=chroma_from)


def test_a_bank_that_another_process_removes_is_gone_and_one_that_it_makes_anew_is_searched(tmp_path: Path) -> None:
    staying, other = library_at(tmp_path), library_at(tmp_path)
    fill(other.create("big"), range(10))
    assert staying.search("item7", k=1)[0].uri == "7.md"
    other.remove("big")
    with pytest.raises(BankNotFound):
        staying.bank("big")
    fill(other.create("big"), range(20, 30))
    assert staying.search("item27", k=1)[0].uri == "27.md"
    other.remove("big")
    fill(other.create("big"), range(40, 50))
    assert {passage.uri for passage in staying.search("item47", k=20)} == {f"{number}.md" for number in range(40, 50)}
    assert staying.bank("big") is staying.bank("big")


def test_a_bank_that_was_removed_while_it_is_searched_keeps_nobody_from_other_banks(tmp_path: Path) -> None:
    staying, other = library_at(tmp_path), library_at(tmp_path)
    for name in ("big", "small"):
        fill(other.create(name), range(10))
        staying.bank(name)
    searched = staying.bank("big").catalog
    other.remove("big")
    fill(other.create("big"), range(20, 30))
    with ThreadPoolExecutor(2) as threads:
        with searched.reading():
            anew = threads.submit(staying.search, "item27", k=1, banks=["big"])
            with pytest.raises(TimeoutError):
                anew.result(0.2)
            assert threads.submit(staying.search, "item7", k=1, banks=["small"]).result(ENOUGH)[0].uri == "7.md"
        assert anew.result(ENOUGH)[0].uri == "27.md"


def test_threads_that_come_at_the_same_moment_get_the_same_bank(tmp_path: Path) -> None:
    library_at(tmp_path).create("big")
    together = Barrier(8)
    library = library_at(tmp_path)

    def bank(_: int) -> int:
        together.wait()
        return id(library.bank("big"))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(bank, range(8)))) == 1


def test_a_library_that_is_closed_leaves_mirrors_to_others_and_may_be_used_again(tmp_path: Path) -> None:
    fill(library_at(tmp_path).create("big"), range(300))
    library = library_at(tmp_path, chroma_from=100)
    bank = library.bank("big")
    for _ in range(2):
        assert library.search("item7", k=1)[0].uri == "7.md"
        assert bank.settle(ENOUGH)
        assert not may_be_owned(bank.path)
        library.close()
        assert may_be_owned(bank.path)
