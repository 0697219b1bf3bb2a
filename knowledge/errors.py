"""Every error that Refdesk raises on purpose, as one tree.

RefdeskError
├── UsageError             the call is wrong: the words say what to write instead
│   ├── InvalidBankName
│   └── ConfigError        a file of settings is wrong: file, place and what was expected
├── BankError
│   ├── BankNotFound
│   ├── BankBusy           another process is writing: wait for it, or stop it
│   ├── EmbedderMismatch   the bank was made with another embedding model
│   ├── BankTooNew         made by a later version: upgrade Refdesk
│   └── BankDamaged        the catalog cannot be trusted: restore it, or ingest again
├── EmbedderError          an embedding model is missing, wrong or unreachable
├── RerankerError          a reranker is missing, wrong or gives no score a pair
├── ModelError             a language model is missing, wrong or unreachable
├── ParseError             a document cannot be read: the file, the reason, what to do
│   ├── NeedsPassword
│   ├── UnsupportedFormat
│   ├── EmptyDocument
│   └── LimitExceeded      too large, too slow or too hungry
├── PruneRequired          an ingest would remove much of a bank: ask again with --prune
└── StorageError           the disk is full, or may not be written
"""

from __future__ import annotations


class RefdeskError(Exception):
    """An error whose text is one sentence for the person at the keyboard: `message`, then in `hint` what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """The message and, where there is one, the hint, as one line."""
        return f"{self.message} {self.hint}".strip()


class UsageError(RefdeskError):
    """The call is wrong; the message says what to write instead."""

    exit_code = 2


class InvalidBankName(UsageError):
    """A bank's name must be usable as the name of a folder on every platform."""


class ConfigError(UsageError):
    """A settings file is wrong; the message names the file, the place and what was expected."""


class BankError(RefdeskError):
    """A bank cannot be used."""


class BankNotFound(BankError):
    """No bank has that name under this root."""

    exit_code = 2


class BankBusy(BankError):
    """Another process is writing to the bank; wait for it to finish, or stop it."""


class EmbedderMismatch(BankError):
    """The bank was made with another embedding model; use that one, or re-embed the bank."""


class BankTooNew(BankError):
    """The bank was made by a later version of Refdesk; upgrade."""


class BankDamaged(BankError):
    """The catalog cannot be read or contradicts itself; restore a copy or ingest again."""


class EmbedderError(RefdeskError):
    """An embedding model is missing, has unexpected weights, or cannot be reached."""


class RerankerError(RefdeskError):
    """A reranker is missing, cannot be loaded, or does not give one score a pair."""


class ModelError(RefdeskError):
    """A language model is missing, misconfigured, or cannot be reached."""


class ParseError(RefdeskError):
    """A document cannot be read; the message gives the reason, the hint what to do."""


class NeedsPassword(ParseError):
    """The document is encrypted."""


class UnsupportedFormat(ParseError):
    """No parser takes this content."""


class EmptyDocument(ParseError):
    """The document holds no text."""


class LimitExceeded(ParseError):
    """The document is too large, or its parser took too much time or memory."""


class PruneRequired(RefdeskError):
    """An ingest would remove much of what the bank holds; confirm with --prune."""


class StorageError(RefdeskError):
    """The disk is full, or the place may not be written."""
