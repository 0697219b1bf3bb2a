"""Where a request comes from and what it asks for, through the proxies that are trusted and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agents.studio.admission import FORWARDED, is_loopback
from knowledge.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What proxies, balancers and networks before a service say of whom they speak for, whatever they call it.
PROXY_HEADERS = frozenset(
    (
        *FORWARDED,
        "cdn-loop",
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "forwarded-for",
        "fly-client-ip",
        "true-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-forwarded-for",
        "x-original-host",
    )
)
PROXY_PREFIXES = ("x-forwarded", "x-envoy-", "x-amzn-", "x-azure-", "x-appengine-")


@dataclass(frozen=True, slots=True)
class Peer:
    """One request's other end. `host` is the header as it was sent, in lower case.

    `direct` says that no proxy passed the request on, as far as one can tell: none said so, and the request does not
    speak HTTP/1.0, which programs no longer speak and proxies do.
    """

    address: str
    scheme: str
    host: str
    direct: bool

    @property
    def hostname(self) -> str:
        """The name that is asked for, without the port; empty for what is no name."""
        return hostname_of(self.host)

    @property
    def on_this_machine(self) -> bool:
        """Whether somebody at this machine asks for this machine by name; a rebound DNS name does not."""
        return self.direct and is_loopback(self.address) and is_loopback(self.hostname)


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Networks and single addresses; raises `ConfigError` for what is neither."""
    found = []
    for text in given:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise ConfigError(
                f"server.trusted_proxies: {text!r} is no address:", hint="write one such as 10.0.0.0/8 or 127.0.0.1."
            ) from error
    return tuple(found)


def peer_of(scope: Mapping[str, Any], trusted: tuple[Network, ...]) -> Peer:
    """The other end of an ASGI request. What proxies say counts only as far as they are trusted."""
    headers = headers_of(scope)
    address = (scope.get("client") or ("", 0))[0]
    scheme = str(scope.get("scheme", "http"))
    if is_trusted(address, trusted):
        address = _before_proxies(headers.get("x-forwarded-for", ""), trusted) or address
        scheme = _last(headers.get("x-forwarded-proto", "")) or scheme
    direct = scope.get("http_version") != "1.0" and not any(is_of_a_proxy(name) for name in headers)
    return Peer(plain(address), "https" if scheme in ("https", "wss") else "http", headers.get("host", ""), direct)


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The headers by name in lower case; the values of one that comes twice are joined as HTTP says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        found[name] = f"{found[name]}, {value}" if name in found else value
    if "host" in found:
        found["host"] = found["host"].lower()
    return found


def is_of_a_proxy(header: str) -> bool:
    """Whether a proxy adds a header of this name, in lower case; browsers and programs themselves send none of them."""
    return header in PROXY_HEADERS or header.startswith(PROXY_PREFIXES)


def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    """Whether this is the address of a proxy that we believe."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


def plain(address: str) -> str:
    """The address in its one way of writing; one of version 4 that comes as version 6 is of version 4."""
    parsed = _parsed(address)
    return str(parsed) if parsed else address


def neighbourhood(address: str) -> str:
    """What limits count as one address: a subscriber of version 6 has 2**64 of them."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed) if parsed else address


def hostname_of(host: str) -> str:
    """The name in a Host header or behind `//`; empty for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _parsed(address: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _before_proxies(forwarded: str, trusted: tuple[Network, ...]) -> str:
    """The last address in `X-Forwarded-For` that no trusted proxy has: what stands before it, anybody may write."""
    nearest = ""
    for part in reversed(forwarded.split(",")):
        address = _parsed(part.strip())
        if address is None:
            break
        nearest = str(address)
        if not is_trusted(nearest, trusted):
            break
    return nearest


def _last(header: str) -> str:
    return header.rpartition(",")[2].strip().lower()
