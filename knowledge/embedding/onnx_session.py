"""Running a sentence encoder with ONNX Runtime in full precision: questions, and bulk where nothing is faster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding.batching import PROCESSOR_BATCH, padded
from knowledge.errors import EmbedderError
from knowledge.settings import silence_onnx_runtime

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector


class UnreadableModel(EmbedderError):
    """The file is damaged, or of another version of ONNX Runtime; make it again."""


class OnnxEncoder:
    """An `Encoder` over an ONNX file, loaded at construction."""

    batch_tokens = PROCESSOR_BATCH

    def __init__(self, path: Path) -> None:
        self._session = open_session(path)
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def encode(self, batch: Sequence[Sequence[int]]) -> Matrix:
        """The unit vectors of a few token sequences, none of them empty."""
        ids, lengths = padded(batch)
        mask = (np.arange(ids.shape[1]) < np.array(lengths)[:, None]).astype(np.int64)
        (vectors,) = self._session.run(["vector"], {"input_ids": ids, "attention_mask": mask})
        matrix: Matrix = vectors
        return matrix

    def states(self, ids: Sequence[int]) -> tuple[Vector, Matrix]:
        """The unit vector of one token sequence, and what the last layer gives for its tokens, (tokens, dimension)."""
        row = np.array([ids], np.int64)
        given = {"input_ids": row, "attention_mask": np.ones_like(row)}
        vectors, states = self._session.run(["vector", "states"], given)
        return vectors[0], states[0]


def open_session(model: Path | bytes, *, constants_in: Path | None = None) -> Any:
    """A session of ONNX Runtime on the processor; a model in memory has its large constants in that folder.

    Raises `UnreadableModel`.
    """
    silence_onnx_runtime()
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    options = onnxruntime.SessionOptions()
    # One thread a call: a short question gains nothing from two, and callers with many texts call in parallel.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps the largest batch's memory for good and, per thread, saves nothing that can be measured.
    options.enable_cpu_mem_arena = False
    if constants_in is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(constants_in))
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except (failures.InvalidProtobuf, failures.InvalidArgument, failures.InvalidGraph, failures.Fail) as error:
        place = constants_in if isinstance(model, bytes) else model
        raise UnreadableModel(
            f"The embedding model's file {place} cannot be loaded:", hint="delete it, and it is made again."
        ) from error
