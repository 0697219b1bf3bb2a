"""The bank behind a long-term memory: what is said goes in message by message, in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from agents.message.msg import Msg
from agents.session.files import storage_failures
from knowledge.errors import BankBusy, BankNotFound

if TYPE_CHECKING:
    from ingest.structure import ParsedDocument
    from knowledge.bank import KnowledgeBank
    from knowledge.library import Library
    from knowledge.storage.writer import BankWriter
    from knowledge.types import NewDocument, Passage

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.05
KIND = "documents"
EMPTY_LINE = re.compile(r"\n[^\S\n]*\n")


class MemoryBank:
    """The memories of one owner in the bank `name` of a library; those of others in it are never found.

    Raises `BankBusy` when another process writes to it for more than a minute, `StorageError` where the disk refuses.
    """

    def __init__(self, library: Library, name: str, owner: str) -> None:
        self._library = library
        self._name = name
        self._owner = owner

    def add(self, messages: Sequence[Msg]) -> None:
        """Remember messages, each once by its id."""
        with self._alone():
            bank = self._library.create(self._name, title="Long-term memory", description="What was said.")
            self._write(bank, lambda writer: self._commit(bank, writer, messages))

    def clear(self) -> None:
        """Forget everything of this owner."""
        bank = self._opened()
        if bank is not None:
            with self._alone():
                self._write(bank, self._remove_all)

    def search(self, question: str, limit: int) -> tuple[Passage, ...]:
        """What is nearest to a question, best first."""
        bank = self._opened()
        return () if bank is None else bank.search(question, k=limit, filters={"owner": self._owner})

    def _commit(self, bank: KnowledgeBank, writer: BankWriter, messages: Sequence[Msg]) -> None:
        source = writer.source(KIND, self._source)
        known = writer.places(source)
        new = {msg.id: msg for msg in messages if self._address(msg) not in known}
        if new:
            writer.commit([self._document(bank, msg, source) for msg in new.values()])

    def _remove_all(self, writer: BankWriter) -> None:
        writer.remove_places(list(writer.places(writer.source(KIND, self._source)).values()))

    def _document(self, bank: KnowledgeBank, msg: Msg, source: int) -> NewDocument:
        from ingest.chunking import chunk  # takes the embedder's tokenizer, which searching does not
        from knowledge.types import NewDocument, NewPlace

        address, text = self._address(msg), msg.text.encode(errors="replace").decode()
        parsed = _parsed(text, msg.name)
        chunks = chunk(parsed, bank.card().chunking, bank.embedder.tokens())
        return NewDocument(
            content_key=f"said:{address}",  # the same words of two owners stay two documents
            title=msg.name,
            text=text,
            media_type=parsed.media_type,
            chunks=chunks,
            vectors=bank.embedder.embed([item.indexed_text for item in chunks]),
            places=(NewPlace(source, address, title=msg.name),),
            metadata={"said_at": msg.timestamp, "speaker": msg.name, "owner": self._owner},
        )

    @property
    def _source(self) -> str:
        return f"remembered/{self._owner}"

    def _address(self, msg: Msg) -> str:
        return f"{self._owner}/{msg.id}"

    def _write(self, bank: KnowledgeBank, work: Callable[[BankWriter], None]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with bank.writer() as writer:
                    work(writer)
            except BankBusy:
                if time.monotonic() > until:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, over all threads and processes: a bank that two make at once is made badly."""
        path = self._library.root / "banks" / f".{self._name}.build.lock"
        with storage_failures(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path, timeout=PATIENCE_SECONDS)
        try:
            with lock:
                yield
        except Timeout as error:
            raise BankBusy(f"Another process writes to the bank {self._name!r}:", hint="wait for it.") from error

    def _opened(self) -> KnowledgeBank | None:
        try:
            return self._library.bank(self._name)
        except BankNotFound:
            return None


def _parsed(text: str, title: str) -> ParsedDocument:
    from ingest.structure import Block, BlockKind, ParsedDocument

    paragraphs: list[Block] = []
    begin = 0
    for end in [*(found.start() for found in EMPTY_LINE.finditer(text)), len(text)]:
        piece = text[begin:end]
        if piece.strip():
            first = begin + len(piece) - len(piece.lstrip())
            paragraphs.append(Block(BlockKind.PARAGRAPH, first, begin + len(piece.rstrip())))
        begin = end
    return ParsedDocument(text, title, "text/plain", tuple(paragraphs))
