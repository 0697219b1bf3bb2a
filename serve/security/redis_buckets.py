"""Token buckets in Redis, for several processes that count together."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from knowledge.errors import ConfigError
from serve.security.rates import LocalBuckets, Rate

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)
PREFIX = "refdesk:rate:"
# How long a Redis that does not answer is left alone, in seconds; until then every process counts for itself.
LEFT_ALONE = 5.0
TIMEOUT = 0.5
# Redis's own clock counts, so that the processes' clocks need not agree. Tokens are kept as text, to the microtoken.
TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'filled')
local tokens, filled = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - filled) * per_second)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = (1 - tokens) / per_second end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'filled', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / per_second * 1000) + 1000)
return string.format('%.6f', wait)
"""


class RedisBuckets:
    """Buckets in the Redis at a URL. While it cannot be reached a warning says so, and this process counts alone."""

    def __init__(self, client: Redis) -> None:
        self._take = client.register_script(TAKE)
        self._client = client
        self._alone = LocalBuckets()
        self._until = 0.0

    async def take(self, name: str, rate: Rate) -> float:
        """Takes one token from the bucket `name`: 0 when it was there, else the seconds until there is one."""
        if time.monotonic() < self._until:
            return await self._alone.take(name, rate)
        from redis.exceptions import RedisError

        try:
            return float(await self._take(keys=[PREFIX + name], args=[rate.per_second, rate.burst]))
        except (RedisError, OSError) as error:
            self._until = time.monotonic() + LEFT_ALONE
            logger.warning("Redis does not answer, so that limits hold for each process by itself: %s", error)
            return await self._alone.take(name, rate)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def open_redis_buckets(url: str, *, password: str | None = None) -> RedisBuckets:
    """Buckets in the Redis at `url`; nothing is sent yet. Raises `ConfigError` for an address that means nothing."""
    try:
        from redis.asyncio import Redis  # comes with an extra
    except ImportError:
        raise ConfigError("Redis is configured and not installed:", hint="pip install 'refdesk[redis]'.") from None
    try:
        # A password in the address takes precedence.
        client = Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, password=password)
    except ValueError:
        raise ConfigError("server.redis is not the address of a Redis:", hint="write redis://HOST:6379/0.") from None
    return RedisBuckets(client)
