"""Any sentence-transformers model, from a folder or from the model hub's cache."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding.embedder import EmbedderIdentity, Reading
from knowledge.embedding.named_model import OTHER_RUNTIMES, NamedModel
from knowledge.embedding.tokenizer import FileTokenizer
from knowledge.embedding.unit_vectors import unit_rows
from knowledge.embedding.weights import Note, sha256_of
from knowledge.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from knowledge.types import Matrix, Vector

WEIGHT_FILES = ("*.safetensors", "pytorch_model*.bin")
BATCH = 16
USUAL_MAX_TOKENS = 512


class SentenceTransformerEmbedder:
    """A model that sentence-transformers loads, in the precision it was saved in, with the prompts it defines."""

    def __init__(self, model: str, *, cache_dir: Path, offline: bool = True, device: str = "auto") -> None:
        self._named = NamedModel(model, "embedding model", EmbedderError, offline)
        self._cache_dir = cache_dir
        self._device = device
        self._lock = threading.RLock()
        self._folder: Path | None = None
        self._identity: EmbedderIdentity | None = None
        self._tokenizer: FileTokenizer | None = None
        self._model: SentenceTransformer | None = None

    @property
    def identity(self) -> EmbedderIdentity:
        """Hashed from the weight files; dimension and length are asked of the model once, then remembered."""
        with self._lock:
            if self._identity is None:
                self._identity = self._identify()
            return self._identity

    def tokens(self) -> FileTokenizer:
        """The model's own tokenizer."""
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = FileTokenizer(_tokenizer_file(self._located()))
            return self._tokenizer

    def embed_query(self, text: str) -> Vector:
        """One question, with the model's prompt for questions if it has one."""
        with self._lock:
            rows = self._loaded().encode_query([text], show_progress_bar=False)
        vector: Vector = unit_rows(rows)[0]
        return vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Texts, with the model's prompt for documents if it has one."""
        if not texts:
            return np.empty((0, self.identity.dimension), np.float32)
        with self._lock:
            rows = self._loaded().encode_document(list(texts), batch_size=BATCH, show_progress_bar=False)
        return unit_rows(rows)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """The vectors of `embed`, without tokens."""
        return [Reading.whole(vector) for vector in self.embed(texts)]

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """As `embed`, which already sorts by length: no other model is known to bear less precision."""
        return self.embed(texts)

    def _identify(self) -> EmbedderIdentity:
        folder = self._located()
        weights = _hash_of_weights(folder, self._cache_dir)
        note = Note(self._cache_dir / "models", key=weights)
        facts = note.read()
        if not facts:
            model = self._loaded()
            facts = {
                "dimension": model.get_embedding_dimension(),
                "max_tokens": model.max_seq_length or USUAL_MAX_TOKENS,
            }
            note.write(facts)
        name = folder.name if Path(self._named.name).is_dir() else self._named.name
        return EmbedderIdentity(name, int(facts["dimension"]), weights, int(facts["max_tokens"]))

    def _located(self) -> Path:
        if self._folder is None:
            self._folder = self._named.folder()
        return self._folder

    def _loaded(self) -> SentenceTransformer:
        if self._model is None:
            self._model = self._load(self._located())
        return self._model

    def _load(self, folder: Path) -> SentenceTransformer:
        # Takes seconds to import: only when a vector of this very model is needed.
        from sentence_transformers import SentenceTransformer

        device = None if self._device == "auto" else self._device
        return self._named.load(
            folder, lambda path: SentenceTransformer(path, device=device, local_files_only=self._named.offline)
        )


def _hash_of_weights(folder: Path, cache_dir: Path) -> str:
    """The SHA-256 of the one weight file, or of the names and hashes of several."""
    files = list(_weight_files(folder))
    if not files:
        raise EmbedderError(
            f"The folder {folder} holds no model weights:", hint="name a folder that sentence-transformers saved."
        )
    hashes = [sha256_of(file, cache_dir=cache_dir) for file in files]
    if len(files) == 1:
        return hashes[0]
    names = [file.relative_to(folder).as_posix() for file in files]
    return hashlib.sha256("".join(f"{n} {h}\n" for n, h in zip(names, hashes, strict=True)).encode()).hexdigest()


def _weight_files(folder: Path) -> Iterator[Path]:
    for pattern in WEIGHT_FILES:
        found = sorted(folder.rglob(pattern))
        own = [file for file in found if file.relative_to(folder).parts[0] not in OTHER_RUNTIMES]
        if own:
            # The same weights often lie there in the older format too.
            yield from own
            return


def _tokenizer_file(folder: Path) -> Path:
    """Beside the weights, or in the folder of the model's first module."""
    listing = folder / "modules.json"
    modules: list[dict[str, Any]] = json.loads(listing.read_text("utf-8")) if listing.is_file() else []
    nested = [folder / str(module["path"]) / "tokenizer.json" for module in modules[:1]]
    return next((file for file in nested if file.is_file()), folder / "tokenizer.json")
