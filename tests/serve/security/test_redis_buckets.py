"""Token buckets in a real Redis."""

from __future__ import annotations

import logging
import subprocess
import time

import pytest

from knowledge.errors import ConfigError
from serve.security.rates import Rate
from serve.security.redis_buckets import open_redis_buckets

SLOW = Rate(per_minute=1, burst=2)


async def test_processes_count_together(redis_server: tuple[str, subprocess.Popen[bytes]]) -> None:
    one, other = open_redis_buckets(redis_server[0]), open_redis_buckets(redis_server[0])
    assert await one.take("somebody", SLOW) == 0
    assert await other.take("somebody", SLOW) == 0
    assert 0 < await one.take("somebody", SLOW) <= 60
    assert 0 < await other.take("somebody", SLOW) <= 60
    assert await other.take("somebody else", SLOW) == 0
    await one.close()
    await other.close()


async def test_a_bucket_fills_again(redis_server: tuple[str, subprocess.Popen[bytes]]) -> None:
    buckets, fast = open_redis_buckets(redis_server[0]), Rate(per_minute=6000, burst=1)
    assert await buckets.take("somebody", fast) == 0
    while (seconds := await buckets.take("somebody", fast)) > 0:
        assert seconds <= 0.01
        time.sleep(seconds)
    await buckets.close()


async def test_without_redis_every_process_counts_alone_and_says_so(
    redis_server: tuple[str, subprocess.Popen[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    url, process = redis_server
    buckets = open_redis_buckets(url)
    assert await buckets.take("somebody", SLOW) == 0
    process.kill()
    process.wait()
    with caplog.at_level(logging.WARNING):
        assert [await buckets.take("somebody", SLOW) == 0 for _ in range(3)] == [True, True, False]
    assert [record.getMessage()[:25] for record in caplog.records] == ["Redis does not answer, so"]
    await buckets.close()


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match=r"server\.redis is not the address of a Redis"):
        open_redis_buckets("localhost")
