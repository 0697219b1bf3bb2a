"""Taking single documents out of a bank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from knowledge.errors import UsageError
from knowledge.storage.places import read_standing
from knowledge.terminal.presentation import shown_path

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.storage.rows import DocumentSummary
    from knowledge.types import Reader


def find_documents(bank: KnowledgeBank, names: Iterable[str], reader: Reader) -> list[DocumentSummary]:
    """The documents that `names` mean, by number, address, shown path or title.

    Raises `UsageError` for a name that fits none that `reader` may see, or more than one.
    """
    documents = bank.documents(reader=reader)
    return [_the_one(documents, name, bank.name) for name in dict.fromkeys(names)]


def remove_documents(bank: KnowledgeBank, documents: Iterable[DocumentSummary]) -> None:
    """Removes the documents from every place; raises `BankBusy` while another process writes."""
    doomed = {document.id for document in documents}
    with bank.writer() as writer:
        places = read_standing(bank.catalog).places
        writer.remove_places([place for place in places if place.document_id in doomed])


def _the_one(documents: list[DocumentSummary], name: str, bank: str) -> DocumentSummary:
    def fits(document: DocumentSummary) -> bool:
        return name in (str(document.id), document.uri, shown_path(document.uri), document.title)

    found = {document.id: document for document in documents if fits(document)}
    if len(found) == 1:
        return next(iter(found.values()))
    problem = f"{len(found)} documents are called {name!r}" if found else f"there is no document {name!r}"
    raise UsageError(f"In the bank {bank!r} {problem}:", hint=f"see `refdesk documents list --bank {bank}`.")
