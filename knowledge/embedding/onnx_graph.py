"""A BERT sentence encoder as an ONNX file, written once from the same weights.

The graph is written node by node rather than traced, so that making it needs no PyTorch, and in the
fused operators of ONNX Runtime (domain com.microsoft), so that loading it needs no optimiser.
Mean pooling and normalisation follow Reimers and Gurevych 2019 (Sentence-BERT), section 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from knowledge.embedding.bert import Affine, BertLayer, BertWeights, load_bert
from knowledge.errors import StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FUSED = "com.microsoft"
OPSET = 17
IR_VERSION = 10
REVISION = 3
PAGE = 4096
LARGE = 1024


def onnx_file(folder: Path, weights: str, *, cache_dir: Path) -> Path:
    """The ONNX file of the model in `folder` whose weights hash to `weights`; made when it is missing."""
    target = cache_dir / weights / f"encoder-{REVISION}.onnx"

    def write() -> None:
        _write(load_bert(folder), target)
        _forget_earlier(target.parent)

    return made_once(target, write)


def made_once(target: Path, write: Callable[[], None]) -> Path:
    """`target`, which `write` makes where it is missing, in one process and thread at a time."""
    if target.is_file():
        return target
    from filelock import FileLock  # only when there is something to make

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Freed by the system when its holder is killed: the next process starts the file afresh.
        with FileLock(target.with_suffix(".lock")):
            if not target.is_file():
                write()
    except OSError as error:
        raise StorageError(
            f"The embedding model cannot be kept in {target.parent} ({error.strerror or error}):",
            hint="make room or choose another cache folder.",
        ) from error
    return target


def _write(bert: BertWeights, target: Path) -> None:
    """Constants first: once the graph has its name, all that it refers to is there."""
    constants = target.with_suffix(".bin")
    with replacing(constants) as file:
        graph = build(bert, file, constants.name)
    with replacing(target) as file:
        file.write(graph)


def _forget_earlier(folder: Path) -> None:
    """Removes the files of earlier revisions, each as large as the model; an earlier Refdesk makes its own again."""
    for revision in range(1, REVISION):
        for pattern in (f"encoder-{revision}.*", f"encoder-{revision}-eight-bit-*"):
            for file in folder.glob(pattern):
                with suppress(OSError):
                    file.unlink()


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the name `target` when it is complete and on the disk."""
    part = target.with_name(f"{target.name}.part")
    with part.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def build(bert: BertWeights, constants: BinaryIO, name: str) -> bytes:
    """The model: `input_ids` and `attention_mask`, int64 of shape (batch, tokens), to unit `vector`s and
    the `states` of tokens.

    Large constants go to the file `constants`, which the graph knows by its `name`.
    """
    from onnx import TensorProto, helper

    graph = Graph(constants, name)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    x = _embedded(graph, bert)
    for layer in bert.layers():
        x = _block(graph, layer, x, mask, bert)
    x = graph.add("Identity", x, output="states")
    _pooled(graph, x)
    return graph.serialised(
        inputs=[
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        outputs=[
            helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", bert.hidden]),
            helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "tokens", bert.hidden]),
        ],
    )


def _embedded(graph: Graph, bert: BertWeights) -> str:
    import numpy as np

    zero = graph.constant(np.array([0], np.int64))
    words = graph.add("Gather", graph.constant(bert.words), "input_ids")
    length = graph.add("Shape", "input_ids", start=1, end=2)
    positions = graph.add("Slice", graph.constant(bert.positions), zero, length, zero)
    norm = graph.affine(bert.embedding_norm)
    return graph.add("LayerNormalization", graph.add("Add", words, positions), *norm, axis=-1, epsilon=bert.epsilon)


def _block(graph: Graph, layer: BertLayer, x: str, mask: str, bert: BertWeights) -> str:
    heads = graph.add("Attention", x, *graph.matrix(layer.qkv), mask, domain=FUSED, num_heads=bert.heads)
    x = _added(graph, x, heads, layer.out, layer.attention_norm, bert.epsilon)
    weight, bias = graph.matrix(layer.up)
    inner = graph.add("BiasGelu", graph.add("MatMul", x, weight), bias, domain=FUSED)
    return _added(graph, x, inner, layer.down, layer.output_norm, bert.epsilon)


def _added(graph: Graph, x: str, inner: str, dense: Affine, norm: Affine, epsilon: float) -> str:
    weight, bias = graph.matrix(dense)
    product = graph.add("MatMul", inner, weight)
    return graph.add("SkipLayerNormalization", x, product, *graph.affine(norm), bias, domain=FUSED, epsilon=epsilon)


def _pooled(graph: Graph, x: str) -> None:
    import numpy as np
    from onnx import TensorProto

    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    column = graph.add("Unsqueeze", mask, graph.constant(np.array([2], np.int64)))
    # The sum has the direction of the mean, and only that remains after normalisation.
    axis = graph.constant(np.array([1], np.int64))
    total = graph.add("ReduceSum", graph.add("Mul", x, column), axis, keepdims=0)
    graph.add("LpNormalization", total, output="vector", axis=1, p=2)


class Graph:
    """Nodes and constants in the making.

    Large constants stand in a file beside the graph, which ONNX Runtime maps into memory: that loads three
    times as fast as one file, and the word table is read only where a word is looked up.
    """

    def __init__(self, file: BinaryIO, file_name: str, *, prefix: str = "") -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._file = file
        self._file_name = file_name
        self._prefix = prefix

    def constant(self, array: NDArray[Any]) -> str:
        import numpy as np
        from onnx import numpy_helper

        name = f"{self._prefix}constant_{len(self.constants)}"
        dense = np.ascontiguousarray(array)
        self.constants.append(
            self._outside(dense, name) if dense.nbytes > LARGE else numpy_helper.from_array(dense, name)
        )
        return name

    def _outside(self, array: NDArray[Any], name: str) -> Any:
        from onnx import TensorProto, helper

        self._file.write(bytes(-self._file.tell() % PAGE))
        place = {"location": self._file_name, "offset": str(self._file.tell()), "length": str(array.nbytes)}
        self._file.write(array.data)
        tensor = TensorProto(name=name, dims=array.shape, data_location=TensorProto.EXTERNAL)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        for key, value in place.items():
            tensor.external_data.add(key=key, value=value)
        return tensor

    def affine(self, values: Affine) -> tuple[str, str]:
        return self.constant(values.weight), self.constant(values.bias)

    def matrix(self, dense: Affine) -> tuple[str, str]:
        return self.constant(dense.weight.T), self.constant(dense.bias)

    def add(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = output or f"{self._prefix}{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def split(self, x: str, parts: int) -> list[str]:
        """`x` cut along its last axis, of three; needs opset 18."""
        from onnx import helper

        name = f"{self._prefix}Split_{len(self.nodes)}"
        outputs = [f"{name}_{part}" for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], outputs, name=name, axis=2, num_outputs=parts))
        return outputs

    def serialised(self, *, inputs: list[Any], outputs: list[Any]) -> bytes:
        from onnx import helper

        graph = helper.make_graph(self.nodes, "encoder", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
        return data
