"""What an embedding model promises, whoever made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.types import Matrix, Vector

    Half = NDArray[np.float16]


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


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A text as a model reads it, to be compared and not kept.

    `vector` is that of the whole text, float32 of shape (dimension,) and unit length. `tokens` are those of its tokens,
    each in its context, float16 of shape (tokens, dimension) with rows of unit length, without special tokens; `spans`
    are the characters that each stands for. Where the model does not tell them there are none.
    """

    vector: Vector
    tokens: Half
    spans: tuple[tuple[int, int], ...]

    @property
    def nbytes(self) -> int:
        """The memory of its vectors."""
        return self.vector.nbytes + self.tokens.nbytes

    def within(self, start: int, end: int) -> list[int]:
        """The tokens, by number, that stand for any of the characters `start:end`."""
        return [i for i, (begins, ends) in enumerate(self.spans) if begins < end and start < ends]

    @classmethod
    def whole(cls, vector: Vector) -> Self:
        """Of a model that tells no tokens."""
        return cls(vector.copy(), np.empty((0, len(vector)), np.float16), ())


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

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Each text by the fastest way for what is compared and not kept. Thread-safe.

        The cosine of a vector to what `embed` gives is at least .99; no text's reading depends on the others.
        """
        ...

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """What `embed` gives, by the fastest way this machine has, at some cost on the first call. Thread-safe.

        For ingestion, hundreds of texts a call. Cosine to `embed` is at least .99 for every text.
        """
        ...
