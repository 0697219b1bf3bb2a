"""What stood behind the answer on account of which a person was called, as far as that person may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.errors import RefdeskError
from knowledge.library import Library
from knowledge.types import Reader
from serve.store.messages import Message
from serve.store.store import Store
from serve.store.tickets import Ticket

MOST = 8
SHOWN_CHARS = 600


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, as it stands in its bank now."""

    bank: str
    document: int
    title: str
    text: str
    page: int | None
    headings: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answer's id, how sure it was, the question as it was taken, and what was found for it, best first."""

    message: str
    confidence: float | None
    abstained: bool
    understood: str
    passages: tuple[Found, ...]


def evidence_of(store: Store, library: Library, ticket: Ticket, reader: Reader) -> Evidence | None:
    """The evidence of the answer that led to the ticket, else of the last one before it; None where there is none."""
    said = store.messages.of(ticket.conversation)
    answers = [one for one in said if one.role == "assistant" and one.created <= ticket.opened]
    message = next((one for one in answers if one.id == ticket.message), answers[-1] if answers else None)
    if message is None:
        return None
    turn = next((one for one in store.turns.of(ticket.conversation) if one["id"] == message.id), None)
    passages = _passages(library, turn["retrievals"] if turn else (), reader)
    return Evidence(message.id, message.confidence, message.abstained, _understood(message, said), passages)


def _understood(message: Message, said: Sequence[Message]) -> str:
    question = next((one.text for one in said if one.id == message.answers), "")
    return message.understood or question


def _passages(library: Library, retrieved: Sequence[Mapping[str, object]], reader: Reader) -> tuple[Found, ...]:
    wanted: dict[tuple[str, int], float] = {}
    for one in retrieved:
        scores = one["scores"]
        total = float(scores.get("total", 0.0)) if isinstance(scores, Mapping) else 0.0
        wanted.setdefault((str(one["bank"]), int(str(one["chunk"]))), total)
    found = (_passage(library, bank, chunk, score, reader) for (bank, chunk), score in list(wanted.items())[:MOST])
    return tuple(one for one in found if one is not None)


def _passage(library: Library, bank: str, chunk: int, score: float, reader: Reader) -> Found | None:
    """One passage; None where it is gone, or not for this reader."""
    try:
        catalog = library.bank(bank).catalog
        row = catalog.chunks([chunk]).get(chunk)
        if row is None:
            return None
        scope = catalog.scope(catalog.kinds(reader), {})
        shown = catalog.shown([row.document_id], scope).get(row.document_id)
    except RefdeskError:
        return None
    if shown is None:
        return None
    text = row.text[:SHOWN_CHARS]
    return Found(bank, row.document_id, shown.title, text, row.page_first, tuple(row.headings), score)
