"""Sessions in a folder, one JSON file each."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

from agents.session.files import storage_failures, write_whole
from agents.session.session import SessionBase
from knowledge.errors import StorageError

LONGEST = 180
SUFFIX = ".json"


class JSONSession(SessionBase):
    """Each session in the file `<session_id>.json` of the folder `save_dir`.

    Whatever an id contains, its file stands in that folder: characters that a file's name cannot hold are written as
    `%2F`, and an id of more than 180 of them is cut, told apart by a hash, and left out of `session_ids`. Two ids
    never share a file.
    """

    def __init__(self, save_dir: str | os.PathLike[str] = "./") -> None:
        self.save_dir = Path(save_dir).expanduser().absolute()

    def path_of(self, session_id: str, user_id: str = "") -> Path:
        """The file of a session."""
        name = _quoted(session_id) if not user_id else f"{_quoted(user_id)}@{_quoted(session_id)}"
        return self.save_dir / f"{name}{SUFFIX}"

    def session_ids(self, user_id: str = "") -> list[str]:
        prefix = f"{_quoted(user_id)}@" if user_id else ""
        if not self.save_dir.is_dir():
            return []
        names = [path.name.removesuffix(SUFFIX) for path in self.save_dir.iterdir() if path.suffix == SUFFIX]
        names = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        return sorted(unquote(name) for name in names if "@" not in name)

    def delete_session(self, session_id: str, user_id: str = "") -> None:
        path = self.path_of(session_id, user_id)
        with storage_failures(path):
            path.unlink(missing_ok=True)

    def _store(self, session_id: str, user_id: str, content: bytes) -> None:
        # A link that somebody put into the folder is replaced, not followed out of it.
        write_whole(self.path_of(session_id, user_id), content, durable=True, follow=False)

    def _fetch(self, session_id: str, user_id: str) -> bytes | None:
        path = self.path_of(session_id, user_id)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}.") from error


def _quoted(text: str) -> str:
    name = quote(text, safe="")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) <= LONGEST:
        return name
    return f"{name[:100].rstrip('%')}@{sha256(text.encode(errors='backslashreplace')).hexdigest()}"
