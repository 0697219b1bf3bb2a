"""What a worker process does with one file, and how its result crosses back as JSON.

The worker parses and, when it has the embedder's tokenizer, chunks. What comes back was shaped by a
stranger's document, so it is read strictly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.chunking import chunk
from ingest.parsers.registry import Registry
from ingest.structure import Block, BlockKind, ParsedDocument
from knowledge.card import ChunkingOptions, EmbedderSpec
from knowledge.embedding.embedder import TokenCounter
from knowledge.types import Chunk, PageSpan

FUNCTION = "ingest.reading:read"


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document and its chunks, ready to be embedded."""

    document: ParsedDocument
    chunks: tuple[Chunk, ...]


def worker_options(chunking: ChunkingOptions, spec: EmbedderSpec | None, cache: Path) -> dict[str, Any]:
    """What a worker has to know; without `spec` it leaves the chunking to the parent."""
    return {"tokens": chunking.tokens, "spec": asdict(spec) if spec else None, "cache": str(cache)}


def read(data: bytes, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Runs in a worker: parses a document and chunks it. Raises `ParseError`."""
    parsed = _registry().read(data, name, suffix=options.get("suffix", ""))
    payload = document_to_json(parsed)
    if options["spec"] is None:
        return payload | {"blocks": [_block_to_json(block) for block in parsed.blocks]}
    counter = _counter(EmbedderSpec(**options["spec"]), options["cache"])
    chunks = chunk(parsed, ChunkingOptions(options["tokens"]), counter)
    return payload | {"chunks": [_chunk_to_json(item) for item in chunks]}


def from_json(payload: Mapping[str, Any], chunking: ChunkingOptions, counter: TokenCounter | None) -> ReadDocument:
    """What `read` returned, as objects; chunks it here, with `counter`, where the worker did not."""
    blocks = tuple(_block_from_json(row) for row in payload.get("blocks", ()))
    document = ParsedDocument(
        text=payload["text"],
        title=payload["title"],
        media_type=payload["media_type"],
        blocks=blocks,
        pages=tuple(PageSpan(*page) for page in payload["pages"]),
        metadata=payload["metadata"],
        notes=tuple(payload["notes"]),
        own_title=payload["own_title"],
    )
    if counter is not None:
        return ReadDocument(document, chunk(document, chunking, counter))
    return ReadDocument(document, tuple(_chunk_from_json(row, document.text) for row in payload["chunks"]))


def document_to_json(document: ParsedDocument) -> dict[str, Any]:
    """Everything about a parsed document but its blocks."""
    return {
        "text": document.text,
        "title": document.title,
        "media_type": document.media_type,
        "pages": [[page.number, page.start, page.end] for page in document.pages],
        "metadata": dict(document.metadata),
        "notes": list(document.notes),
        "own_title": document.own_title,
    }


def _block_to_json(block: Block) -> list[Any]:
    return [str(block.kind), block.start, block.end, block.level, block.label, block.group]


def _block_from_json(row: list[Any]) -> Block:
    return Block(BlockKind(row[0]), *row[1:])


def _chunk_to_json(chunk: Chunk) -> list[Any]:
    pages = [chunk.page_first, chunk.page_last]
    return [chunk.start, chunk.end, chunk.prefix, list(chunk.headings), *pages, chunk.tokens]


def _chunk_from_json(row: list[Any], text: str) -> Chunk:
    start, end, prefix, headings, first, last, tokens = row
    return Chunk(start, end, text[start:end], prefix, tuple(headings), first, last, tokens)


@lru_cache(maxsize=1)
def _registry() -> Registry:
    """Parsers are made once in the life of a worker."""
    return Registry()


@lru_cache(maxsize=1)
def _counter(spec: EmbedderSpec, cache: str) -> TokenCounter:
    """The tokenizer is loaded once in the life of a worker; the model itself never is."""
    from knowledge.embedding.registry import open_embedder

    return open_embedder(spec, cache_dir=Path(cache)).tokens()
