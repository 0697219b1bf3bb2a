"""A model's own tokenizer, uncut and unpadded."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.errors import EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = "[UNK]"


class FileTokenizer:
    """Counts, locates and numbers tokens by a `tokenizer.json`, which is read on first use. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._tokenizer: Tokenizer | None = None

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The character span of each token of `text`, without special tokens."""
        offsets: list[tuple[int, int]] = self._loaded().encode(text, add_special_tokens=False).offsets
        return offsets

    def count(self, text: str) -> int:
        """How many tokens `text` has, without special tokens."""
        return len(self._loaded().encode(text, add_special_tokens=False))

    def ids(self, text: str, *, at_most: int) -> list[int]:
        """The token numbers of `text` with special tokens, cut to `at_most` of them in all."""
        return self.read(text, at_most=at_most)[0]

    def read(self, text: str, *, at_most: int) -> tuple[list[int], list[tuple[int, int]]]:
        """As `ids`, and the character spans of those tokens but the two special ones around them."""
        encoded = self._loaded().encode(text)
        ids, spans = list(encoded.ids), list(encoded.offsets)[1:-1]
        if len(ids) > at_most:
            # The closing special token survives the cut, as in the tokenizers' own truncation.
            ids, spans = [*ids[: at_most - 1], ids[-1]], spans[: at_most - 2]
        return ids, spans

    @property
    def unknown(self) -> int | None:
        """The number of the token for what the model has no token for."""
        number: int | None = self._loaded().token_to_id(UNKNOWN)
        return number

    def _loaded(self) -> Tokenizer:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = self._load()
            return self._tokenizer

    def _load(self) -> Tokenizer:
        from tokenizers import Tokenizer

        if not self._path.is_file():
            raise EmbedderError(
                f"The embedding model's tokenizer {self._path} is missing:", hint="install the model again."
            )
        tokenizer = Tokenizer.from_file(str(self._path))
        # The file may switch both on; cutting silently here would hide text from the chunker.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
