"""One side of a connection: it asks, answers, gives up and tells, all of it numbered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from agents.distribution.blobs import BlobStore
from agents.distribution.failures import Failure, describe, restore
from agents.distribution.pickling import pack, unpack
from agents.distribution.wire import Connection, ConnectionLost, Frame, Kind
from agents.exceptions import DistributionError

GIVING_UP_SECONDS = 10.0
TELLING_SECONDS = 2.0
Event = Callable[[Any], None]


class Answering(Protocol):
    """Answers the requests of the other side, in the loop of the connection."""

    async def answer(self, number: int, value: Any) -> Any:
        """The answer to a request; what it raises is raised at the other side."""
        ...


@dataclass(slots=True)
class _Pending:
    answer: asyncio.Future[Any]
    on_event: Event | None
    given_up: bool = False


class Peer:
    """The other side. Used in one event loop; `tell` is called from other threads.

    `shares` says that both sides see the same folder of large contents; otherwise each content is sent once.
    """

    def __init__(
        self, connection: Connection, answering: Answering, store: BlobStore, *, name: str, shares: bool
    ) -> None:
        self.name = name
        self.store = store
        self._connection = connection
        self._answering = answering
        self._loop = asyncio.get_running_loop()
        self._shares = shares
        self._known: set[str] = set()
        self._pending: dict[int, _Pending] = {}
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._last = 0
        self._lost: ConnectionLost | None = None

    async def run(self) -> None:
        """Read until the other side is gone; then everything that waits for it fails with `ConnectionLost`."""
        try:
            while True:
                self._take(await self._connection.receive())
        except ConnectionLost as error:
            self._lost = error
        finally:
            self._lost = self._lost or ConnectionLost("the connection was closed")
            for pending in self._pending.values():
                if not pending.answer.done():
                    pending.answer.set_exception(self._lost)
                    pending.answer.exception()  # whoever waits is told; nobody else needs a warning
            for task in self._answers.values():
                task.cancel()
            self._connection.close()

    @property
    def is_lost(self) -> bool:
        """Whether the other side is gone."""
        return self._lost is not None or self._connection.is_closing

    async def ask(self, value: object, on_event: Event | None = None) -> Any:
        """The other side's answer to `value`; `on_event` hears what it tells meanwhile.

        Cancelled, it gives the request up over there and waits a while for it to have ended. Raises what the other
        side raised, and `ConnectionLost` when it is gone.
        """
        if self.is_lost:
            raise self._lost or ConnectionLost("the connection is closing")
        self._last += 1
        number = self._last
        pending = self._pending[number] = _Pending(self._loop.create_future(), on_event)
        try:
            self._send(Kind.REQUEST, number, value)
            return await asyncio.shield(pending.answer)
        except asyncio.CancelledError:
            pending.given_up = True
            if not self.is_lost:
                self._connection.send(Frame(Kind.CANCEL, number))
                await asyncio.wait([pending.answer], timeout=GIVING_UP_SECONDS)
            raise
        finally:
            del self._pending[number]

    def tell(self, number: int, value: object) -> None:
        """Tell the other side something about a request of its own, from any thread but the connection's.

        It is on its way when this returns, so that the other side knows of it even if this process is killed then.
        """
        content, names = pack(value, self.store)
        pushed: Future[None] = Future()

        def push() -> None:
            try:
                self._push(Kind.EVENT, number, content, names)
            finally:
                pushed.set_result(None)

        self._loop.call_soon_threadsafe(push)
        wait([pushed], TELLING_SECONDS)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _send(self, kind: Kind, number: int, value: object) -> None:
        content, names = pack(value, self.store)
        self._push(kind, number, content, names)

    def _push(self, kind: Kind, number: int, content: bytes, names: list[str]) -> None:
        if self.is_lost:
            return
        for name in names:
            if not self._shares and name not in self._known:
                self._connection.send(Frame(Kind.BLOB, 0, self.store.get(name)))
                self._known.add(name)
        self._connection.send(Frame(kind, number, content))

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.BLOB:
            self._known.add(self.store.put(frame.body))
        elif frame.kind is Kind.REQUEST:
            task = self._loop.create_task(self._answer(frame))
            self._answers[frame.number] = task
            task.add_done_callback(lambda _: self._answers.pop(frame.number, None))
        elif frame.kind is Kind.CANCEL:
            if task_of := self._answers.get(frame.number):
                task_of.cancel()
        elif pending := self._pending.get(frame.number):
            self._settle(pending, frame)

    def _settle(self, pending: _Pending, frame: Frame) -> None:
        try:
            value = unpack(frame.body, self.store)
        except DistributionError as error:
            value, frame = error, Frame(Kind.ERROR, frame.number)
        if frame.kind is Kind.EVENT:
            if pending.on_event is not None:
                pending.on_event(value)
        elif pending.answer.done():
            return
        elif frame.kind is Kind.RESULT:
            pending.answer.set_result(value)
        else:
            raised = restore(value, self.store, self.name) if isinstance(value, Failure) else value
            pending.answer.set_exception(raised)
            if pending.given_up:
                pending.answer.exception()

    async def _answer(self, frame: Frame) -> None:
        try:
            value = await self._answering.answer(frame.number, unpack(frame.body, self.store))
            self._send(Kind.RESULT, frame.number, value)
        except asyncio.CancelledError:
            given_up = DistributionError("The call was given up.")
            self._send(Kind.ERROR, frame.number, describe(given_up, self.store))
        except Exception as error:  # the edge of this process: every error goes to the caller, with its cause
            self._send(Kind.ERROR, frame.number, describe(error, self.store))
