"""Questions, answers and passages as the interface takes and shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from knowledge.types import MetadataValue, Passage
from serve.asking.once import Kept, Taken
from serve.sources.showing import shown_uri
from serve.store.messages import CitedPlace
from serve.turns.reply import Reply

LONGEST = 10_000
Text = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"\S")]
BankNames = Annotated[
    list[Annotated[str, Field(max_length=63)]],
    Field(min_length=1, max_length=100, description="Only these banks; without it, where the question fits."),
]


class SaidShape(BaseModel):
    """Something that was said before the question."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: Annotated[str, Field(max_length=100_000)]


class AskShape(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "How many days of leave do I have?", "banks": ["hr"]}]},
    )

    question: Text
    history: list[SaidShape] = Field(default_factory=list, max_length=200, description="What was said before.")
    banks: BankNames | None = None
    instructions: str = Field(default="", max_length=20_000, description="For a language model, if one answers.")
    stream: bool = Field(
        default=False, description="Answer with server-sent events: `progress`, `delta`, `answer`, `error`, `end`."
    )


class CitationShape(BaseModel):
    """Words of a document that an answer rests on; `number` is the mark in the text, such as `[1]`."""

    number: int
    title: str
    bank: str
    document: int = Field(description="`GET /api/banks/{bank}/documents/{document}`.")
    uri: str
    page: int | None
    headings: list[str]
    quote: str
    start: int = Field(description="Where the quote begins in the document's text, in Unicode code points.")
    end: int
    kind: Literal["pdf", "text"]


class TakenShape(BaseModel):
    """What the language models took; zeros for an answer that was quoted."""

    input_tokens: int
    output_tokens: int


class AnswerShape(BaseModel):
    """An answer. Its text is Markdown with marks such as `[1]`."""

    text: str
    abstained: bool = Field(description="Whether the documents do not answer; `closest` is what comes nearest then.")
    confidence: float | None
    citations: list[CitationShape]
    closest: list[CitationShape]
    followups: list[str]
    understood: str = Field(description="The question as it was taken, in the light of what was said before.")
    escalate: bool = Field(description="Whether somebody else has to take over.")
    model: str | None = Field(description="The language model that wrote it; null where it was quoted.")
    host: str | None
    usage: TakenShape
    conversation: str = Field(description="Under this id question and answer are kept.")
    message: str = Field(description="The answer's own id, for `POST /api/messages/{id}/feedback`.")


class SearchShape(BaseModel):
    """What passages are searched for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"query": "days of paid leave", "k": 3, "filters": {"media_type": "text/markdown"}}]
        },
    )

    query: Text
    k: int = Field(default=5, ge=1, le=100, description="How many passages.")
    banks: BankNames | None = None
    filters: dict[Annotated[str, Field(pattern=r"^[\w .:@/-]{1,100}$")], MetadataValue] = Field(
        default_factory=dict, max_length=20, description="Equality with title, media_type, uri or a metadata key."
    )
    history: list[Annotated[str, Field(max_length=LONGEST)]] = Field(
        default_factory=list, max_length=50, description="The turns before the question, oldest first."
    )
    explain: bool = Field(default=False, description="Tell every part of each score.")


class ScoresShape(BaseModel):
    """Why a passage stands where it does."""

    total: float
    cosine: float
    bm25: float
    dense: float
    lexical: float
    link: float
    document: float
    rerank: float


class PassageShape(BaseModel):
    """A passage of a document."""

    bank: str
    document: int
    title: str
    uri: str
    text: str
    start: int
    end: int
    headings: list[str]
    page: int | None
    metadata: dict[str, MetadataValue]
    score: float
    scores: ScoresShape | None = Field(description="With `explain`, the parts of the score.")


class PassagesShape(BaseModel):
    """What was found, best first."""

    passages: list[PassageShape]


def answer_shape(reply: Reply, taken: Taken, kept: Kept, root: Path) -> AnswerShape:
    """An answer as it is sent."""
    return AnswerShape(
        text=reply.text,
        abstained=reply.abstained,
        confidence=reply.confidence,
        citations=[citation_shape(place, root) for place in reply.citations],
        closest=[citation_shape(place, root) for place in reply.closest],
        followups=list(reply.followups),
        understood=reply.understood,
        escalate=reply.escalates,
        model=reply.model,
        host=reply.host,
        usage=TakenShape(input_tokens=taken.input_tokens, output_tokens=taken.output_tokens),
        conversation=kept.conversation,
        message=kept.message,
    )


def citation_shape(place: CitedPlace, root: Path) -> CitationShape:
    """A citation as it is sent."""
    return CitationShape(
        number=place.number,
        title=place.title,
        bank=place.bank,
        document=place.document_id,
        uri=shown_uri(place.uri, root),
        page=place.page,
        headings=list(place.headings),
        quote=place.quote,
        start=place.start,
        end=place.end,
        kind=place.kind,
    )


def passage_shape(passage: Passage, root: Path, *, explain: bool) -> PassageShape:
    """A passage as it is sent."""
    parts = {name: float(getattr(passage.scores, name)) for name in ScoresShape.model_fields}
    return PassageShape(
        bank=passage.bank,
        document=passage.document_id,
        title=passage.title,
        uri=shown_uri(passage.uri, root),
        text=passage.text,
        start=passage.start,
        end=passage.end,
        headings=list(passage.headings),
        page=passage.best.page_first,
        metadata=dict(passage.metadata),
        score=parts["total"],
        scores=ScoresShape(**parts) if explain else None,
    )
