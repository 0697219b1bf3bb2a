"""What the routes of the inbox send and take, as the OpenAPI document describes it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from serve.handover.evidence import Evidence
from serve.http.shapes import WITHOUT_NUL, ClientId, ConversationShape, Taken, Text
from serve.security.caller import Caller
from serve.store.inbox import Line
from serve.store.jobs import Job
from serve.store.outbox import Delivery
from serve.store.proposals import Proposal
from serve.store.tickets import State, Ticket, Trigger

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]


class TicketShape(BaseModel):
    """A ticket. `holder` is the name under which somebody answers in it, `mine` whether that is the caller."""

    id: str
    number: str
    conversation: str
    state: State
    trigger: Trigger
    reason: str
    contact: str
    holder: str | None
    mine: bool
    opened: datetime
    claimed: datetime | None
    ended: datetime | None
    updated: datetime


class LineShape(TicketShape):
    """A ticket as it is listed: what its conversation is called, and what was said last in it."""

    title: str
    last_role: str
    last_text: str
    undelivered: bool = Field(description="Whether news of it has not arrived where it was sent.")


class InboxShape(BaseModel):
    """The tickets, those that wait longest first; `seq` is the number of the last event until now."""

    tickets: list[LineShape]
    seq: int


class FoundShape(BaseModel):
    """A passage that was found for the question."""

    bank: str
    document: int
    title: str
    text: str
    page: int | None
    headings: list[str]
    score: float


class EvidenceShape(BaseModel):
    """What stood behind the answer that led to the ticket, as far as the caller may read it."""

    message: str
    confidence: float | None
    abstained: bool
    understood: str
    passages: list[FoundShape]


class DeliveryShape(BaseModel):
    """News of a ticket on its way: `error` says why it has not arrived yet."""

    channel: str
    event: str
    state: Literal["new", "pending", "delivered", "failed"]
    attempts: int
    error: str
    created: datetime
    due: datetime | None
    delivered: datetime | None


class ProposalShape(BaseModel):
    """A proposed entry. Once it is accepted, `job` takes it into its bank, and `progress` says how far that is."""

    id: str
    ticket: str
    question: str
    answer: str
    bank: str | None
    author: str
    state: Literal["proposed", "accepted", "rejected"]
    created: datetime
    decided: datetime | None
    file: str | None
    job: str | None
    progress: Literal["queued", "running", "done", "failed"] | None
    problem: str = Field(description="Why the bank does not know it; empty where nothing is wrong.")


class DetailShape(BaseModel):
    """A ticket with everything that a person needs to answer."""

    ticket: TicketShape
    conversation: ConversationShape
    evidence: EvidenceShape | None
    deliveries: list[DeliveryShape]
    proposals: list[ProposalShape]


class Claim(Taken):
    """Under which name the customer is answered; `take_over` takes the ticket from whoever has it."""

    name: Name = ""
    take_over: bool = False


class Answer(Taken):
    """What is said to the customer, in Markdown, under an id that the client makes: sent again, it is said once."""

    id: ClientId
    text: Text


class Nothing(Taken):
    """Nothing more has to be said."""


class ProposalsShape(BaseModel):
    """Proposed entries, the newest first, and the banks that may take them."""

    proposals: list[ProposalShape]
    banks: list[str]


class Acceptance(Taken):
    """The entry as it is to be known: a question, its answer in Markdown, and the bank."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1_000), WITHOUT_NUL]
    answer: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=50_000), WITHOUT_NUL]
    bank: Annotated[str, Field(max_length=63)]


def ticket_shape(one: Ticket, caller: Caller) -> TicketShape:
    """A ticket as it is sent."""
    fields = {name: getattr(one, name) for name in TicketShape.model_fields if name not in ("holder", "mine")}
    return TicketShape(**fields, holder=one.holder_name or None, mine=one.holder == caller.id)


def line_shape(line: Line, caller: Caller, undelivered: set[str]) -> LineShape:
    """A ticket as it is listed."""
    return LineShape(
        **ticket_shape(line.ticket, caller).model_dump(),
        title=line.title,
        last_role=line.last_role,
        last_text=line.last_text,
        undelivered=line.ticket.id in undelivered,
    )


def evidence_shape(found: Evidence) -> EvidenceShape:
    """Evidence as it is sent."""
    passages = [
        FoundShape(
            **{name: getattr(one, name) for name in FoundShape.model_fields if name != "headings"},
            headings=[*one.headings],
        )
        for one in found.passages
    ]
    return EvidenceShape(
        message=found.message,
        confidence=found.confidence,
        abstained=found.abstained,
        understood=found.understood,
        passages=passages,
    )


def delivery_shape(one: Delivery) -> DeliveryShape:
    """A delivery as it is sent."""
    return DeliveryShape(**{name: getattr(one, name) for name in DeliveryShape.model_fields})


def proposal_shape(one: Proposal, job: Job | None = None) -> ProposalShape:
    """A proposal as it is sent; `job` is the one that takes it into its bank."""
    fields = {name: getattr(one, name) for name in ProposalShape.model_fields if name not in ("progress", "problem")}
    return ProposalShape(**fields, progress=job.state if job else None, problem=_problem(job) if job else "")


def _problem(job: Job) -> str:
    """Why a job's one document is not in its bank."""
    if job.failure:
        return f"{job.failure['message']} {job.failure['hint']}".strip()
    return next((one["reason"] for one in (job.report or {}).get("results", ()) if one["reason"]), "")
