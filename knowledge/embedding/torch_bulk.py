"""A BERT sentence encoder in PyTorch: bfloat16 on processors that multiply it natively, and GPUs.

A lean forward pass of our own: importing torch alone takes a third of what transformers takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from knowledge.embedding.batching import PROCESSOR_BATCH, padded
from knowledge.errors import EmbedderError

if TYPE_CHECKING:
    from torch import Tensor

    from knowledge.embedding.bert import BertWeights
    from knowledge.types import Matrix

GPU_BATCH = 32_768
# oneDNN keeps compiled code for every shape it meets: few widths bound its memory, at no measurable cost.
WIDTHS = 8


class TorchEncoder:
    """An `Encoder` on the processor in bfloat16, or on a GPU; loaded at construction."""

    def __init__(self, bert: BertWeights, *, device: str = "cpu", precise: bool = False) -> None:
        import torch

        from knowledge.embedding.torch_layers import Block, Norm

        self.dimension = bert.hidden
        self.batch_tokens = PROCESSOR_BATCH if device == "cpu" else GPU_BATCH
        self._device = device
        dtype = torch.float32 if precise or device == "mps" else torch.bfloat16
        self._words = torch.from_numpy(bert.words).to(device)
        self._positions = torch.from_numpy(bert.positions).to(device)
        self._norm = Norm(bert.embedding_norm, bert.epsilon, device, torch.float32)
        self._dtype = dtype
        self._blocks = [Block(layer, bert.heads, bert.epsilon, device, dtype) for layer in bert.layers()]

    def encode(self, batch: Sequence[Sequence[int]]) -> Matrix:
        """The unit vectors of a few token sequences, none of them empty."""
        import torch

        # The callers are the parallelism: OpenMP threads inside an operator wait for each other by spinning,
        # which on a busy machine costs far more than it gains.
        if self._device == "cpu":
            torch.set_num_threads(1)
        with torch.inference_mode():
            vectors: Matrix = self._encode(batch).cpu().numpy()
        return vectors

    def _encode(self, batch: Sequence[Sequence[int]]) -> Tensor:
        import torch
        from torch.nn.functional import embedding, normalize

        matrix, lengths = padded(batch, multiple=WIDTHS)
        ids = torch.from_numpy(matrix).to(self._device)
        x = self._norm(embedding(ids, self._words) + self._positions[: ids.shape[1]]).to(self._dtype)
        for block in self._blocks:
            x = block(x, lengths)
        # The sum has the direction of the mean, and only that remains after normalisation.
        sums = [row[:length].sum(0, dtype=torch.float32) for row, length in zip(x, lengths, strict=True)]
        return normalize(torch.stack(sums), dim=1)


def find_gpu(wanted: str) -> str | None:
    """The GPU that a `device` setting means, if any; imports torch. Raises `EmbedderError` for one that is absent."""
    import torch

    is_there: dict[str, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if wanted == "auto":
        return next((name for name, there in is_there.items() if there()), None)
    if wanted == "cpu":
        return None
    if wanted not in is_there or not is_there[wanted]():
        raise EmbedderError(f"There is no device {wanted!r} here:", hint="set device to auto or cpu.")
    return wanted
