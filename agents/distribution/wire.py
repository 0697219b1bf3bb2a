"""Frames between an agent's caller and its worker: both prove that they hold the same secret before anything is read.

Either side sends a nonce and answers the other's with an HMAC of the secret; the secret itself never travels. Then
every frame is length, kind, number, a keyed hash over all of it with its place in the order, and its body. A body is
unpickled only when its hash is right. Contents are not encrypted: between machines, use a network that you trust.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

from agents.exceptions import DistributionError

MAGIC = b"refdesk-worker-1"
NONCE = 32
HANDSHAKE_SECONDS = 10.0
HEADER = struct.Struct("!IBQ")
HASH = 16
LONGEST = 1 << 30


class Kind(IntEnum):
    """What a frame is: a request and its end, its being given up, what happens meanwhile, a large content."""

    REQUEST = 1
    RESULT = 2
    ERROR = 3
    CANCEL = 4
    EVENT = 5
    BLOB = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `number` is that of the request to which it belongs."""

    kind: Kind
    number: int
    body: bytes = b""


class ConnectionLost(Exception):
    """The other side is gone, or what came from it cannot be trusted."""


class Connection:
    """Authenticated frames over one stream, used by one event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sending: bytes, receiving: bytes):
        self._reader = reader
        self._writer = writer
        self._sending = sending
        self._receiving = receiving
        self._sent = 0
        self._received = 0

    def send(self, frame: Frame) -> None:
        """Put a frame on its way."""
        if len(frame.body) > LONGEST:
            raise DistributionError(f"{len(frame.body) >> 20} MB cannot be sent at once:", hint="send an address.")
        header = HEADER.pack(len(frame.body), frame.kind, frame.number)
        self._writer.write(header + self._hash(self._sending, self._sent, header, frame.body) + frame.body)
        self._sent += 1

    async def receive(self) -> Frame:
        """The next frame; raises `ConnectionLost`."""
        try:
            header = await self._reader.readexactly(HEADER.size)
            length, kind, number = HEADER.unpack(header)
            if length > LONGEST:
                raise ConnectionLost("a frame is too long")
            digest = await self._reader.readexactly(HASH)
            body = await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ConnectionLost("the connection ended") from error
        if not hmac.compare_digest(digest, self._hash(self._receiving, self._received, header, body)):
            raise ConnectionLost("a frame was changed on its way")
        self._received += 1
        return Frame(Kind(kind), number, body)

    @property
    def is_closing(self) -> bool:
        """Whether nothing that is sent will arrive any more."""
        return self._writer.is_closing()

    def close(self) -> None:
        """End the connection."""
        self._writer.close()

    @staticmethod
    def _hash(key: bytes, place: int, header: bytes, body: bytes) -> bytes:
        digest = blake2b(place.to_bytes(8, "big"), digest_size=HASH, key=key)
        digest.update(header)
        digest.update(body)
        return digest.digest()


async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes) -> Connection:
    """The connection, as the side that called; raises `ConnectionLost` where the other does not hold the secret."""
    mine = os.urandom(NONCE)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            writer.write(MAGIC + mine)
            greeting = await reader.readexactly(len(MAGIC) + NONCE + 32)
            magic, theirs, proof = greeting[: len(MAGIC)], greeting[len(MAGIC) : -32], greeting[-32:]
            right = hmac.compare_digest(proof, _proof(secret, b"worker", mine, theirs))
            if magic != MAGIC or not right:
                raise ConnectionLost("it does not hold the same token")
            writer.write(_proof(secret, b"caller", mine, theirs))
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise ConnectionLost("it does not answer as a worker does, or holds another token") from error
    keys = [_proof(secret, side, mine, theirs) for side in (b"from caller", b"from worker")]
    return Connection(reader, writer, keys[0], keys[1])


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes) -> Connection:
    """The connection, as the side that was called; raises `ConnectionLost` as `join`."""
    mine = os.urandom(NONCE)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            greeting = await reader.readexactly(len(MAGIC) + NONCE)
            theirs = greeting[len(MAGIC) :]
            if not greeting.startswith(MAGIC):
                raise ConnectionLost("the caller does not speak this protocol")
            writer.write(MAGIC + mine + _proof(secret, b"worker", theirs, mine))
            proof = await reader.readexactly(32)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise ConnectionLost("the caller did not prove itself") from error
    if not hmac.compare_digest(proof, _proof(secret, b"caller", theirs, mine)):
        raise ConnectionLost("the caller does not hold the token")
    keys = [_proof(secret, side, theirs, mine) for side in (b"from caller", b"from worker")]
    return Connection(reader, writer, keys[1], keys[0])


def _proof(secret: bytes, side: bytes, caller: bytes, worker: bytes) -> bytes:
    return hmac.digest(secret, side + caller + worker, "sha256")
