"""What a citation of an answer shows: the document, or the page of the PDF with the cited words marked."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from serve.http.described import described
from serve.http.failures import Refused
from serve.http.file_ranges import file_response
from serve.http.source_shapes import SourceShape, source_shape
from serve.security.caller import Caller, require
from serve.service import Service
from serve.sources.showing import Cited
from serve.store.messages import CitedPlace, Message

MessageId = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=1, le=1000, description="The number of the mark in the text.")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {}}, "description": "The PDF."},
    206: {"description": "A part of it."},
}


def source_routes(service: Service) -> APIRouter:
    """Routes below a message; whoever may read the conversation may look at what the documents let them read."""
    router = APIRouter(tags=["sources"])
    reader = Depends(require(service, "chat"))

    @router.get("/api/messages/{id}/citations/{number}/source", responses=described(404, 410))
    def source(id: MessageId, number: Number, caller: Annotated[Caller, reader]) -> SourceShape:
        """The cited document with the cited words."""
        shown = service.sources.show(cited(service, caller, id, number), caller.reader)
        file = f"/api/messages/{id}/citations/{number}/file"
        return source_shape(shown, file=file, root=service.shell.root)

    @router.get(
        "/api/messages/{id}/citations/{number}/file",
        response_class=Response,
        responses=described(404, 410, 416) | FILE,
    )
    def file(id: MessageId, number: Number, request: Request, caller: Annotated[Caller, reader]) -> Response:
        """The cited PDF, as long as it is as it was ingested."""
        return file_response(request, service.sources.original(cited(service, caller, id, number), caller.reader))

    return router


def cited(service: Service, caller: Caller, id: str, number: int) -> Cited:
    """The place that a mark of a message stands for; of an abstention, one of those that came closest."""
    message = service.store.messages.find(id)
    if message is not None and may_see(service, caller, message):
        places = message.citations or (message.closest if message.abstained else ())
        for place in places:
            if place.number == number:
                return as_cited(place)
    raise Refused(404, "not_found", "There is no such citation.", hint="Open the conversation again.")


def may_see(service: Service, caller: Caller, message: Message) -> bool:
    """Whether the conversation of a message is the caller's own, or open to them."""
    if caller.may("conversations:read") or caller.may("inbox"):
        return True
    conversation = service.store.conversations.find(message.conversation)
    return conversation is not None and conversation.owner == caller.id


def as_cited(place: CitedPlace) -> Cited:
    """A citation as it was stored."""
    return Cited(place.bank, place.document_id, place.uri, place.start, place.end, place.quote, place.headings)
