"""A chat completion as servers really send it: what OpenAI's protocol says, and what many leave out or add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

REFDESK = "refdesk"


def _words(content: object) -> object:
    """The text of a list of content parts; anything else as it is."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content
    texts = [part.get("text") for part in content if isinstance(part, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str) and text)


def _count(value: object) -> object:
    """A number of tokens; what is none counts as not told."""
    return value if isinstance(value, int) and value >= 0 else 0


Tokens = Annotated[int, BeforeValidator(_count)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")

    @property
    def more(self) -> Mapping[str, Any]:
        """The fields that the protocol does not know."""
        return self.model_extra or {}


class Message(_Part):
    """What the assistant says."""

    content: Annotated[str, BeforeValidator(_words)] = ""


class Choice(_Part):
    """One of the answers."""

    message: Message


class Usage(_Part):
    """The tokens that were taken."""

    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0


class ChatReply(_Part):
    """The reply to a chat completion. Raises pydantic's `ValidationError` where there is no answer in it."""

    choices: Annotated[tuple[Choice, ...], Field(min_length=1)]
    usage: Usage | None = None
    model: str | None = None

    @property
    def text(self) -> str:
        """The words of the first answer."""
        return self.choices[0].message.content

    @property
    def told(self) -> Mapping[str, Any]:
        """What came with the answer, whatever level it stands on; what Refdesk adds goes first."""
        ours = self.more.get(REFDESK)
        return {**self.more, **self.choices[0].message.more, **(ours if isinstance(ours, Mapping) else {})}

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens in and out; zeros where the server does not tell."""
        return (self.usage.prompt_tokens, self.usage.completion_tokens) if self.usage else (0, 0)
