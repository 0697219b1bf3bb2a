"""Where models run: the address that is meant, whether that is this machine, and whose key may go there."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from agents.exceptions import ModelRefused
from knowledge.errors import ConfigError
from knowledge.settings import process_environment

OLLAMA_PORT = 11434


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address with the key that belongs to it, if any, and the variables that would name them."""

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    key_name: str = ""
    url_name: str = ""

    @property
    def host(self) -> str:
        """Host and port as people see them."""
        return host_of(self.base_url)


def endpoint(provider: str, default: str, *, base_url: str | None = None, api_key: str | None = None) -> Endpoint:
    """Where a model of `provider` runs, and its key.

    A key that is given goes with the address that is given. The key of the environment goes only to the address
    that the environment names, by default the provider's own. Raises `ConfigError` unless it is an HTTP address
    and a key that can be sent.
    """
    known = process_environment().provider(provider)
    trusted = known.base_url or default
    address = base_url or trusted
    key = api_key or (known.api_key if same_address(address, trusted) else None)
    return Endpoint(checked(address), _sendable(key, known.key_name), known.key_name, known.url_name)


def _sendable(key: str | None, name: str) -> str | None:
    """The key without white space around it; `ConfigError` where it cannot stand in a header."""
    key = (key or "").strip() or None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ConfigError("The key holds characters that no key has:", hint=f"copy it again, into {name} for example.")
    return key


def needs_key(at: Endpoint, default: str, model: str) -> ModelRefused | None:
    """The error where a provider's own address would be asked without a key; other servers may do without."""
    if at.api_key or not same_address(at.base_url, default):
        return None
    return ModelRefused(f"{model} at {at.host} needs a key:", hint=f"set {at.key_name}, or pass `api_key`.")


def ollama_address(host: str) -> str:
    """The address that OLLAMA_HOST means: its scheme and port may be left out, and 0.0.0.0 is this machine."""
    address = host if "://" in host else f"http://{host}"
    parts = urlsplit(address)
    name = parts.hostname or "127.0.0.1"
    name = "127.0.0.1" if name in ("0.0.0.0", "::") else name
    shown = f"[{name}]" if ":" in name else name
    port = parts.port or (OLLAMA_PORT if parts.scheme == "http" else None)
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same but for a slash at the end."""
    return one.rstrip("/") == other.rstrip("/")


def checked(address: str) -> str:
    """The address; `ConfigError` unless it is one of HTTP."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{address!r} is not the address of a model server:", hint="write it as http://127.0.0.1:8080/v1."
        )
    return address


def host_of(address: str) -> str:
    """Host and port; user names and passwords in the address are left out."""
    return urlsplit(address).netloc.rpartition("@")[2]


def is_this_machine(address: str) -> bool:
    """Whether the address is of this machine, so that nothing leaves it."""
    hostname = urlsplit(address).hostname or ""
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"
