"""What a caller and a worker must both hold before either believes the other."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from agents.exceptions import DistributionError
from knowledge.settings import process_environment

SHORTEST_TOKEN = 16


def token_secret(token: str) -> bytes:
    """The secret of a token that was set on both machines; raises `DistributionError` for one that could be guessed."""
    if len(token) < SHORTEST_TOKEN:
        raise DistributionError(
            f"REFDESK_WORKER_TOKEN has {len(token)} characters:", hint=f"use {SHORTEST_TOKEN} random ones or more."
        )
    return sha256(b"refdesk worker token " + token.encode()).digest()


def loopback_secret(port: int, *, make: bool = False) -> bytes:
    """The secret of a worker on this machine without a token: a file that only this user can read, new at each start.

    Raises `DistributionError` where there is none.
    """
    path = process_environment().cache / "workers" / f"{port}.secret"
    try:
        if make:
            _write_privately(path, os.urandom(32))
        return path.read_bytes()
    except OSError as error:
        raise DistributionError(
            f"No worker of this user listens at port {port}: {path} cannot be read ({error.strerror}).",
            hint=f"Start `python -m agents.worker --port {port}`, or set REFDESK_WORKER_TOKEN for both.",
        ) from error


def _write_privately(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
