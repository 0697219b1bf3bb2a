"""Carries out a plan: the one place that writes what was read into a bank."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

from ingest.content import Content
from ingest.flow import Finished, Flow, Stages
from ingest.parsers.titles import title_elsewhere
from ingest.plan import Plan, Step, opened_and_closed
from ingest.report import FileResult, Outcome
from ingest.workers import ParseJob
from knowledge.card import BankCard
from knowledge.storage.places import Standing
from knowledge.storage.writer import BankWriter, LiveDocument
from knowledge.types import NewDocument, NewPlace

SECONDS_A_COMMIT = 2.0
WAIT_SECONDS = 0.1


class Run:
    """One execution of a plan. Only the thread that calls `execute` touches the bank.

    `make_flow` starts parsing and embedding; it is called when the first file has to be read. Documents are
    committed when they have `commit_chunks` chunks together. `report` is told of every file that is dealt with.
    """

    def __init__(
        self,
        plan: Plan,
        standing: Standing,
        card: BankCard,
        writer: BankWriter,
        *,
        make_flow: Callable[[], Flow],
        commit_chunks: int,
        report: Callable[[FileResult], None],
    ) -> None:
        self.results: list[FileResult] = []
        self.stages = Stages()
        self._plan, self._standing, self._card, self._writer = plan, standing, card, writer
        self._make_flow, self._commit_chunks, self._report = make_flow, commit_chunks, report
        self._flow: Flow | None = None
        # Files whose document is under way, by its key: the same bytes may stand in several places.
        self._pending: dict[str, list[Step]] = {}
        self._failures: dict[str, str] = {}
        self._ready: list[Finished] = []
        self._ready_since = 0.0
        self._ready_chunks = 0

    def execute(self, stop: threading.Event) -> None:
        """Goes through all steps, or until `stop` is set; whole documents are committed either way."""
        steps = self._plan.steps()
        with ExitStack() as stack:
            while not stop.is_set():
                more = self._feed(steps, stack, stop)
                self._absorb(0 if more and not self._is_full else WAIT_SECONDS)
                if not more and not (self._flow and self._flow.under_way):
                    break
            self._commit()
        if not stop.is_set():
            self._remove()

    def apply_access_rules(self) -> tuple[int, int]:
        """Access belongs to the card's rules as they are now, also for files that have not changed.

        Returns how many places were opened to more roles, and closed to some.
        """
        changes = list(self._plan.access_changes(self._card))
        for place, allow in changes:
            self._writer.touch(place, size=place.size, mtime_ns=place.mtime_ns, allow=allow)
        return opened_and_closed(changes)

    @property
    def _is_full(self) -> bool:
        return self._flow is not None and self._flow.is_full

    def _feed(self, steps: Iterator[Step], stack: ExitStack, stop: threading.Event) -> bool:
        """Takes on steps for a moment, or until enough is under way; whether there may be more."""
        until = time.monotonic() + WAIT_SECONDS
        while not self._is_full and not stop.is_set() and time.monotonic() < until:
            step = next(steps, None)
            if step is None:
                return False
            self._take(step, stack)
        return True

    def _take(self, step: Step, stack: ExitStack) -> None:
        if step.outcome is Outcome.FAILED:
            self._settled(step.result)
        elif step.outcome is Outcome.UNCHANGED:
            self._restat(step)
        elif step.key in self._failures:
            self._failed(step, self._failures[step.key])
        elif step.key in self._pending:
            self._pending[step.key].append(step)
        elif live := self._writer.live_document(step.key):
            self._place(step, live)
        elif step.content:
            self._pending[step.key] = [step]
            self._started_flow(stack).submit(_job(step.key, step.content))

    def _started_flow(self, stack: ExitStack) -> Flow:
        if self._flow is None:
            self._flow = stack.enter_context(self._make_flow())
            self._flow.stages = self.stages
        return self._flow

    def _restat(self, step: Step) -> None:
        """The bytes are as recorded; the stat may have changed."""
        if step.content and step.previous:
            place = self._new_place(step, step.previous.title)
            self._writer.touch(step.previous, size=place.size, mtime_ns=place.mtime_ns, allow=place.allow)
        self._settled(step.result)

    def _place(self, step: Step, known: LiveDocument) -> None:
        """The bytes are known from elsewhere."""
        title = _title_at(step, known.title, known.own_title)
        for place in self._places(step, title):
            self._writer.place(place, step.key)
        self._settled(FileResult(step.candidate.uri, step.outcome, title, was=step.was))

    def _absorb(self, seconds: float) -> None:
        """Takes what has been parsed and embedded meanwhile, and commits when it is enough."""
        if self._flow is None:
            return
        for item in self._flow.finished(seconds):
            if item.document is None or not item.document.chunks:
                self._give_up(item)
            else:
                self._add(item, len(item.document.chunks))
        if self._ready and time.monotonic() - self._ready_since > SECONDS_A_COMMIT:
            self._commit()

    def _add(self, item: Finished, chunks: int) -> None:
        self._ready_since = self._ready_since if self._ready else time.monotonic()
        self._ready.append(item)
        self._ready_chunks += chunks
        if self._ready_chunks >= self._commit_chunks:
            self._commit()

    def _give_up(self, item: Finished) -> None:
        steps = self._pending.pop(item.token)
        name = steps[0].content.name if steps[0].content else steps[0].candidate.uri
        reason = item.reason or f"{name} holds no text: there is nothing to index."
        self._failures[item.token] = reason
        for step in steps:
            self._failed(step, reason)

    def _commit(self) -> None:
        ready, self._ready, self._ready_chunks = self._ready, [], 0
        documents = [self._document(item) for item in ready]
        if not documents:
            return
        started = time.perf_counter()
        self._writer.commit(documents)
        self.stages.commit += time.perf_counter() - started
        for document in documents:
            self._committed(document)

    def _committed(self, document: NewDocument) -> None:
        first, *others = self._pending.pop(document.content_key)
        outcome = Outcome.REPLACED if first.previous else Outcome.ADDED
        chunks = len(document.chunks)
        self._settled(FileResult(first.candidate.uri, outcome, document.title, chunks, notes=document.notes))
        for step in others:
            title = _title_at(step, document.title, document.own_title or "")
            self._settled(FileResult(step.candidate.uri, step.outcome, title, was=step.was))

    def _document(self, item: Finished) -> NewDocument:
        if item.document is None or item.vectors is None:
            raise AssertionError("only documents with vectors are ready")
        parsed, content = item.document.document, self._pending[item.token][0].content
        given = content.title if content else ""
        title, own = given or parsed.title, given or parsed.title_of_its_own
        steps = self._pending[item.token]
        places = [place for step in steps for place in self._places(step, _title_at(step, title, own))]
        return NewDocument(
            content_key=item.token,
            title=title,
            text=parsed.text,
            media_type=parsed.media_type,
            chunks=item.document.chunks,
            vectors=item.vectors,
            places=tuple(places),
            pages=parsed.pages,
            metadata={**parsed.metadata, **(content.metadata if content else {})},
            notes=parsed.notes,
            own_title=own,
        )

    def _places(self, step: Step, title: str) -> list[NewPlace]:
        """Where the file stands: in its source, and in every other source that has recorded the same file."""
        own = self._new_place(step, title)
        others = [place for place in self._standing.at(own.uri) if place.source_id != own.source_id]
        return [own, *(replace(own, source_id=other.source_id) for other in others)]

    def _new_place(self, step: Step, title: str) -> NewPlace:
        uri, content = step.candidate.uri, step.content
        source = self._writer.source(step.source.kind, step.source.spec)
        size, mtime_ns = (content.size, content.mtime_ns) if content else (0, 0)
        return NewPlace(source, uri, self._card.allow(title, uri), size, mtime_ns, title)

    def _remove(self) -> None:
        if gone := self._plan.gone():
            self._writer.remove_places(gone)
        for place in self._plan.lost():
            self._settled(FileResult(place.uri, Outcome.REMOVED, place.title))

    def _failed(self, step: Step, reason: str) -> None:
        title = step.previous.title if step.previous else ""
        self._settled(FileResult(step.candidate.uri, Outcome.FAILED, title, reason=reason))

    def _settled(self, result: FileResult) -> None:
        self.results.append(result)
        self._report(result)


def _title_at(step: Step, title: str, own_title: str) -> str:
    """What a document with these titles is called where the step's file stands."""
    return title_elsewhere(title, own_title, step.content.name) if step.content else title


def _job(key: str, content: Content) -> ParseJob[str]:
    return ParseJob(key, content.name, data=content.data, suffix=content.suffix)
