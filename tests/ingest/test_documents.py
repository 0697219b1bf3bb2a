"""Documents of LlamaIndex readers."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core.schema import Document

from ingest import ingest_documents
from knowledge.bank import KnowledgeBank
from knowledge.errors import PruneRequired, UsageError


def loaded(*texts: str) -> list[Document]:
    return [Document(text=text, id_=f"wiki/{number}", metadata={"year": 2024}) for number, text in enumerate(texts)]


def test_documents_go_in_with_their_id_and_flat_metadata(bank: KnowledgeBank) -> None:
    pages = [Document(text="A card costs 3 euros.", id_="wiki/7", metadata={"title": "Fees", "year": 2024, "tags": []})]
    assert ingest_documents(pages, bank, source="wiki").summary.startswith("hr: 1 new")
    (passage,) = bank.search("card", filters={"year": 2024})
    assert (passage.title, passage.uri, dict(passage.metadata)) == ("Fees", "wiki/7", {"title": "Fees", "year": 2024})
    assert bank.verify().sound


def test_a_changed_document_is_replaced_and_an_equal_one_left(bank: KnowledgeBank) -> None:
    ingest_documents(loaded("one", "two"), bank)
    report = ingest_documents(loaded("one", "two and more"), bank)
    assert report.summary.startswith("hr: 1 changed, 1 unchanged")
    assert len(bank.documents()) == 2


def test_changed_metadata_is_a_change(bank: KnowledgeBank) -> None:
    ingest_documents(loaded("one"), bank)
    (page,) = loaded("one")
    page.metadata["year"] = 2025
    ingest_documents([page], bank)
    assert bank.search("one", filters={"year": 2025})
    assert len(bank.documents()) == 1


def test_random_ids_do_not_pile_up(bank: KnowledgeBank) -> None:
    for _ in range(2):
        pages = [
            Document(text=text, metadata={"file_path": "/a/b.pdf", "page_label": str(number)})
            for number, text in enumerate(("one", "two"), 1)
        ]
        ingest_documents([*pages, Document(text="three")], bank)
    assert [document.uri for document in bank.documents()][:2] == ["/a/b.pdf#page=1", "/a/b.pdf#page=2"]
    assert len(bank.documents()) == 3


def test_others_stay_unless_these_are_all(bank: KnowledgeBank) -> None:
    ingest_documents(loaded(*"abcdef"), bank)
    ingest_documents(loaded("a"), bank)
    assert len(bank.documents()) == 6
    with pytest.raises(PruneRequired):
        ingest_documents(loaded("a"), bank, complete=True)
    ingest_documents(loaded("a"), bank, complete=True, prune=True)
    assert len(bank.documents()) == 1


def test_metadata_that_is_no_number_or_no_text_does_no_harm(bank: KnowledgeBank) -> None:
    odd = {"score": float("nan"), "title": "\ud800 Fees", "year": 2024}
    ingest_documents([Document(text="A card costs 3 euros.", id_="wiki/1", metadata=odd)], bank)
    (passage,) = bank.search("card", filters={"year": 2024})
    assert dict(passage.metadata) == {"title": "? Fees", "year": 2024}


@pytest.mark.parametrize("given", [Document(text="one"), ["one"]])
def test_what_is_no_list_of_documents_is_refused(bank: KnowledgeBank, given: Any) -> None:
    with pytest.raises(UsageError, match="give a list"):
        ingest_documents(given, bank)
