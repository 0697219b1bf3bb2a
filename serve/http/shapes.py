"""What the routes of conversations send and take, as the OpenAPI document describes it."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from knowledge.types import Reader
from serve.languages import ENGLISH, said_in
from serve.sources.showing import shown_uri
from serve.store.conversations import Channel, Conversation, State
from serve.store.messages import CitedPlace, Message, Role, Status
from serve.store.turns import INTERRUPTED
from serve.turns.reply import may_hear

RESERVED = "This answer rests on documents that you may not read."
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
# PostgreSQL keeps no NUL.
WITHOUT_NUL = AfterValidator(lambda text: text.replace("\x00", "\ufffd"))
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100_000), WITHOUT_NUL]


class Taken(BaseModel):
    """What is taken holds nothing that means nothing."""

    model_config = ConfigDict(extra="forbid")


class CitationShape(BaseModel):
    """Words of a document that an answer rests on: `[number]` in the text stands for them."""

    number: int
    title: str
    bank: str
    uri: str
    page: int | None
    headings: list[str]
    quote: str
    start: int
    end: int
    kind: Literal["pdf", "text"]


class FeedbackShape(BaseModel):
    """What the reader thinks of an answer."""

    rating: Literal["up", "down"] | None
    reason: str


class MessageShape(BaseModel):
    """One thing that was said; `text` is Markdown."""

    id: str
    role: Role
    text: str
    author: str
    created: datetime
    status: Status
    abstained: bool
    confidence: float | None
    citations: list[CitationShape]
    closest: list[CitationShape] = Field(description="Where nothing was answered: what came closest.")
    followups: list[str]
    feedback: FeedbackShape | None
    model: str | None = Field(description="The language model that wrote it; null where documents are quoted.")
    host: str | None


class SummaryShape(BaseModel):
    """A conversation without what was said."""

    id: str
    title: str
    created: datetime
    updated: datetime
    state: State
    channel: Channel = Field(description="`chat`, or by which of their protocols a program asked.")


class ConversationShape(SummaryShape):
    """A conversation; `seq` is the number of its last event, from which on the live events go."""

    messages: list[MessageShape]
    seq: int


class NewConversation(Taken):
    """Nothing is needed to begin one."""


class NewMessage(Taken):
    """A question under an id that the client makes: sent again, it is still one question."""

    id: ClientId
    text: Text


class Retry(Taken):
    """The message to be answered again: a question, or its answer."""

    message: Annotated[str, Field(max_length=64)]


class Rating(Taken):
    """What the reader thinks of an answer; null takes it back."""

    rating: Literal["up", "down"] | None
    reason: Annotated[str, Field(max_length=2_000)] = ""


def message_shape(message: Message, reader: Reader, language: str = ENGLISH) -> MessageShape:
    """A message as it is sent to this reader: of one that rests on what they may not read, only that it was said.

    What was put down for nobody in particular, that or why there is no answer, is said in this language.
    """
    if not may_hear(message, reader):
        message = replace(message, text=RESERVED, citations=(), closest=(), followups=())
    rated, own = message.rating is not None, message.text in (RESERVED, INTERRUPTED) and message.role == "assistant"
    return MessageShape(
        id=message.id,
        role=message.role,
        text=said_in(language, message.text) if own else message.text,
        author=message.author,
        created=message.created,
        status=message.status,
        abstained=message.abstained,
        confidence=message.confidence,
        citations=[citation_shape(place) for place in message.citations],
        closest=[citation_shape(place) for place in message.closest],
        followups=list(message.followups),
        feedback=FeedbackShape(rating=message.rating, reason=message.reason) if rated else None,
        model=message.model,
        host=message.host,
    )


def citation_shape(place: CitedPlace) -> CitationShape:
    """A citation as it is sent."""
    return CitationShape(
        number=place.number,
        title=place.title,
        bank=place.bank,
        uri=shown_uri(place.uri),
        page=place.page,
        headings=list(place.headings),
        quote=place.quote,
        start=place.start,
        end=place.end,
        kind=place.kind,
    )


def summary_shape(one: Conversation) -> SummaryShape:
    """A conversation as it is listed."""
    return SummaryShape(
        id=one.id, title=one.title, created=one.created, updated=one.updated, state=one.state, channel=one.channel
    )
