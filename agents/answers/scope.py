"""Who asks, and of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from knowledge.errors import BankNotFound
from knowledge.types import ANYONE, MetadataValue, Reader

if TYPE_CHECKING:
    from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Scope:
    """The reader, the banks that were named, all where none were, and the metadata that documents must have."""

    reader: Reader = ANYONE
    banks: Sequence[str] | None = None
    filters: Mapping[str, MetadataValue] = field(default_factory=dict)


def named_banks(library: Library, banks: Sequence[str] | None) -> tuple[str, ...]:
    """The names in `banks`, each once, or those of all banks; `BankNotFound` where one or all are missing."""
    names = library.names() if banks is None else tuple(dict.fromkeys(banks))
    for name in names:
        library.bank(name)
    if not names:
        raise BankNotFound(
            f"There are no banks under {library.root}.", hint="Make one: refdesk ingest FOLDER --bank NAME."
        )
    return names
