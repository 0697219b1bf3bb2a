"""A worker as it is reached: it takes connections, each with agents of its own, and lets them work in one loop."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from agents.distribution.blobs import BlobStore
from agents.distribution.hosting import AgentHost, across
from agents.distribution.io_thread import IoThread
from agents.distribution.peer import Peer
from agents.distribution.requests import Listen
from agents.distribution.wire import ConnectionLost, accept
from agents.exceptions import DistributionError

ASKING_SECONDS = 30.0
log = logging.getLogger(__name__)


class WorkerService:
    """Listens in a thread of its own, so that an agent that blocks its loop does not silence the worker.

    `shares` says that callers see the same folder of large contents.
    """

    def __init__(
        self, secret: bytes, store: BlobStore, agents_loop: asyncio.AbstractEventLoop, *, shares: bool
    ) -> None:
        self._secret = secret
        self._store = store
        self._agents_loop = agents_loop
        self._shares = shares
        self._io = IoThread("refdesk-worker")
        self._host = ""
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()

    def listen(self, host: str, port: int) -> int:
        """Be reached at a port, any free one for 0; gives the port. Raises `DistributionError` where it is taken."""
        self._host = host
        return self._io.submit(self._listen(port)).result()

    async def _listen(self, port: int) -> int:
        try:
            server = await asyncio.start_server(self._serve, self._host, port)
        except OSError as error:
            raise DistributionError(
                f"A worker cannot listen at {self._host}:{port}: {error.strerror or error}:", hint="name another port."
            ) from error
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            connection = await accept(reader, writer, self._secret)
        except ConnectionLost as error:
            log.warning("A connection was refused: %s.", error)
            writer.close()
            return
        session = _Session(self)
        peer = Peer(connection, session, self._store, name="its caller", shares=self._shares)
        session.open(peer, AgentHost(self._store, session), self._agents_loop)
        # Reading goes on until the caller leaves; its agents go with it.
        await peer.run()


class _Session:
    """One caller and its agents."""

    def __init__(self, service: WorkerService) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()

    def open(self, peer: Peer, host: AgentHost, agents_loop: asyncio.AbstractEventLoop) -> None:
        self._peer, self._host, self._agents_loop = peer, host, agents_loop

    async def answer(self, number: int, value: Any) -> Any:
        if isinstance(value, Listen):
            return await self._service._listen(value.port)
        return await across(self._host.answer(number, value), self._agents_loop)

    def tell(self, number: int, event: object) -> None:
        self._peer.tell(number, event)

    def ask(self, question: object) -> Any:
        # Waits in the thread of the agent, as meters are asked there: no model call begins before the answer.
        return asyncio.run_coroutine_threadsafe(self._peer.ask(question), self._loop).result(ASKING_SECONDS)
