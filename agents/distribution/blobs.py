"""Large contents by reference: each is kept once in a folder, under the hash of its bytes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from agents.exceptions import DistributionError

LARGE = 64 * 1024


class BlobStore:
    """A folder of contents that processes on one machine share, or that one process keeps for itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep a content; gives the name under which it is found."""
        name = sha256(content).hexdigest()
        path = self.folder / name
        if not path.exists():
            made = self.folder / f"{uuid4().hex}.new"
            made.write_bytes(content)
            made.replace(path)
        return name

    def get(self, name: str) -> bytes:
        """A content that was kept; raises `DistributionError` where it is gone."""
        try:
            return (self.folder / Path(name).name).read_bytes()
        except OSError as error:
            raise DistributionError(f"A large content is gone: {error.strerror}:", hint="send it again.") from error
