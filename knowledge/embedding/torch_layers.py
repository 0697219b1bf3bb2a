"""The layers of a BERT encoder in PyTorch, arranged for speed on processors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn import functional

from knowledge.embedding.bert import Affine

if TYPE_CHECKING:
    from torch import Tensor

    from knowledge.embedding.bert import BertLayer


class Norm:
    """A layer norm."""

    def __init__(self, values: Affine, epsilon: float, device: str, dtype: torch.dtype) -> None:
        self._weight = torch.from_numpy(values.weight).to(device, dtype)
        self._bias = torch.from_numpy(values.bias).to(device, dtype)
        self._epsilon = epsilon

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._epsilon)


class Dense(Protocol):
    """A linear layer: alone, before an exact GELU, or added to something."""

    def plain(self, x: Tensor) -> Tensor: ...

    def gelu(self, x: Tensor) -> Tensor: ...

    def added(self, x: Tensor, other: Tensor) -> Tensor: ...


class FusedDense:
    """By oneDNN, from weights laid out once; what follows the product is done while it is in the cache.

    PyTorch's compiler emits these operators for processors.
    """

    def __init__(self, values: Affine) -> None:
        self._operator = torch.ops.mkldnn._linear_pointwise
        weight = torch.from_numpy(values.weight).to(torch.bfloat16)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight)
        self._bias = torch.from_numpy(values.bias).to(torch.bfloat16)

    def plain(self, x: Tensor) -> Tensor:
        result: Tensor = self._operator(x, self._weight, self._bias, "none", [], "")
        return result

    def gelu(self, x: Tensor) -> Tensor:
        result: Tensor = self._operator(x, self._weight, self._bias, "gelu", [], "none")
        return result

    def added(self, x: Tensor, other: Tensor) -> Tensor:
        result: Tensor = self._operator.binary(x, other, self._weight, self._bias, "add")
        return result


class PlainDense:
    """By PyTorch's ordinary operators, on any device."""

    def __init__(self, values: Affine, device: str, dtype: torch.dtype) -> None:
        self._weight = torch.from_numpy(values.weight).to(device, dtype)
        self._bias = torch.from_numpy(values.bias).to(device, dtype)

    def plain(self, x: Tensor) -> Tensor:
        return functional.linear(x, self._weight, self._bias)

    def gelu(self, x: Tensor) -> Tensor:
        return functional.gelu(self.plain(x))

    def added(self, x: Tensor, other: Tensor) -> Tensor:
        return self.plain(x) + other


def dense(values: Affine, device: str, dtype: torch.dtype) -> Dense:
    """The fastest layer for the device."""
    if device == "cpu" and dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return FusedDense(values)
    return PlainDense(values, device, dtype)


class Block:
    """One transformer block."""

    def __init__(self, layer: BertLayer, heads: int, epsilon: float, device: str, dtype: torch.dtype) -> None:
        self._heads = heads
        self._qkv = dense(_scaled_queries(layer.qkv, heads), device, dtype)
        self._out = dense(layer.out, device, dtype)
        self._attention_norm = Norm(layer.attention_norm, epsilon, device, dtype)
        self._up = dense(layer.up, device, dtype)
        self._down = dense(layer.down, device, dtype)
        self._output_norm = Norm(layer.output_norm, epsilon, device, dtype)

    def __call__(self, x: Tensor, lengths: Sequence[int]) -> Tensor:
        """From (batch, tokens, hidden) to the same; positions beyond a row's length are padding."""
        x = self._attention_norm(self._out.added(self._attended(self._qkv.plain(x), lengths), x))
        return self._output_norm(self._down.added(self._up.gelu(x), x))

    def _attended(self, qkv: Tensor, lengths: Sequence[int]) -> Tensor:
        # Written out, because the fused kernel is 1.5 to 4 times slower on processors for heads this narrow.
        batch, tokens, width = qkv.shape
        q, k, v = (
            part.reshape(batch * self._heads, tokens, -1)
            for part in qkv.view(batch, tokens, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        )
        scores = torch.bmm(q, k.transpose(1, 2)).view(batch, self._heads, tokens, tokens)
        for row, length in zip(scores, lengths, strict=True):
            if length < tokens:
                row[:, :, length:] = float("-inf")
        shares = torch.softmax(scores, -1).view(batch * self._heads, tokens, tokens)
        heads = torch.bmm(shares, v).view(batch, self._heads, tokens, -1)
        return heads.transpose(1, 2).reshape(batch, tokens, width // 3)


def _scaled_queries(qkv: Affine, heads: int) -> Affine:
    """The scale of the scores, one over the root of a head's width, moved into the weights of the queries."""
    width = qkv.bias.shape[0] // 3
    factor = (heads / width) ** 0.5
    weight, bias = qkv.weight.copy(), qkv.bias.copy()
    weight[:width] *= factor
    bias[:width] *= factor
    return Affine(weight, bias)
