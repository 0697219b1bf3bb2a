"""What a client of OpenAI's protocol sends, as far as it means something here; the rest is ignored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.model.sampling import Sampling
from serve.asking.once import Said
from serve.http.failures import Refused

LONGEST = 1_000_000
MOST_INPUTS = 2048
MOST_STOPS = 4
# So much a model needs in any case, to say what it searches for.
FEWEST_TOKENS = 256
Length = Annotated[int, Field(ge=1, le=1_000_000)]
Stop = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of a message; only text is read."""

    type: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=LONGEST)] = ""


class ChatMessage(BaseModel):
    """One message of the conversation so far."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=LONGEST)] | Annotated[list[Part], Field(max_length=200)] | None = None

    @property
    def text(self) -> str:
        """What it says; raises `Refused` for a part that is no text."""
        if not isinstance(self.content, list):
            return self.content or ""
        if other := next((part.type for part in self.content if part.type != "text"), ""):
            raise refused(f"A part of the kind {other} cannot be read here:", "send text.", "messages")
        return "\n".join(part.text for part in self.content)


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """A request for a chat completion."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "refdesk",
                    "messages": [{"role": "user", "content": "How many days of leave do I have?"}],
                    "stream": False,
                }
            ]
        }
    )

    model: Name = Field(description="`refdesk`, the name of an agent, or of a bank: `GET /v1/models` lists all.")
    messages: list[ChatMessage] = Field(
        min_length=1, max_length=500, description="The last one is the question; system messages are instructions."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = Field(default=None, description="For a language model.")
    top_p: Annotated[float, Field(ge=0, le=1)] | None = Field(default=None, description="For a language model.")
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = Field(default=None, description="For a language model.")
    max_tokens: Length | None = Field(default=None, description="The older name of `max_completion_tokens`.")
    max_completion_tokens: Length | None = Field(
        default=None, description="The text ends after so many tokens, counted as the embedding model does."
    )
    stop: Stop | list[Stop] | None = Field(default=None, description="The text ends before the first of up to four.")
    response_format: dict[str, Any] | None = Field(default=None, description="Refused unless its `type` is `text`.")
    logprobs: bool | None = Field(default=None, description="Refused unless false.")
    tools: list[dict[str, Any]] | None = Field(default=None, description="Refused unless empty.")
    functions: list[dict[str, Any]] | None = Field(default=None, description="Refused unless empty.")

    @property
    def stops(self) -> tuple[str, ...]:
        """What the text ends before."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def most(self) -> int | None:
        """After how many tokens the text ends."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def sampling(self) -> Sampling:
        """What a language model is asked for."""
        most = None if self.most is None else max(self.most, FEWEST_TOKENS)
        return Sampling(self.temperature, self.top_p, self.seed, most)


class EmbeddingRequest(BaseModel):
    """A request for vectors."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "refdesk", "input": ["days of leave"], "encoding_format": "float"}]}
    )

    model: Name = Field(description="`refdesk`, the name of a bank, or of the embedding model itself.")
    input: (
        Annotated[str, Field(max_length=LONGEST)]
        | Annotated[list[Annotated[str, Field(max_length=LONGEST)]], Field(min_length=1, max_length=MOST_INPUTS)]
        | Annotated[list[int], Field(min_length=1)]
        | Annotated[list[list[int]], Field(min_length=1)]
    ) = Field(description="Texts; numbers of tokens are refused, since they belong to another model.")
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Refused unless it is what the model has."
    )

    @property
    def texts(self) -> list[str]:
        """The texts; raises `Refused` for anything else, and for empty ones."""
        given = [self.input] if isinstance(self.input, str) else self.input
        texts = [one for one in given if isinstance(one, str)]
        if len(texts) < len(given):
            raise refused("Numbers of tokens cannot be embedded:", "send the texts themselves.", "input")
        if not all(text.strip() for text in texts):
            raise refused("An empty text has no vector:", "leave it out.", "input")
        return texts


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation as it is answered: its last question, what was said before, and instructions for a model."""

    question: str
    history: tuple[Said, ...]
    instructions: str


def dialogue(messages: Sequence[ChatMessage]) -> Dialogue:
    """The conversation that was sent; raises `Refused` where there is no question at its end."""
    if any(message.role in ("tool", "function") for message in messages):
        raise refused("Tools of the client are not called here:", "leave out messages of the role `tool`.", "messages")
    said = [message for message in messages if message.role not in ("system", "developer")]
    if not said or said[-1].role != "user" or not said[-1].text.strip():
        raise refused("The last message has to be a question of the user:", "add one.", "messages")
    *before, last = said
    history = tuple(Said("user" if one.role == "user" else "assistant", one.text) for one in before)
    instructions = [message.text for message in messages if message.role in ("system", "developer")]
    return Dialogue(last.text.strip(), history, "\n\n".join(text for text in instructions if text.strip()))


def check_supported(request: ChatRequest) -> None:
    """Raises `Refused` for what would change the answer and cannot be done."""
    if request.n not in (None, 1):
        raise refused("One answer is given to one question:", "leave out `n`.", "n")
    if len(request.stops) > MOST_STOPS or not all(request.stops):
        raise refused("There are one to four texts to stop at, none of them empty:", "leave out the others.", "stop")
    if (request.response_format or {}).get("type", "text") != "text":
        raise refused("Answers are text with citations:", "leave out `response_format`.", "response_format")
    if request.logprobs:
        raise refused("How likely each token was is not known here:", "leave out `logprobs`.", "logprobs")
    if request.tools or request.functions:
        raise refused(
            "Tools of the client are not called here:", "leave out `tools`, or choose another model.", "tools"
        )


def refused(message: str, hint: str, param: str) -> Refused:
    """A request that cannot be carried out because of one of its parameters."""
    return Refused(400, param, message, hint=hint)
