"""Addresses of services beside the models: where spans and messages go."""

from __future__ import annotations

from urllib.parse import urlsplit

from knowledge.errors import ConfigError


def web_address(address: str, *, example: str) -> str:
    """The address; `ConfigError` with the example unless it is one of HTTP."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError):
        usable = False
    if not usable:
        raise ConfigError(f"{address!r} is not an address of HTTP:", hint=f"write one such as {example}.")
    return address
