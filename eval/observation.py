"""What a system under evaluation did with one case, whatever system it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ConfigDict, TypeAdapter

from eval.cases import Gold

CLOSED = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was retrieved, or the words that were cited: its document, and as far as known where in it.

    `start` and `end` count code points in the document's text; `text` may be empty where only the place was kept.
    """

    __pydantic_config__ = CLOSED

    doc: str
    start: int | None = None
    end: int | None = None
    page_first: int | None = None
    page_last: int | None = None
    text: str = ""
    title: str = ""
    bank: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer with what it cites."""

    __pydantic_config__ = CLOSED

    text: str
    citations: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """An answer and what led to it.

    `hits` and `confidence` are None for a system that does not tell. `gold` is the case's evidence in the system's
    own documents, empty where that could not be looked up; `unplaced` tells for each entry that could not be found
    why. `withheld` is what would have been answered, had the system not abstained; `phrase` are the words that it marks
    as the answer itself, if it does. `seconds` counts wall time; `cost` is in US dollars. With `error`, the system
    failed, and everything else is empty.
    """

    __pydantic_config__ = CLOSED

    text: str = ""
    sentences: tuple[Sentence, ...] = ()
    withheld: tuple[Sentence, ...] = ()
    abstained: bool = False
    confidence: float | None = None
    hits: tuple[Hit, ...] | None = None
    banks: tuple[str, ...] = ()
    gold: tuple[Gold, ...] = ()
    unplaced: tuple[str, ...] = ()
    phrase: str = ""
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    model: str | None = None
    error: str = ""

    @property
    def citations(self) -> tuple[Hit, ...]:
        """What the answer cites, in order, each once."""
        return tuple(dict.fromkeys(cited for sentence in self.sentences for cited in sentence.citations))

    @property
    def attempt(self) -> tuple[Sentence, ...]:
        """The answer, or what was withheld when the system abstained."""
        return self.withheld if self.abstained else self.sentences


OBSERVATION: TypeAdapter[Observation] = TypeAdapter(Observation)


def observation_to_json(seen: Observation) -> dict[str, Any]:
    """Plain JSON values without what is empty; `observation_from_json` reads them back."""
    dumped: dict[str, Any] = OBSERVATION.dump_python(seen, mode="json", exclude_defaults=True)
    return dumped


def observation_from_json(data: Any) -> Observation:
    """An observation from what `observation_to_json` made; raises pydantic's `ValidationError`."""
    return OBSERVATION.validate_python(data, strict=False)


def same_document(name: str, uri: str) -> bool:
    """Whether the document that gold evidence calls `name` is the one that stands at `uri`, a path or an address."""
    if name == uri:
        return True
    one, other = source_path(name), source_path(uri)
    return one == other or other.endswith(f"/{one}")


def source_path(uri: str) -> str:
    """The path of an address or a file, with forward slashes and without percent signs."""
    path = unquote(urlsplit(uri).path) if "://" in uri or uri.startswith("file:") else uri
    return path.replace("\\", "/")
