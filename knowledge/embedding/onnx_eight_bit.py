"""The ONNX file of a sentence encoder in 8 bits, made of the one in full precision.

For a text at a time, on processors that multiply 8-bit numbers: there it takes less than half the time.
Weights have a scale for each column. What a product is given has one scale for all of it, after what is large in
a few columns only has been moved into the weights (SmoothQuant, Xiao et al. 2023, section 4). What comes out of
GELU is large in single places instead: there every block of weights and of activations has a scale of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from knowledge.embedding.onnx_graph import FUSED, Graph, made_once, replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

REVISION = 1
# How much of what is large in a column of the activations goes into the weights: 0 none, 1 all.
MOVED = 0.75
BLOCK = 64
SPLIT_BY_NUMBER = 18
LEVELS = 127
TINY = np.float32(1e-6)
Peaks = Mapping[str, "Array"]
# What people ask and documents say, in a few tongues and in code: how large activations are, is seen on these.
SAMPLES = (
    "How do I raise the limit of my credit card while I am abroad?",
    "What is the annual fee, and when is it charged?",
    "Can I get a refund if the order was cancelled after shipping, or only store credit?",
    "who won the world cup in 1998",
    "Compare the net sales of the third quarter with those of the year before.",
    "Low doses of aspirin reduce the risk of heart attacks in people over 60.",
    "The pilot reported smoke in the cockpit and returned to the airport eleven minutes after departure.",
    "This agreement may be terminated by either party upon thirty (30) days' prior written notice.",
    "Set `scrape_interval: 15s` in prometheus.yml, then reload with kill -HUP 4711.",
    'fn main() { let v: Vec<i32> = vec![1, 2, 3]; println!("{:?}", v.iter().sum::<i32>()); }',
    "SELECT name, COUNT(*) FROM orders WHERE total >= 99.95 GROUP BY name;",
    "Error 0x80070005: access denied. See https://example.org/help/errors#denied for details.",
    "Wie lange dauert eine Überweisung ins Ausland, und was kostet sie?",
    "¿Cuál es el plazo para presentar una reclamación?",
    "Quels documents faut-il fournir pour ouvrir un compte ?",
    "如何重置我的密码？",
    "Какова годовая плата за карту?",
    "fees",
    "- Item 1A. Risk Factors\n- Item 2. Management's Discussion\n- Revenue: $1,234.5 million (up 7.8 %)",
    "Photosynthesis converts light energy into chemical energy, which is stored in carbohydrate molecules such as"
    " sugars and starches that are made from carbon dioxide and water.",
)


def eight_bit_file(full: Path, tokens_of: Callable[[str], list[int]]) -> Path:
    """The 8-bit file beside the encoder's file `full`, whose word table it shares; made when it is missing."""
    target = full.with_name(f"{full.stem}-eight-bit-{REVISION}.onnx")
    return made_once(target, lambda: _write(full, tokens_of, target))


def _write(full: Path, tokens_of: Callable[[str], list[int]], target: Path) -> None:
    import onnx

    from knowledge.embedding.onnx_session import open_session

    # A damaged file shows here, as it would anywhere else.
    open_session(full)
    model = onnx.load(full, load_external_data=False)
    peaks = _peaks(model, full.parent, [tokens_of(text) for text in SAMPLES])
    constants = target.with_suffix(".bin")
    with replacing(constants) as file:
        _Rewriting(model.graph, full.parent, peaks, file, constants.name).run()
    model.opset_import[0].version = SPLIT_BY_NUMBER
    with replacing(target) as file:
        file.write(model.SerializeToString())


def _products(graph: Any) -> Iterator[Any]:
    return (node for node in graph.node if node.op_type in ("Attention", "MatMul"))


def _peaks(model: Any, folder: Path, samples: list[list[int]]) -> Peaks:
    """The largest magnitude in every column of what each product is given, by its name, over the samples."""
    import onnx

    from knowledge.embedding.onnx_session import open_session

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = list(dict.fromkeys(node.input[0] for node in _products(watched.graph)))
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = open_session(watched.SerializeToString(), constants_in=folder)
    peaks = dict.fromkeys(names, np.zeros(1, np.float32))
    for ids in samples:
        row = np.array([ids], np.int64)
        seen = session.run(names, {"input_ids": row, "attention_mask": np.ones_like(row)})
        peaks = {name: np.maximum(peaks[name], np.abs(one[0]).max(0)) for name, one in zip(names, seen, strict=True)}
    return peaks


class _Rewriting:
    """Replaces the products of a graph, in place; weights that are no longer referred to leave it."""

    def __init__(self, graph: Any, folder: Path, peaks: Peaks, constants: BinaryIO, name: str) -> None:
        self._graph = graph
        self._folder = folder
        self._peaks = peaks
        self._kept = {tensor.name: tensor for tensor in graph.initializer}
        self._new = Graph(constants, name, prefix="eight_bit")

    def run(self) -> None:
        ways = {"Attention": self._attention, "MatMul": self._product, "SkipLayerNormalization": self._norm}
        for node in list(self._graph.node):
            if node.op_type in ways:
                ways[node.op_type](node)
            else:
                self._new.nodes.append(node)
        del self._graph.node[:]
        self._graph.node.extend(self._new.nodes)
        used = {name for node in self._new.nodes for name in node.input}
        del self._graph.initializer[:]
        self._graph.initializer.extend(tensor for name, tensor in self._kept.items() if name in used)
        self._graph.initializer.extend(self._new.constants)

    def _attention(self, node: Any) -> None:
        """Its product apart from the rest, which stays in full precision."""
        x, weight, bias, mask = node.input
        (heads,) = (attribute.i for attribute in node.attribute if attribute.name == "num_heads")
        product = self._smoothed(x, self._values(weight))
        parts = self._new.split(product, 3)
        self._new.add(
            "MultiHeadAttention", *parts, bias, mask, domain=FUSED, output=node.output[0], num_heads=heads
        )  # fmt: skip

    def _product(self, node: Any) -> None:
        x, weight = node.input
        values = self._values(weight)
        way = self._in_blocks if values.shape[0] > values.shape[1] else self._smoothed
        way(x, values, output=node.output[0])

    def _norm(self, node: Any) -> None:
        """In single steps: of these, ONNX Runtime has the faster ones."""
        x, y, scale, shift, bias = node.input
        (epsilon,) = (attribute.f for attribute in node.attribute if attribute.name == "epsilon")
        total = self._new.add("Add", x, self._new.add("Add", y, bias))
        self._new.add("LayerNormalization", total, scale, shift, output=node.output[0], axis=-1, epsilon=epsilon)

    def _smoothed(self, x: str, weight: Array, output: str = "") -> str:
        """`weight` has the shape (in, out)."""
        smooth = _smoothing(self._peaks[x], weight)
        moved = weight * smooth[:, None]
        scales = _scales(moved, axis=0)
        values = np.rint(moved / scales).astype(np.int8)
        x = self._new.add("Mul", x, self._new.constant(1 / smooth))
        inputs = x, self._new.constant(values), self._new.constant(scales[0])
        return self._new.add("DynamicQuantizeMatMul", *inputs, domain=FUSED, output=output)

    def _in_blocks(self, x: str, weight: Array, output: str = "") -> str:
        rows, columns = weight.shape
        blocks = weight.T.reshape(columns, rows // BLOCK, BLOCK)
        scales = _scales(blocks, axis=2)
        values = np.rint(blocks / scales).astype(np.int8).view(np.uint8) ^ 128
        inputs = x, self._new.constant(values), self._new.constant(scales[..., 0])
        return self._new.add(
            "MatMulNBits", *inputs, domain=FUSED, output=output,
            K=rows, N=columns, bits=8, block_size=BLOCK, accuracy_level=4,
        )  # fmt: skip

    def _values(self, name: str) -> Array:
        from onnx import numpy_helper

        values: Array = numpy_helper.to_array(self._kept[name], str(self._folder))
        return values


def _scales(weight: Array, *, axis: int) -> Array:
    """What the steps between 8-bit numbers are worth along `axis`, which stays with a length of 1."""
    scales: Array = np.maximum(np.abs(weight).max(axis, keepdims=True), TINY) / np.float32(LEVELS)
    return scales


def _smoothing(peaks: Array, weight: Array) -> Array:
    """What each column of the activations is divided by, and each row of `weight` multiplied with."""
    factors = np.maximum(peaks, TINY) ** MOVED / np.maximum(np.abs(weight).max(1), TINY) ** (1 - MOVED)
    smoothing: Array = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    return smoothing
