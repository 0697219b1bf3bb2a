"""The weights of a BERT encoder, as both ways of running it need them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Affine:
    """y = x · weightᵀ + bias, or the scale and shift of a layer norm."""

    weight: Array
    bias: Array


@dataclass(frozen=True, slots=True)
class BertLayer:
    """One transformer block; queries, keys and values stand below each other in `qkv`."""

    qkv: Affine
    out: Affine
    attention_norm: Affine
    up: Affine
    down: Affine
    output_norm: Affine


@dataclass(frozen=True)
class BertWeights:
    """A BERT encoder with absolute positions and exact GELU; token type 0 is folded into the positions."""

    tensors: Mapping[str, Array]
    heads: int
    epsilon: float

    @cached_property
    def words(self) -> Array:
        """The word table, of shape (vocabulary, hidden)."""
        return self.tensors["embeddings.word_embeddings.weight"]

    @cached_property
    def positions(self) -> Array:
        """What is added to the word at each position."""
        types = self.tensors["embeddings.token_type_embeddings.weight"]
        summed: Array = self.tensors["embeddings.position_embeddings.weight"] + types[0]
        return summed

    @property
    def embedding_norm(self) -> Affine:
        """The norm before the first layer."""
        return self._affine("embeddings.LayerNorm")

    @property
    def hidden(self) -> int:
        """The width of the model, which is the dimension of its vectors."""
        return int(self.words.shape[1])

    def layers(self) -> Iterator[BertLayer]:
        """The transformer blocks, first to last."""
        count = 0
        while f"encoder.layer.{count}.output.dense.weight" in self.tensors:
            yield self._layer(f"encoder.layer.{count}")
            count += 1

    def _layer(self, name: str) -> BertLayer:
        return BertLayer(
            qkv=self._stacked(*(f"{name}.attention.self.{part}" for part in ("query", "key", "value"))),
            out=self._affine(f"{name}.attention.output.dense"),
            attention_norm=self._affine(f"{name}.attention.output.LayerNorm"),
            up=self._affine(f"{name}.intermediate.dense"),
            down=self._affine(f"{name}.output.dense"),
            output_norm=self._affine(f"{name}.output.LayerNorm"),
        )

    def _stacked(self, *names: str) -> Affine:
        import numpy as np

        parts = [self._affine(name) for name in names]
        return Affine(np.concatenate([p.weight for p in parts]), np.concatenate([p.bias for p in parts]))

    def _affine(self, name: str) -> Affine:
        return Affine(self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"])


def load_bert(folder: Path) -> BertWeights:
    """The weights of a model folder with `config.json` and `model.safetensors`."""
    # Not at module level: only making the ONNX file and bulk embedding read the weights themselves.
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text("utf-8"))
    return BertWeights(
        tensors=load_file(folder / "model.safetensors"),
        heads=int(config["num_attention_heads"]),
        epsilon=float(config["layer_norm_eps"]),
    )
