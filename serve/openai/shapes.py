"""Answers in OpenAI's protocol, with what a client of Refdesk finds in the field `refdesk` besides."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from serve.asking.answerers import Answerer
from serve.asking.once import Kept, Taken
from serve.http.answer_shapes import CitationShape, citation_shape
from serve.openai.cutting import Finish
from serve.turns.reply import Reply

OWNER = "refdesk"


class Extension(BaseModel):
    """What the answer rests on. The marks in the text, such as `[1]`, are the numbers of the citations."""

    citations: list[CitationShape]
    closest: list[CitationShape] = Field(description="Where the documents do not answer: what comes nearest.")
    abstained: bool
    confidence: float | None
    escalate: bool = Field(description="Whether somebody else has to take over.")
    understood: str
    text: str = Field(description="The whole answer; in a stream it takes the place of what was streamed.")
    model: str | None = Field(description="The language model that wrote it; null where documents are quoted.")
    host: str | None
    conversation: str = Field(description="Under this id question and answer are kept.")
    message: str = Field(description="The answer's own id, for `POST /api/messages/{id}/feedback`.")


class Usage(BaseModel):
    """What the language models took; zeros for an answer that was quoted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class AssistantMessage(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one choice that there is."""

    index: int = 0
    message: AssistantMessage
    logprobs: None = None
    finish_reason: Finish = "stop"


class Completion(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    refdesk: Extension


class ModelExtension(BaseModel):
    """What a model is here."""

    kind: Literal["service", "bank", "agent"]
    title: str
    description: str


class ModelShape(BaseModel):
    """Somebody who can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = OWNER
    refdesk: ModelExtension


class ModelsShape(BaseModel):
    """Everybody who can be asked."""

    object: Literal["list"] = "list"
    data: list[ModelShape]


class EmbeddingShape(BaseModel):
    """One vector: numbers, or with `base64` its float32 values, little-endian."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    """How many tokens were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsShape(BaseModel):
    """Vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[EmbeddingShape]
    model: str
    usage: EmbeddingUsage


def extension(reply: Reply, kept: Kept, root: Path) -> Extension:
    """What an answer rests on."""
    return Extension(
        citations=[citation_shape(place, root) for place in reply.citations],
        closest=[citation_shape(place, root) for place in reply.closest],
        abstained=reply.abstained,
        confidence=reply.confidence,
        escalate=reply.escalates,
        understood=reply.understood,
        text=reply.text,
        model=reply.model,
        host=reply.host,
        conversation=kept.conversation,
        message=kept.message,
    )


def usage(taken: Taken) -> Usage:
    """What an answer took."""
    total = taken.input_tokens + taken.output_tokens
    return Usage(prompt_tokens=taken.input_tokens, completion_tokens=taken.output_tokens, total_tokens=total)


def model_shape(one: Answerer, created: int) -> ModelShape:
    """Somebody who can be asked."""
    told = ModelExtension(kind=one.kind, title=one.title, description=one.description)
    return ModelShape(id=one.name, created=created, refdesk=told)
