"""What the outside may reach: names, origins and proxies that are ours, and the rule for listening elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from agents.studio.admission import is_loopback
from knowledge.errors import UsageError
from serve.security.peers import Network, Peer, is_trusted, peer_of
from serve.security.refusals import WrongHost

SAME = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class EdgePolicy:
    """`loopback` says that the service listens where only this machine reaches it.

    `hosts` are names that it answers for besides addresses and this machine's own, `origins` those whose pages may use
    it besides its own, `proxies` those that are believed about where a request comes from. `local_roles` are the
    reader's roles of a person at a fresh install.
    """

    loopback: bool = True
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    proxies: tuple[Network, ...] = ()
    local_roles: frozenset[str] = frozenset()

    @property
    def awaits_others(self) -> bool:
        """Whether whoever runs the service means others to reach it: it has a name for them, or a proxy before it."""
        return not self.loopback or bool(self.hosts or self.proxies)

    def peer(self, scope: Mapping[str, Any]) -> Peer:
        """The other end of an ASGI request."""
        return peer_of(scope, self.proxies)

    def trusts(self, address: str) -> bool:
        """Whether this is a proxy that is believed."""
        return is_trusted(address, self.proxies)

    def check_host(self, peer: Peer) -> None:
        """Raises `WrongHost` for a name that is not ours: one of an attacker may have been pointed at us."""
        name = peer.hostname
        if is_loopback(name) or name in self.hosts or (not self.loopback and _is_address(name)):
            return
        raise WrongHost(
            "This service does not answer under the name that was asked for.",
            hint="Whoever runs it adds the name to `server.allowed_hosts` in refdesk.yaml.",
        )

    def comes_from_elsewhere(self, peer: Peer, headers: Mapping[str, str]) -> bool:
        """Whether a browser says that a page of another site makes this request.

        The scheme is not compared: whatever ends TLS before the service may not say so.
        """
        origin = headers.get("origin")
        if origin is not None and origin in self.origins:
            return False
        if origin is not None:
            return not peer.host or _place(origin.partition("://")[2]) != _place(peer.host)
        return headers.get("sec-fetch-site", "none") not in SAME


def is_browser(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends this: what it sends, a page of another site may have made it send."""
    return any(name in headers for name in ("origin", "sec-fetch-site", "cookie", "referer"))


def check_exposure(host: str, *, has_keys: bool) -> None:
    """Raises `UsageError` where a service without keys would listen beyond this machine."""
    if has_keys or is_loopback(host):
        return
    raise UsageError(
        f"{host or 'Every address of this machine'} can be reached from other machines, and no key is set up:",
        hint="make one with `refdesk keys create NAME --scope admin`, or use --host 127.0.0.1.",
    )


def _place(host: str) -> str:
    """Name and port, where the port is none that the scheme implies."""
    return host.lower().removesuffix(":443").removesuffix(":80")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
