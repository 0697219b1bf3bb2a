"""The part `handover:` of the section `server:`: when people are called, and how they are told."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from knowledge.config_sections import Strict

Line = Annotated[str, Field(min_length=1, max_length=300)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=300)]


class Rule(Strict):
    """When to call a person, whatever the documents say.

    A question that holds any of `words` goes to a person at once; an answer that cites one of `banks` goes to one too.
    """

    words: list[Line] = Field(default_factory=list, max_length=200)
    banks: list[Line] = Field(default_factory=list, max_length=100)
    reason: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not (self.words or self.banks):
            raise ValueError("says neither `words` nor `banks`")
        return self


class Webhook(Strict):
    """Where tickets are posted, signed with REFDESK_WEBHOOK_SECRET; never into a private network unless allowed."""

    url: str = Field(pattern=r"^https?://[^\s/@]+(/\S*)?$", max_length=2_000)
    allow_private: bool = False


class Mail(Strict):
    """The mail server that tickets go out by; the password comes from REFDESK_SMTP_PASSWORD."""

    host: Line
    port: int = Field(default=587, ge=1, le=65_535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = Field(default="", max_length=300)
    sender: Address
    to: list[Address] = Field(min_length=1, max_length=50)


class Handover(Strict):
    """When a person takes over without being asked for, and how the people behind the service are told.

    An answer whose calibrated confidence is below `confidence` goes to a person, and so does the last of `unanswered`
    questions in a row that the documents do not answer; 0 means never. `inbox_url` is where the links of messages lead.
    """

    confidence: float = Field(default=0.0, ge=0, le=1)
    unanswered: int = Field(default=0, ge=0, le=20)
    rules: list[Rule] = Field(default_factory=list, max_length=100)
    webhook: Webhook | None = None
    mail: Mail | None = None
    inbox_url: str = Field(default="", pattern=r"^(https?://\S+)?$", max_length=2_000)
