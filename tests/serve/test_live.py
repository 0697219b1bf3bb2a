"""A knock on the door of whoever listens."""

from __future__ import annotations

import asyncio

from serve.live import LocalLive


async def test_news_rings_for_those_who_listen_to_it() -> None:
    live = LocalLive()
    with live.listen("a") as bell, live.listen("a") as other, live.listen("b") as elsewhere:
        live.ring("a")
        live.ring("a")
        assert await bell.wait(5)
        assert await other.wait(5)
        assert not await bell.wait(0.01)
        assert not await elsewhere.wait(0.01)
        await asyncio.to_thread(live.ring_all)
        assert await elsewhere.wait(5)
    live.ring("a")


def test_news_for_a_loop_that_is_gone_is_nothing() -> None:
    live = LocalLive()

    async def forget() -> None:
        live.listen("a").__enter__()

    asyncio.run(forget())
    live.ring("a")
