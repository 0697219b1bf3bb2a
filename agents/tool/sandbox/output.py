"""Reads what a program writes, however much it is, and keeps its beginning and its end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

HEAD = 60_000
TAIL = 20_000
PART = 65_536


class Output:
    """The first and the last of what came, in bytes, and how much it was."""

    def __init__(self, *, most: int, too_much: Callable[[], None]) -> None:
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._kept = 0
        self._most = most
        self._too_much = too_much
        self.size = 0

    async def read(self, stream: asyncio.StreamReader) -> None:
        """Read to the end; calls `too_much` once, when there is more than `most`."""
        while part := await stream.read(PART):
            before, self.size = self.size, self.size + len(part)
            if before <= self._most < self.size:
                self._too_much()
            self._keep(part)

    @property
    def text(self) -> str:
        """What was kept, with a note in the place of what was not."""
        tail = b"".join(self._tail)[-TAIL:]
        left_out = self.size - len(self._head) - len(tail)
        if left_out <= 0:
            return (self._head + tail).decode(errors="replace")
        note = f"\n[... {left_out:,} of {self.size:,} bytes left out ...]\n"
        return self._head.decode(errors="replace") + note + tail.decode(errors="replace")

    def _keep(self, part: bytes) -> None:
        room = HEAD - len(self._head)
        self._head += part[:room]
        if rest := part[room:]:
            self._tail.append(rest)
            self._kept += len(rest)
            while self._kept - len(self._tail[0]) >= TAIL:
                self._kept -= len(self._tail.popleft())
