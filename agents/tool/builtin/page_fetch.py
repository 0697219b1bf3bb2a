"""Reads web pages, and never an address inside the network that this process stands in."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from agents.exceptions import ToolError
from agents.tool.builtin.web import WebPage
from knowledge.errors import RefdeskError

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
AGENT = "refdesk"


@dataclass(frozen=True, slots=True)
class HttpPages:
    """Reads pages over http and https as text, at most `max_mb` of them within `timeout` seconds.

    A name is resolved once, every address it has is checked, and the connection goes to the address that was checked,
    for redirects too. `allow_private` lets it read from this machine and its network.
    """

    allow_private: bool = False
    max_mb: float = 5.0
    timeout: float = 30.0

    async def fetch(self, url: str) -> WebPage:
        """The page; raises `ToolError` that names the address and the reason."""
        import httpx  # a fifth of a second

        try:
            async with (
                asyncio.timeout(self.timeout),
                httpx.AsyncClient(timeout=self.timeout, trust_env=False) as client,
            ):
                address, data, kind = await self._followed(client, url)
        except TimeoutError as error:
            raise ToolError(f"{url} took longer than {self.timeout:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ToolError(f"{url} could not be fetched ({str(error) or type(error).__name__}).") from error
        return await asyncio.to_thread(_as_page, address, data, kind)

    async def _followed(self, client: httpx.AsyncClient, url: str) -> tuple[str, bytes, str]:
        address = url
        for _ in range(MOST_REDIRECTS + 1):
            target, headers, extensions = await self._checked(address)
            request = client.build_request("GET", target, headers=headers, extensions=extensions)
            response = await client.send(request, stream=True)
            try:
                if not response.is_redirect:
                    return address, await self._content(response, address), response.headers.get("content-type", "")
                address = urljoin(address, response.headers["location"])
            finally:
                await response.aclose()
        raise ToolError(f"{url} redirects more than {MOST_REDIRECTS} times.")

    async def _checked(self, url: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """The address with a number in place of the name, and what still tells the server which name was meant."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ToolError(f"{url} is no address of a page:", hint="give one that begins with http:// or https://.")
        port = f":{_port(url)}" if _port(url) is not None else ""
        number = await self._resolved(parts.hostname, url)
        shown = f"[{number}]" if ":" in number else number
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        target = urlunsplit((parts.scheme, f"{shown}{port}", parts.path or "/", parts.query, ""))
        headers = {"Host": f"{name}{port}", "User-Agent": AGENT, "Accept": "text/html,text/*;q=0.9,*/*;q=0.1"}
        return target, headers, {"sni_hostname": parts.hostname}

    async def _resolved(self, host: str, url: str) -> str:
        try:
            loop = asyncio.get_running_loop()
            found = [str(info[4][0]) for info in await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except OSError as error:
            raise ToolError(f"The host {host} of {url} is not known.") from error
        if not self.allow_private and not all(map(is_public, found)):
            raise ToolError(f"{url} leads into a private network, which this tool does not read.")
        return found[0]

    async def _content(self, response: httpx.Response, url: str) -> bytes:
        if response.is_error:
            raise ToolError(f"{url} answered {response.status_code} {response.reason_phrase}".rstrip() + ".")
        data = bytearray()
        async for part in response.aiter_bytes():
            data += part
            if len(data) > self.max_mb * 1_000_000:
                raise ToolError(f"{url} is larger than {self.max_mb:g} MB.")
        return bytes(data)


def is_public(address: str) -> bool:
    """Whether the public network can reach this numeric address; one of IPv4 in disguise counts as what it is."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        parsed = inner or parsed
    return parsed.is_global and not parsed.is_multicast


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError as error:
        raise ToolError(f"{url} holds a port that is none.") from error


def _as_page(url: str, data: bytes, kind: str) -> WebPage:
    from ingest.parsers.html import HtmlParser  # lxml is needed for pages only
    from ingest.parsers.plaintext import PlainTextParser

    media = kind.partition(";")[0].strip().lower()
    html = HtmlParser()
    if media and not media.startswith("text/") and not any(word in media for word in ("html", "json", "xml")):
        raise ToolError(f"{url} is {media}, not a page of text.")
    parser = html if "html" in media or html.accepts(data[:1024], "") else PlainTextParser()
    try:
        parsed = parser.parse(data, urlsplit(url).path.rpartition("/")[2] or "page")
    except RefdeskError as error:
        raise ToolError(f"{url} cannot be read: {error.sentence}") from error
    return WebPage(url, parsed.title, parsed.text)
