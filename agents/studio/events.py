"""What a studio accepts: one message, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.errors import UsageError


class UsageEvent(BaseModel):
    """What a message took."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    input_tokens: int = Field(default=0, ge=0, le=10**12)
    output_tokens: int = Field(default=0, ge=0, le=10**12)
    cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class MessageEvent(BaseModel):
    """Who said what, in which run of which project."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    project: str = Field(default="refdesk", max_length=200)
    run: str = Field(default="", max_length=200)
    run_id: str = Field(default="", max_length=200)
    id: str = Field(default_factory=lambda: uuid4().hex, max_length=200)
    speaker: str = Field(max_length=200)
    role: str = Field(default="assistant", max_length=20)
    listener: str = Field(default="", max_length=200)
    text: str = Field(max_length=200_000)
    blocks: list[str] = Field(default_factory=list, max_length=1000)
    time: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"), max_length=40)
    usage: UsageEvent = UsageEvent()


def read_event(body: bytes) -> MessageEvent:
    """The message that a request holds; `UsageError` names the field that is wrong."""
    try:
        return MessageEvent.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"This is no message{f', see `{where}`' if where else ''}: {first['msg']}.") from error
