"""Fetches addresses that the user typed: http and https, within limits of time, size and redirects.

An address on the command line may be anywhere, this machine included. A redirect is the server's choice,
not the user's: it may not lead from a public address into a private network.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from knowledge.errors import LimitExceeded, ParseError

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
MEGABYTE = 1 << 20
# Endings for what servers name by type only; anything else keeps the ending of the address.
SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What an address holds; `name` is the last part of the address that answered."""

    data: bytes
    name: str
    suffix: str


def fetch(url: str, *, max_mb: float, seconds: float) -> Page:
    """The content of `url`. Raises `ParseError` or `LimitExceeded`, naming the address."""
    import httpx  # not needed without addresses

    deadline = time.monotonic() + seconds
    try:
        with httpx.Client(timeout=min(seconds, 30.0), headers={"User-Agent": "refdesk"}) as client:
            return _followed(client, url, max_mb, deadline)
    except httpx.TimeoutException:
        raise _too_slow(url) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise ParseError(f"{url} could not be fetched ({reason}):", hint="check the address, then repeat.") from None


def _followed(client: httpx.Client, url: str, max_mb: float, deadline: float) -> Page:
    address, public = url, not leads_inside(url)
    for _ in range(MOST_REDIRECTS + 1):
        with client.stream("GET", address) as response:
            if not response.is_redirect:
                return _page(response, url, max_mb, deadline)
            address = urljoin(address, response.headers["location"])
        if urlsplit(address).scheme not in ("http", "https"):
            raise ParseError(f"{url} redirects to {address}, which is not http:", hint="name the file itself.")
        if public and leads_inside(address):
            raise ParseError(
                f"{url} redirects into a private network ({address}):", hint="name that address if you mean it."
            )
    raise ParseError(f"{url} redirects more than {MOST_REDIRECTS} times:", hint="name the final address.")


def _page(response: httpx.Response, url: str, max_mb: float, deadline: float) -> Page:
    if response.is_error:
        reason = f"{response.status_code} {response.reason_phrase}".strip()
        raise ParseError(f"{url} answered {reason}:", hint="check the address, then repeat.")
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > max_mb * MEGABYTE:
            raise LimitExceeded(
                f"{url} holds more than the limit of {max_mb:g} MB:", hint="raise ingest.max_file_mb to take it."
            )
        if time.monotonic() > deadline:
            raise _too_slow(url)
    path = PurePosixPath(unquote(urlsplit(str(response.url)).path))
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = path.suffix.lower()
    suffix = named if kind == "text/plain" and named else SUFFIXES.get(kind, named)
    return Page(bytes(data), path.name or urlsplit(url).netloc, suffix)


def _too_slow(url: str) -> LimitExceeded:
    return LimitExceeded(f"{url} took too long to answer:", hint="try again later, or download it and name the file.")


def leads_inside(url: str) -> bool:
    """Whether the host of `url` is, or resolves to, an address that the public network cannot reach."""
    host = urlsplit(url).hostname or ""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)
