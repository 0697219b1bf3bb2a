"""Embedding models behind OpenAI's protocol: OpenAI itself, or any server that speaks it."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from knowledge.embedding.embedder import EmbedderIdentity, Reading
from knowledge.embedding.unit_vectors import unit_rows
from knowledge.embedding.weights import Note
from knowledge.errors import EmbedderError

if TYPE_CHECKING:
    from openai import OpenAI

    from knowledge.types import Matrix, Vector

OPENAI = "https://api.openai.com/v1"
# Small self-hosted servers accept no more in one request.
TEXTS_PER_REQUEST = 32
REQUESTS_AT_ONCE = 4
RETRIES = 4
SECONDS = 60.0
SHOWN = 200
OPENAI_MAX_TOKENS = 8191
USUAL_MAX_TOKENS = 512
PIECE = re.compile(r"[A-Za-z]{1,4}|[0-9]|\S")


class PieceCounter:
    """Counts at least as many tokens as the tokenizers of such models find in prose.

    A server does not tell its tokenizer, so every run of up to four Latin letters counts, and every
    other visible character by itself.
    """

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """The span of each piece."""
        return [match.span() for match in PIECE.finditer(text)]

    def count(self, text: str) -> int:
        """How many pieces there are."""
        return sum(1 for _ in PIECE.finditer(text))


class OpenAIEmbedder:
    """A remote model; its dimension is found by one call and remembered, unless it is given.

    Nothing is read from the environment, so that texts never go to another host than the one named here.
    """

    def __init__(
        self,
        model: str,
        *,
        cache_dir: Path,
        base_url: str | None = None,
        api_key: str | None = None,
        offline: bool = False,
        dimension: int | None = None,
        retries: int = RETRIES,
    ) -> None:
        self._model = model
        self._address = (base_url or OPENAI).rstrip("/")
        self._api_key = api_key
        self._offline = offline
        self._dimension = dimension
        self._retries = retries
        self._max_tokens = OPENAI_MAX_TOKENS if model.startswith("text-embedding-") else USUAL_MAX_TOKENS
        self._note = Note(cache_dir / "models", key=f"openai\n{model}\n{self._address}")
        self._lock = threading.Lock()
        self._client: OpenAI | None = None

    @property
    def identity(self) -> EmbedderIdentity:
        """Model and address stand for the weights, which a server does not show."""
        weights = hashlib.sha256(f"openai\n{self._model}\n{self._address}".encode()).hexdigest()
        return EmbedderIdentity(self._model, self._known_dimension(), weights, self._max_tokens)

    def tokens(self) -> PieceCounter:
        """A cautious estimate: the server's own tokenizer is not known."""
        return PieceCounter()

    def embed_query(self, text: str) -> Vector:
        """One question."""
        vector: Vector = self.embed([text])[0]
        return vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Texts in as many requests as they need, one after the other."""
        return self._stacked([self._request(part) for part in _parts(texts)])

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The vectors of `embed`, without tokens."""
        return [Reading.whole(vector) for vector in self.embed(texts)]

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """Texts in several requests at once."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="embed") as pool:
            return self._stacked(list(pool.map(self._request, _parts(texts))))

    def close(self) -> None:
        """Ends the connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _stacked(self, matrices: list[Matrix]) -> Matrix:
        if not matrices:
            return np.empty((0, self._known_dimension()), np.float32)
        return np.concatenate(matrices)

    def _known_dimension(self) -> int:
        if self._dimension is None:
            found = self._note.read().get("dimension") or self._ask(["dimension"]).shape[1]
            self._note.write({"dimension": int(found)})
            self._dimension = int(found)
        return self._dimension

    def _request(self, texts: Sequence[str]) -> Matrix:
        vectors = self._ask([self._sendable(text) for text in texts])
        if vectors.shape[1] != self._known_dimension():
            raise self._failure(f"sent vectors of {vectors.shape[1]} numbers instead of {self._dimension}")
        return vectors

    def _sendable(self, text: str) -> str:
        """Cut where the model would cut it or refuse it; an empty text is refused by many servers."""
        most = self._max_tokens
        offsets = self.tokens().offsets(text) if len(text) > most else []
        return (text[: offsets[most - 1][1]] if len(offsets) > most else text) or " "

    def _ask(self, texts: list[str]) -> Matrix:
        from openai import APIConnectionError, APIStatusError, AuthenticationError, OpenAIError

        try:
            answer = self._opened().embeddings.create(model=self._model, input=texts, encoding_format="float")
            found = {item.index: item.embedding for item in answer.data}
            return unit_rows([found[row] for row in range(len(texts))])
        except AuthenticationError as error:
            raise self._failure("refused the key", hint="set OPENAI_API_KEY to a key of that host.") from error
        except APIStatusError as error:
            raise self._failure(f"answered with status {error.status_code} ({error.message[:SHOWN]})") from error
        except APIConnectionError as error:
            raise self._failure("cannot be reached", hint="check the address and the connection.") from error
        except (OpenAIError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise self._failure("did not send one vector for each text") from error

    def _opened(self) -> OpenAI:
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> OpenAI:
        # Takes most of a second to import: only when something is sent.
        from openai import OpenAI

        if self._offline and not _is_loopback(self._address):
            raise self._failure("is not asked, because the network is off", hint="allow it, or use the built-in model.")
        if self._api_key is None and self._address == OPENAI:
            raise self._failure("wants a key", hint="set OPENAI_API_KEY.")
        return OpenAI(
            api_key=self._api_key or "none", base_url=self._address, max_retries=self._retries, timeout=SECONDS
        )

    def _failure(self, what: str, *, hint: str = "check base_url and model.") -> EmbedderError:
        return EmbedderError(f"The embedding model {self._model!r} at {_host(self._address)} {what}:", hint=hint)


def _parts(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[first : first + TEXTS_PER_REQUEST] for first in range(0, len(texts), TEXTS_PER_REQUEST)]


def _host(address: str) -> str:
    # An address may carry a password.
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
