"""What servers of OpenAI's protocol send: events of a stream, and errors in bodies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """The data of server-sent events, those of several lines joined. An event may be of any length."""
    rest = b""
    data: list[str] = []
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r")
            if line.startswith("data:"):
                data.append(line[5:].lstrip())
            elif not line and data:
                yield "\n".join(data)
                data = []
    last = rest.decode("utf-8", "replace").strip()
    if last.startswith("data:"):
        data.append(last[5:].lstrip())
    if data:
        yield "\n".join(data)


def words(raw: bytes) -> str:
    """What a server said: the message of its error where it is one."""
    text = raw.decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        return text
    if isinstance(body, dict):
        return said(body.get("error") or body)
    return text


def said(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or error.get("detail") or error)
    return str(error)


def status_of(error: Any) -> int:
    """The status of an error within a stream, which has no status of its own."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500
