"""A client belongs to one event loop, and is closed with it or with its owner."""

from __future__ import annotations

import asyncio
import gc

from agents.model.per_loop import PerLoop


class Client:
    def __init__(self) -> None:
        self.closed = 0


async def close(client: Client) -> None:
    client.closed += 1


def test_each_loop_has_one_client_which_is_closed_with_it() -> None:
    clients = PerLoop(Client, close)

    async def twice() -> Client:
        one, other = await clients.get(), await clients.get()
        assert one is other
        assert one.closed == 0
        return one

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first is not second
    assert (first.closed, second.closed) == (1, 1)


async def test_tasks_at_once_share_the_client_of_their_loop() -> None:
    clients = PerLoop(Client, close)
    assert len(set(await asyncio.gather(*(clients.get() for _ in range(20))))) == 1


async def test_a_client_is_closed_when_nobody_uses_it_any_more() -> None:
    clients = PerLoop(Client, close)
    client = await clients.get()
    cycle = [clients]
    cycle.append(cycle)  # type: ignore[arg-type]  # an owner is collected in a cycle often enough
    del clients, cycle
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0)
    assert client.closed >= 1
