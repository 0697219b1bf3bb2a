"""Vectors for programs, from the embedding models that the banks were made with."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.library import Library
from serve.asking.answerers import SERVICE
from serve.openai.failures import ModelUnknown
from serve.openai.requests import EmbeddingRequest, refused
from serve.openai.shapes import EmbeddingShape, EmbeddingsShape, EmbeddingUsage

if TYPE_CHECKING:
    from knowledge.types import Matrix

AT_ONCE = 32


class Embedding:
    """Embeds for one request after the other: together they would only make each other wait."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._turn = asyncio.Semaphore(1)

    async def answer(self, request: EmbeddingRequest, banks: Sequence[str]) -> EmbeddingsShape:
        """The vectors of the texts; raises `Refused` for a model that is none, and for other dimensions than it has."""
        embedder = await asyncio.to_thread(self._embedder, request.model, banks)
        texts, has = request.texts, embedder.identity.dimension
        if request.dimensions not in (None, has):
            raise refused(f"The vectors of {request.model} have {has} dimensions:", "leave it out.", "dimensions")
        data: list[EmbeddingShape] = []
        tokens = 0
        for begin in range(0, len(texts), AT_ONCE):
            some = texts[begin : begin + AT_ONCE]
            async with self._turn:
                matrix, count = await asyncio.to_thread(_embedded, embedder, some)
            tokens += count
            data += [
                EmbeddingShape(index=begin + at, embedding=encoded(row, as_text=request.encoding_format == "base64"))
                for at, row in enumerate(matrix)
            ]
        return EmbeddingsShape(
            data=data, model=request.model, usage=EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
        )

    def _embedder(self, name: str, banks: Sequence[str]) -> Embedder:
        if name in banks:
            return self._library.bank(name).embedder
        if name == SERVICE:
            return self._library.bank(banks[0]).embedder if banks else self._library.embedder(EmbedderSpec())
        for bank in banks:
            embedder = self._library.bank(bank).embedder
            if embedder.identity.model == name:
                return embedder
        raise ModelUnknown(name)


def encoded(row: Matrix, *, as_text: bool) -> list[float] | str:
    """One vector as numbers, or as base64 of its float32 values."""
    if as_text:
        return base64.b64encode(row.astype("<f4").tobytes()).decode()
    return [float(value) for value in row]


def _embedded(embedder: Embedder, texts: Sequence[str]) -> tuple[Matrix, int]:
    counter = embedder.tokens()
    return embedder.embed(texts), sum(counter.count(text) for text in texts)
