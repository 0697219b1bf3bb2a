"""Any cross-encoder of sentence-transformers, from a folder or from the model hub's cache."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding.named_model import NamedModel
from knowledge.errors import RerankerError

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

    from knowledge.card import RerankerSpec
    from knowledge.types import Vector

BATCH = 16
SCORES_PAIRS = "ForSequenceClassification"


class CrossEncoderReranker:
    """A cross-encoder that gives one score a pair, loaded when it is first asked. Thread-safe: calls take turns.

    Every use raises `RerankerError` where the model is missing or is no such one.
    """

    def __init__(self, spec: RerankerSpec, *, offline: bool = True) -> None:
        self._named = NamedModel(spec.model, "cross-encoder", RerankerError, offline)
        self._device = None if spec.device == "auto" else spec.device
        self._lock = threading.Lock()
        self._model: CrossEncoder | None = None

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """The model's own predictions; texts that are too long for it are cut at their end."""
        if not texts:
            return np.empty(0, np.float32)
        pairs = [(question, text) for text in texts]
        with self._lock:
            found = self._loaded().predict(pairs, batch_size=BATCH, show_progress_bar=False)
        return np.asarray(found, np.float32)

    def _loaded(self) -> CrossEncoder:
        if self._model is None:
            self._model = self._load(self._named.folder())
        return self._model

    def _load(self, folder: Path) -> CrossEncoder:
        # Takes seconds to import: only when a bank has a reranker.
        from sentence_transformers import CrossEncoder

        if not _scores_pairs(folder):
            raise RerankerError(
                f"The folder {folder} holds no cross-encoder:",
                hint="name a folder with a model that scores pairs of texts, as sentence-transformers saves it.",
            )
        model: CrossEncoder = self._named.load(
            folder, lambda path: CrossEncoder(path, device=self._device, local_files_only=self._named.offline)
        )
        if model.num_labels != 1:
            raise RerankerError(
                f"The cross-encoder in {folder} gives {model.num_labels} scores a pair:",
                hint="name one that gives one, as those for reranking do.",
            )
        return model


def _scores_pairs(folder: Path) -> bool:
    """Whether the model says that it was made for pairs: of any other, the layer that scores is filled by chance."""
    kind = _read(folder / "config_sentence_transformers.json").get("model_type")
    if kind is not None:
        return bool(kind == "CrossEncoder")
    return any(str(name).endswith(SCORES_PAIRS) for name in _read(folder / "config.json").get("architectures") or ())


def _read(path: Path) -> dict[str, Any]:
    """An object of JSON; empty where there is none."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
