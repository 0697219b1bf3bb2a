"""Banks and their documents, for programs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from knowledge.bank import KnowledgeBank
from knowledge.errors import BankNotFound
from knowledge.storage.places import read_standing
from knowledge.storage.removal import remove_documents
from knowledge.storage.rows import DocumentSummary
from knowledge.types import Document
from serve.http.bank_shapes import (
    BanksShape,
    DocumentShape,
    DocumentsShape,
    RemovedShape,
    bank_shape,
    document_shape,
    summary_shape,
)
from serve.http.described import described
from serve.http.failures import Refused
from serve.http.file_ranges import file_response
from serve.http.source_shapes import SourceShape, source_shape
from serve.http.sources import FILE
from serve.security.caller import Caller, require
from serve.service import Service
from serve.sources.showing import WINDOW, Cited

BankName = Annotated[str, Path(max_length=63, description="The name of a bank.")]
DocumentId = Annotated[int, Path(ge=1, le=2**62, description="The number of a document in its bank.")]
Position = Annotated[int, Query(ge=0, le=10**9)]
BACK = "The file still stands where it was ingested from: the next ingest of that place brings the document back."


def bank_routes(service: Service) -> APIRouter:
    """Routes below the banks; everything is read as the caller."""
    router = APIRouter(tags=["banks"])
    reader, root = Depends(require(service, "documents:read")), service.shell.root

    @router.get("/api/banks", responses=described())
    def banks(caller: Annotated[Caller, Depends(require(service, "search"))]) -> BanksShape:
        """The banks, with what the caller may read of each."""
        return BanksShape(banks=[bank_shape(service.library.bank(name), caller.reader) for name in service.banks])

    @router.get("/api/banks/{bank}/documents", responses=described(404))
    def documents(
        bank: BankName,
        caller: Annotated[Caller, reader],
        offset: Position = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> DocumentsShape:
        """The documents of a bank, by place."""
        found = offered_bank(service, bank).documents(reader=caller.reader)
        shown = [summary_shape(document, root) for document in found[offset : offset + limit]]
        return DocumentsShape(
            documents=shown, total=len(found), next=offset + limit if offset + limit < len(found) else None
        )

    @router.get("/api/banks/{bank}/documents/{id}", responses=described(404))
    def document(
        bank: BankName,
        id: DocumentId,
        caller: Annotated[Caller, reader],
        offset: Position = 0,
        length: Annotated[int, Query(ge=1, le=WINDOW)] = WINDOW,
    ) -> DocumentShape:
        """A document with its text, or a part of it."""
        return document_shape(readable(service, caller, bank, id), offset, length, root)

    router.include_router(_original_routes(service))
    return router


def _original_routes(service: Service) -> APIRouter:
    """Routes of what a document was read from."""
    router = APIRouter()
    reader, writer = Depends(require(service, "documents:read")), Depends(require(service, "documents:write"))
    root = service.shell.root

    @router.get("/api/banks/{bank}/documents/{id}/source", responses=described(404, 410))
    def source(
        bank: BankName, id: DocumentId, caller: Annotated[Caller, reader], start: Position, end: Position
    ) -> SourceShape:
        """What a citation of these characters shows: the text around them, and boxes on the pages of a PDF."""
        found = readable(service, caller, bank, id)
        if not start < end <= min(len(found.text), start + WINDOW):
            raise Refused(422, "invalid_request", f"The document has {len(found.text)} characters.", hint="Ask within.")
        cited = Cited(bank, id, found.uri, start, end, found.text[start:end])
        shown = service.sources.show(cited, caller.reader)
        return source_shape(shown, file=f"/api/banks/{bank}/documents/{id}/file", root=root)

    @router.get(
        "/api/banks/{bank}/documents/{id}/file", response_class=Response, responses=described(404, 410, 416) | FILE
    )
    def file(bank: BankName, id: DocumentId, request: Request, caller: Annotated[Caller, reader]) -> Response:
        """The PDF that a document was read from, as long as it is as it was ingested."""
        return file_response(request, service.sources.original_of(readable(service, caller, bank, id)))

    @router.delete("/api/banks/{bank}/documents/{id}", responses=described(404, 409))
    def remove(bank: BankName, id: DocumentId, caller: Annotated[Caller, writer]) -> RemovedShape:
        """Remove a document from its bank, and its file where it was uploaded."""
        doomed, stays = removed(service, caller, bank, id)
        service.guard.audit.did(caller, "document.removed", f"{bank}/{id}")
        return RemovedShape(removed=summary_shape(doomed, root), note=BACK if stays else "")

    return router


def offered_bank(service: Service, name: str) -> KnowledgeBank:
    """The bank of that name; raises `BankNotFound` also for one that the service does not offer."""
    if name not in service.banks:
        raise BankNotFound(f"There is no bank {name!r}.", hint="`GET /api/banks` lists all.")
    return service.library.bank(name)


def readable(service: Service, caller: Caller, bank: str, id: int) -> Document:
    """A document that the caller may read; refused as not found where there is none."""
    found = offered_bank(service, bank).catalog.document(id, caller.reader, bank)
    if found is None:
        raise _no_document(bank, id)
    return found


def removed(service: Service, caller: Caller, bank: str, id: int) -> tuple[DocumentSummary, bool]:
    """The document that was removed, and whether a file of it stays, from which it may come back."""
    opened = offered_bank(service, bank)
    doomed = next((one for one in opened.documents(reader=caller.reader) if one.id == id), None)
    if doomed is None:
        raise _no_document(bank, id)
    places = [place.uri for place in read_standing(opened.catalog).places if place.document_id == id]
    remove_documents(opened, [doomed])
    return doomed, service.jobs.uploads.remove(bank, places) < len(places)


def _no_document(bank: str, id: int) -> Refused:
    return Refused(
        404, "not_found", f"The bank {bank!r} has no document {id}.", hint="`GET /api/banks/BANK/documents` lists all."
    )
