"""News that processes tell each other through a real Redis."""

from __future__ import annotations

import asyncio
import logging
import subprocess

import pytest

from knowledge.errors import ConfigError
from serve.redis_live import open_redis_live
from tests.serve.redis_server import redis_in, socket_folder


async def test_news_rings_at_the_other_process(redis_server: tuple[str, subprocess.Popen[bytes]]) -> None:
    one, other = open_redis_live(redis_server[0]), open_redis_live(redis_server[0])
    with one.listen("a") as here, other.listen("a") as there, other.listen("b") as elsewhere:
        assert await asyncio.to_thread(one.wait_until_connected, 30)
        assert await asyncio.to_thread(other.wait_until_connected, 30)
        for bell in (here, there, elsewhere):
            await bell.wait(0.5)  # both have just looked for what they missed
        one.ring("a")
        assert await here.wait(30)
        assert await there.wait(30)
        assert not await elsewhere.wait(0.05)
        assert not await here.wait(0.05)
        other.ring_all()
        assert await there.wait(30)
        assert not await here.wait(0.05)
    one.close()
    other.close()
    one.ring("a")


async def test_after_redis_was_away_everybody_looks_at_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    with socket_folder() as folder:
        with redis_in(folder) as (url, _):
            one, other = open_redis_live(url), open_redis_live(url)
            assert await asyncio.to_thread(one.wait_until_connected, 30)
            assert await asyncio.to_thread(other.wait_until_connected, 30)
        while one.wait_until_connected(0) or other.wait_until_connected(0):
            await asyncio.sleep(0.01)
        with one.listen("a") as here, other.listen("a") as there:
            one.ring("a")
            assert await here.wait(30)
            with redis_in(folder):
                assert await there.wait(30)
                assert await asyncio.to_thread(one.wait_until_connected, 30)
                assert await asyncio.to_thread(other.wait_until_connected, 30)
                while await there.wait(0.2):
                    pass
                one.ring("a")
                assert await there.wait(30)
                one.close()
                other.close()
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert all("news stays within this process" in words for words in warned)
    assert len(warned) == 2


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"server\.redis is not the address of a Redis"):
        open_redis_live("localhost")
