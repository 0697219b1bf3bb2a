"""Opens the library of a command: the one place where settings meet banks and embedding models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.shell import Shell

if TYPE_CHECKING:
    from knowledge.library import Library


def open_library(shell: Shell) -> Library:
    """The library at the shell's root. Nothing is read and no model is loaded until it is asked."""
    from knowledge.library import Library  # keeps `--help` light

    return Library(shell.root)
