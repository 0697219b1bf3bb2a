"""What an embedding model promises, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """What makes two embedders interchangeable; a bank records it and refuses any other.

    `weights` is the SHA-256 of the weight file, or of provider, model and address for a remote model.
    `max_tokens` counts special tokens too.
    """

    model: str
    dimension: int
    weights: str
    max_tokens: int


class TokenCounter(Protocol):
    """Counts and locates a text's tokens as the embedder sees them, without special tokens and uncut."""

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The character span of each token of `text`, in order."""
        ...

    def count(self, text: str) -> int:
        """How many tokens `text` has."""
        ...


class Embedder(Protocol):
    """Turns text into unit vectors; constructing one loads nothing, the first call does.

    Text beyond the model's `max_tokens` is cut, as every such model does. Raises `EmbedderError`
    when the model is missing, altered or unreachable.
    """

    @property
    def identity(self) -> EmbedderIdentity:
        """Known without loading the model's weights into memory."""
        ...

    def tokens(self) -> TokenCounter:
        """The model's own tokenizer."""
        ...

    def embed_query(self, text: str) -> Vector:
        """One question as float32 of shape (dimension,), unit length. Thread-safe."""
        ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Some texts as float32 of shape (len(texts), dimension), rows of unit length, in order. Thread-safe.

        Cheap to start: the built-in model never imports torch here, so a process that answers may call it.
        """
        ...

    def embed_sentences(self, texts: Sequence[str]) -> Matrix:
        """What `embed` gives, by the fastest way for texts that are compared and not kept. Thread-safe.

        Cosine to `embed` is at least .99 for every text; the vector of a text does not depend on the others.
        """
        ...

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """What `embed` gives, by the fastest way this machine has, at some cost on the first call. Thread-safe.

        For ingestion, hundreds of texts a call. Cosine to `embed` is at least .99 for every text.
        """
        ...
