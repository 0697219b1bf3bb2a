"""Which machine a host's name means: this one or another."""

from __future__ import annotations

import asyncio
import fnmatch
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from agents.distribution.placement import read_port
from agents.exceptions import DistributionError
from knowledge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by its address; `port` where the table of hosts names one."""

    address: str
    is_here: bool
    port: int | None = None


HERE = Machine("127.0.0.1", is_here=True)


async def find_machine(host: str | None, known: Mapping[str, str]) -> Machine:
    """The machine that `host` means; without a name this one.

    `known` says what names mean before anybody else is asked: `{"worker-*.cluster": "10.0.0.7:7331"}`. Raises
    `DistributionError` for a name that nobody knows.
    """
    if host is None:
        return HERE
    port: int | None = None
    for pattern, meant in known.items():
        if fnmatch.fnmatchcase(host.lower(), pattern.lower()):
            host, port = _host_and_port(meant)
            break
    addresses = await _addresses(host)
    here = [address for address in addresses if is_here(address)]
    return Machine("127.0.0.1", is_here=True, port=port) if here else Machine(addresses[0], is_here=False, port=port)


def read_hosts(text: str) -> dict[str, str]:
    """The table of hosts as an environment variable holds it: `name=address,other=address:port`."""
    pairs = [entry.partition("=") for entry in text.replace(";", ",").split(",") if entry.strip()]
    if wrong := [name for name, sign, meant in pairs if not (name.strip() and sign and meant.strip())]:
        raise UsageError(f"{wrong[0]!r} in the table of hosts says nothing:", hint="write name=address.")
    return {name.strip(): meant.strip() for name, _, meant in pairs}


def is_here(address: str) -> bool:
    """Whether an address is one of this machine: a loopback one, or one of its interfaces."""
    import psutil  # not needed by agents that name no host

    plain = address.partition("%")[0]
    parsed = ipaddress.ip_address(plain)
    if parsed.is_loopback or parsed.is_unspecified:
        return True
    return any(item.address.partition("%")[0] == plain for items in psutil.net_if_addrs().values() for item in items)


async def _addresses(host: str) -> list[str]:
    try:
        # Looked up in Python by the plain function, in a thread: a name may take seconds.
        found = await asyncio.to_thread(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as error:
        raise DistributionError(
            f"The host {host!r} cannot be found ({getattr(error, 'strerror', None) or error}):",
            hint="check its name, or say where it is by agents.init(hosts={name: address}) or REFDESK_HOSTS.",
        ) from error
    return [str(entry[4][0]) for entry in found]


def _host_and_port(meant: str) -> tuple[str, int | None]:
    host, colon, port = meant.rpartition(":")
    bracketed = meant.startswith("[")
    if not colon or (bracketed and not host.endswith("]")) or (":" in host and not bracketed):
        return meant.strip("[]"), None  # an address of version 6 has colons of its own
    return host.strip("[]"), read_port(port)
