"""A model of sentence-transformers by its name: where it lies, and how its failures are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from knowledge.errors import RefdeskError

Loaded = TypeVar("Loaded")
OTHER_RUNTIMES = ("onnx", "openvino")


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A folder, or a name on the model hub; `kind` is what errors call it, `error` what is raised.

    `offline` takes it from a folder or the hub's cache only.
    """

    name: str
    kind: str
    error: type[RefdeskError]
    offline: bool = True

    def folder(self) -> Path:
        """Where it lies, downloaded where that is allowed."""
        given = Path(self.name).expanduser()
        return given.resolve() if given.is_dir() else self._from_hub()

    def load(self, folder: Path, make: Callable[[str], Loaded]) -> Loaded:
        """What `make` loads from `folder`, without progress bars."""
        from safetensors import SafetensorError
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it unannotated
        try:
            return make(str(folder))
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            raise self.error(
                f"The {self.kind} in {folder} cannot be loaded ({str(error).splitlines()[0]}):",
                hint="check that sentence-transformers can load this folder.",
            ) from error

    def _from_hub(self) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        try:
            found: str = snapshot_download(
                self.name, local_files_only=self.offline, ignore_patterns=[f"{name}/*" for name in OTHER_RUNTIMES]
            )
        except (LocalEntryNotFoundError, HfHubHTTPError, HFValidationError, OSError) as error:
            where = "the model hub's cache, and downloads are off" if self.offline else "the model hub"
            raise self.error(
                f"The {self.kind} {self.name!r} is neither a folder nor in {where}:",
                hint=f"name a folder that holds a sentence-transformers {self.kind}, or allow the download once.",
            ) from error
        return Path(found)
