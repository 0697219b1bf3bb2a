"""Where the words of a quote stand on the pages of a PDF, found in a worker process that a bad file cannot leave."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from threading import Lock
from typing import Any

from ingest.parsers.pdf_lines import ShownPage, shown_pages
from ingest.worker_process import ParserLimits, WorkerStartError
from ingest.workers import ParseJob, ParserPool
from knowledge.types import Document
from serve.sources.boxes import line_boxes
from serve.sources.matching import Quote, find_quote

WORKER = f"{__name__}:located"
LIMITS = ParserLimits(seconds=20.0, memory_mb=1024, max_file_mb=256.0)
HEADER = 8
CONTEXT = 80
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class PageBox:
    """A box on a page, in fractions of the page from its upper left corner."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class Locator:
    """Finds quotes in PDFs, one after another, in one worker process that starts with the first of them.

    Thread-safe. What was found last is remembered.
    """

    def __init__(self, limits: ParserLimits = LIMITS) -> None:
        self._limits = limits
        self._lock = Lock()
        self._pool: ParserPool[None] | None = None
        self._found: OrderedDict[tuple[str, int, int], tuple[PageBox, ...]] = OrderedDict()

    def boxes(self, document: Document, start: int, end: int, *, data: bytes, digest: str) -> tuple[PageBox, ...]:
        """The boxes of `document.text[start:end]` in the file `data`; none where they cannot be found.

        Raises `WorkerStartError` where no process can be started.
        """
        key = digest, start, end
        with self._lock:
            if key not in self._found:
                self._found[key] = self._ask(document.title, quotes(document, start, end), data)
            self._found.move_to_end(key)
            while len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
            return self._found[key]

    def close(self) -> None:
        """Ends the worker process; the next question starts another."""
        with self._lock:
            self._close()

    def _ask(self, name: str, wanted: dict[int, Quote], data: bytes) -> tuple[PageBox, ...]:
        if not wanted:
            return ()
        if self._pool is None:
            self._pool = ParserPool(1, self._limits, function=WORKER)
        self._pool.submit(ParseJob(None, name, data=packed(wanted, data), suffix=".pdf"))
        try:
            result = next(self._pool.results())
        except WorkerStartError:
            # A pool that could not start a worker stays broken; the next question deserves another try.
            self._close()
            raise
        found = result.payload["boxes"] if result.payload else []
        return tuple(PageBox(*box) for box in found)

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def quotes(document: Document, start: int, end: int) -> dict[int, Quote]:
    """What of a span stands on which page, with the words around it there."""
    found: dict[int, Quote] = {}
    for page in document.pages:
        first, last = max(start, page.start), min(end, page.end)
        if first < last and (words := document.text[first:last]).strip():
            before = document.text[max(page.start, first - CONTEXT) : first]
            after = document.text[last : min(page.end, last + CONTEXT)]
            share = (first - page.start) / (page.end - page.start)
            found[page.number] = Quote(words, before, after, share)
    return found


def packed(wanted: dict[int, Quote], data: bytes) -> bytes:
    """A question to the worker: what is wanted as JSON, preceded by its length, and the file."""
    header = json.dumps({str(number): asdict(quote) for number, quote in wanted.items()}).encode()
    return len(header).to_bytes(HEADER, "big") + header + data


def located(body: bytes, name: str, _options: dict[str, Any]) -> dict[str, Any]:
    """Answers such a question; runs in the worker."""
    start = HEADER + int.from_bytes(body[:HEADER], "big")
    wanted = {int(number): Quote(**quote) for number, quote in json.loads(body[HEADER:start]).items()}
    pages = shown_pages(body[start:], name, sorted(wanted))
    return {"boxes": list(chain.from_iterable(on_page(page, wanted[page.number]) for page in pages))}


def on_page(page: ShownPage, quote: Quote) -> Sequence[tuple[float, ...]]:
    """The boxes of a quote on one page, each after the page's number."""
    characters = (page.box(index) for span in find_quote(quote, page.text) for index in span)
    return [(page.number, *box) for box in line_boxes(box for box in characters if box is not None)]
