"""What is kept of a person, for whoever runs the service: find it, give it out, delete it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from serve.http.described import described
from serve.http.failures import Refused
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.people import People

PERSON = r"^[A-Za-z0-9_-]+$"
# PostgreSQL keeps no character of this kind.
NO_NUL = r"^[^\x00]*$"
Person = Annotated[str, Path(max_length=200, pattern=PERSON, description="The id of whoever held the conversations.")]


class SearchShape(BaseModel):
    """What a person is known by."""

    words: str = Field(
        min_length=3, max_length=200, pattern=NO_NUL, description="Such as an e-mail address or a number."
    )


class TraceShape(BaseModel):
    """A conversation in which the words stand."""

    person: str
    conversation: str
    title: str
    created: datetime


class TracesShape(BaseModel):
    """Where a person was found, newest first."""

    found: list[TraceShape]


class ExportShape(BaseModel):
    """Everything that is kept of a person."""

    person: str
    conversations: list[dict[str, Any]]


class ForgottenShape(BaseModel):
    """What was deleted."""

    conversations: int


def people_routes(service: Service) -> APIRouter:
    """Routes over what is kept of people."""
    router = APIRouter(tags=["people"])
    admin = Depends(require(service, "admin"))
    people = People(service.store.database)

    @router.post("/api/people/search", responses=described())
    def search(given: SearchShape, caller: Annotated[Caller, admin]) -> TracesShape:
        """Find the conversations that hold an address or a number; the words stand in the body, and in no log."""
        found = people.holding(given.words)
        service.guard.audit.did(caller, "person.searched", found=len(found))
        return TracesShape(
            found=[
                TraceShape(person=one.owner, conversation=one.conversation, title=one.title, created=one.created)
                for one in found
            ]
        )

    @router.get("/api/people/{person}/export", responses=described(404))
    def export(person: Person, caller: Annotated[Caller, admin]) -> ExportShape:
        """Everything that is kept of a person: conversations, messages, turns and what happened in them."""
        found = people.everything_of(person)
        if not found:
            raise _nobody()
        service.guard.audit.did(caller, "person.exported", person, conversations=len(found))
        return ExportShape(person=person, conversations=found)

    @router.delete("/api/people/{person}", responses=described(404))
    def forget(person: Person, caller: Annotated[Caller, admin]) -> ForgottenShape:
        """Delete everything that is kept of a person, for good."""
        count = people.forget(person)
        if not count:
            raise _nobody()
        service.guard.audit.did(caller, "person.deleted", person, conversations=count)
        return ForgottenShape(conversations=count)

    return router


def _nobody() -> Refused:
    return Refused(
        404, "person_not_found", "Nothing is kept of this person.", hint="Find their id with `POST /api/people/search`."
    )
