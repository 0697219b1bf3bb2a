"""Connections to a model server that are kept between calls, for each event loop its own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from agents.model.addresses import is_this_machine
from agents.model.per_loop import PerLoop
from knowledge.settings import proxy_for

# A whole reply may take long; one that drips is given up.
LONGEST = 1800.0
CONNECT = 10.0
SILENCE = 60.0
BUFFER = 2**18


class Connections:
    """Posts JSON to one server. Not bound to an event loop: it keeps connections for each loop that uses it.

    They are closed when the loop shuts down. `timeout` is the longest silence, in seconds. A server on this machine
    is never asked through a proxy, which may stand elsewhere. Redirects are not followed: the words go to the host
    that was named.
    """

    def __init__(self, base_url: str, *, headers: Mapping[str, str], timeout: float = SILENCE) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._timeout = timeout
        self._proxy = None if is_this_machine(base_url) else proxy_for(base_url)
        self._sessions = PerLoop(self._made, aiohttp.ClientSession.close)

    @asynccontextmanager
    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response, whose body is read within; left early, the connection is closed.

        `silence` is the longest one for this request.
        """
        session = await self._sessions.get()
        response = await session.post(
            self._base_url + path,
            json=body,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxy,
            read_bufsize=BUFFER,
            timeout=_limits(self._timeout if silence is None else silence),
        )
        try:
            yield response
        except BaseException:
            response.close()
            raise
        finally:
            # Closes the connection unless the body was read to its end, which frees it for the next call.
            response.release()

    def _made(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, ssl=_context() if self._base_url.startswith("https") else True)
        return aiohttp.ClientSession(connector=connector, headers=self._headers, trust_env=False, auto_decompress=True)


def _limits(silence: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=max(LONGEST, silence), connect=silence, sock_connect=min(CONNECT, silence), sock_read=silence
    )


def _context() -> ssl.SSLContext:
    """The certificates that httpx trusts: certifi's, or those that SSL_CERT_FILE names."""
    import httpx  # only where a connection is encrypted

    return httpx.create_ssl_context()
