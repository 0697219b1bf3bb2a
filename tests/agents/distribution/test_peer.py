"""What one side tells the other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

from agents.distribution.blobs import BlobStore
from agents.distribution.peer import Peer
from agents.distribution.wire import Connection, Frame, Kind


class Recorded:
    """A connection that keeps what it is given."""

    is_closing = False

    def __init__(self) -> None:
        self.frames: list[Frame] = []

    def send(self, frame: Frame) -> None:
        self.frames.append(frame)


async def test_what_is_told_is_on_its_way_before_the_teller_goes_on(tmp_path: Path) -> None:
    connection = Recorded()
    peer = Peer(cast(Connection, connection), cast(Any, None), BlobStore(tmp_path), name="caller", shares=True)

    def tell() -> list[Frame]:
        peer.tell(7, "begun")
        return list(connection.frames)

    telling = asyncio.create_task(asyncio.to_thread(tell))
    await asyncio.sleep(0)
    time.sleep(0.2)  # the loop has other work
    [frame] = await telling
    assert (frame.kind, frame.number) == (Kind.EVENT, 7)
