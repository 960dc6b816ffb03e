"""Models in ONNX files: a chain of nodes becomes layers, each node by a small function of its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from ..errors import ModelError
from .activation import Activation, Array
from .answer import Answer
from .fitting import Degree, Intervals, Options, build
from .layers import MAX_UNITS, Conv2d, Dense, Layer, Pool, Shape
from .model import Model

_IDENTITY = Activation.exact("identity")


def from_onnx(
    path: str | Path,
    X: Any = None,
    *,
    degree: Degree = 3,
    margin: float = 0.1,
    intervals: Intervals | None = None,
    classes: Sequence[Any] = (),
    name: str = "model",
) -> Model:
    """The network of an ONNX file, for rows as they are encrypted; the options are those of from_sklearn.

    Nodes: Gemm, MatMul, Add, Sub, Mul, Div with constants, BatchNormalization, Relu, Sigmoid, Tanh; Conv without
    padding, AveragePool, GlobalAveragePool; Flatten, Reshape, Squeeze, Identity, Dropout and Cast (to floating point) do
    nothing. A
    Sigmoid or Softmax at the end is the owner's, after decryption: `Model.answer`. Anything else is an error that
    names the node.

    classes: names for the outputs of a classifier, of which the largest wins; two for a single output.
    """
    import onnx

    model = onnx.load(str(path))
    chain = _Chain(model.graph)
    for node in model.graph.node:
        chain.take(node)
    chain.finish()
    answer = Answer(chain.answer if chain.answer != "value" or not classes else "scores", 1.0, tuple(classes))
    outputs = chain.layers[-1].units if chain.layers else 0
    if classes and len(classes) != (outputs if outputs > 1 else 2):
        raise ModelError(f"{len(classes)} classes for {outputs} output{'s' if outputs != 1 else ''}")
    return build(chain.layers, chain.functions, X, Options(degree, margin, intervals), answer, name)


class _Chain:
    """The layers so far, and the shape of what they give: (values,) or (channels, height, width)."""

    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self.constants: dict[str, Any] = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        inputs = [i for i in graph.input if i.name not in self.constants]
        if len(inputs) != 1:
            raise ModelError(
                f"the graph has {len(inputs)} inputs ({', '.join(i.name for i in inputs)}), a model has one"
            )
        self.value: str = inputs[0].name
        self.outputs = [o.name for o in graph.output]
        self.shape = _input_shape(inputs[0])
        self.layers: list[Layer] = []
        self.functions: list[str] = []
        self.answer = "value"
        self.ended_by = ""
        self.factor: Array | None = None  # of values that no layer has taken yet: factor * x + shift
        self.shift: Array = np.zeros(0)

    def take(self, node: Any) -> None:
        if node.op_type == "Constant":
            self.constants[node.output[0]] = _attribute(node, "value")
            return
        inputs = [i for i in node.input if i]
        if inputs and all(i in self.constants for i in inputs) and node.op_type == "Identity":
            self.constants[node.output[0]] = self.constants[inputs[0]]
            return
        if self.ended_by:
            raise _bad(node, f"follows the {self.ended_by} that the owner computes after decryption")
        if self.value not in inputs:
            raise _bad(
                node, f'does not take "{self.value}", what the nodes before it give: only a plain chain is a network'
            )
        if any(i != self.value and i not in self.constants for i in inputs) or inputs.count(self.value) != 1:
            raise _bad(
                node, "combines values of the network with each other, for which the network format has no place"
            )
        if node.op_type not in _NODES:
            raise _bad(node, "has no place in a network of polynomials", _HINTS.get(node.op_type, ""))
        _NODES[node.op_type](self, node)
        self.value = node.output[0]

    def finish(self) -> None:
        if self.outputs != [self.value]:
            raise ModelError(
                f'the graph gives {", ".join(self.outputs)}; a model gives one output, the last node\'s "{self.value}"'
            )
        self.settle()
        if not self.layers:
            raise ModelError("the graph has no layer")

    # ---- what nodes do

    def constant(self, node: Any, index: int) -> Array:
        if index >= len(node.input) or node.input[index] not in self.constants:
            raise _bad(node, f"input {index} must be a constant of the file")
        return np.asarray(self.constants[node.input[index]], dtype=np.float64)

    def values(self) -> int:
        return int(np.prod(self.shape))

    def flat(self, node: Any, expected: int) -> None:
        if self.shape == ():  # the file leaves it open
            self.shape = (expected,)
        if len(self.shape) != 1 and not (self.shape[1:] == (1, 1)):
            raise _bad(node, f"takes an image of {self.shape}: a Flatten or Reshape is missing before it")
        if self.values() != expected:
            raise _bad(node, f"takes {expected} values, those before it are {self.values()}")

    def add(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.functions.append("identity")
        self.shape = (layer.units,) if isinstance(layer, Dense) else layer.out

    def dense(self, node: Any, weights: Array, bias: Array) -> None:
        self.flat(node, weights.shape[1])
        if self.factor is not None:
            bias = bias + weights @ self.shift
            weights = weights * self.factor
            self.factor = None
        self.add(Dense(weights, bias, _IDENTITY))

    def affine(self, node: Any, factor: Array, shift: Array) -> None:
        """factor * x + shift; both of the values' shape, or broadcast to it."""
        if self.shape == ():
            raise _bad(node, "comes before the file says how many values a row has: give its input a shape")
        try:
            f = np.broadcast_to(factor, (1, *self.shape)).reshape(self.shape)
            s = np.broadcast_to(shift, (1, *self.shape)).reshape(self.shape)
        except ValueError:
            raise _bad(node, f"has a constant of {np.shape(factor + shift)} for values of {self.shape}") from None
        last = self.layers[-1] if self.layers and self.functions[-1] == "identity" and self.factor is None else None
        if isinstance(last, Dense):
            self.layers[-1] = Dense(last.weights * f.reshape(-1, 1), last.bias * f.ravel() + s.ravel(), _IDENTITY)
        elif isinstance(last, Conv2d):
            a, b = _by_channel(node, f), _by_channel(node, s)
            self.layers[-1] = Conv2d(
                last.weights * a[:, None, None, None], last.bias * a + b, last.stride, last.shape, _IDENTITY
            )
        elif self.factor is not None:
            self.factor, self.shift = self.factor * f.ravel(), self.shift * f.ravel() + s.ravel()
        else:
            self.factor, self.shift = f.ravel().copy(), s.ravel().copy()

    def settle(self) -> None:
        """A factor and shift that no later layer takes becomes a layer."""
        if self.factor is not None:
            self.layers.append(Dense(np.diag(self.factor), self.shift, _IDENTITY))
            self.functions.append("identity")
            self.factor = None

    def activation(self, node: Any, function: str) -> None:
        image = len(self.shape) == 3
        if self.factor is not None and image:
            raise _bad(node, "follows a scaling of an image that no convolution has taken")
        self.settle()
        if not self.layers or self.functions[-1] != "identity":
            if image or not 0 < self.values() <= MAX_UNITS:
                raise _bad(node, "has no layer before it")
            self.add(Dense(np.eye(self.values()), np.zeros(self.values()), _IDENTITY))
        self.functions[-1] = function


def _name(node: Any) -> str:
    return f'node "{node.name or node.output[0]}" ({node.op_type})'


def _bad(node: Any, what: str, hint: str = "") -> ModelError:
    return ModelError(f"{_name(node)} {what}", hint=hint)


def _attribute(node: Any, name: str, default: Any = None) -> Any:
    from onnx import helper, numpy_helper

    for a in node.attribute:
        if a.name == name:
            v = helper.get_attribute_value(a)
            if a.type == a.TENSOR:
                return numpy_helper.to_array(v)
            return v.decode() if isinstance(v, bytes) else v
    return default


def _input_shape(value: Any) -> tuple[int, ...]:
    dims = [d.dim_value for d in value.type.tensor_type.shape.dim][1:]
    if len(dims) not in (1, 3):
        raise ModelError(
            f'input "{value.name}" has {len(dims) + 1} dimensions: '
            "a model takes rows x values or rows x channels x height x width"
        )
    if len(dims) == 1 and dims[0] == 0:
        return ()
    if 0 in dims:
        raise ModelError(f'input "{value.name}": channels, height and width must be given, they are {dims}')
    return tuple(dims)


def _by_channel(node: Any, v: Array) -> Array:
    first = v[:, :1, :1]
    if not np.all(v == first):
        raise _bad(node, "differs from place to place of an image: a convolution has one bias a filter")
    return np.asarray(first[:, 0, 0])


def _gemm(c: _Chain, node: Any) -> None:
    if node.input[0] in c.constants or _attribute(node, "transA", 0):
        raise _bad(node, "must have the values first, as they are")
    b = c.constant(node, 1)
    if b.ndim != 2:
        raise _bad(node, f"has weights of {b.shape}, a matrix is expected")
    weights = (b if _attribute(node, "transB", 0) else b.T) * _attribute(node, "alpha", 1.0)
    bias = np.zeros(len(weights))
    if len(node.input) > 2 and node.input[2]:
        bias = np.broadcast_to(c.constant(node, 2), (1, len(weights)))[0] * _attribute(node, "beta", 1.0)
    c.dense(node, weights, bias)


def _matmul(c: _Chain, node: Any) -> None:
    if node.input[0] in c.constants:
        raise _bad(node, "must have the values first")
    b = c.constant(node, 1)
    if b.ndim != 2:
        raise _bad(node, f"has weights of {b.shape}, a matrix is expected")
    c.dense(node, b.T, np.zeros(b.shape[1]))


def _constant_of(c: _Chain, node: Any) -> tuple[Array, bool]:
    """The constant of two inputs, and is it the second?"""
    second = node.input[0] == c.value
    return c.constant(node, 1 if second else 0), second


def _add(c: _Chain, node: Any) -> None:
    v, _ = _constant_of(c, node)
    c.affine(node, np.ones(1), v)


def _sub(c: _Chain, node: Any) -> None:
    v, second = _constant_of(c, node)
    c.affine(node, np.ones(1) if second else -np.ones(1), -v if second else v)


def _mul(c: _Chain, node: Any) -> None:
    v, _ = _constant_of(c, node)
    c.affine(node, v, np.zeros(1))


def _div(c: _Chain, node: Any) -> None:
    v, second = _constant_of(c, node)
    if not second:
        raise _bad(node, "divides by values of the network, which is no polynomial")
    if np.any(v == 0):
        raise _bad(node, "divides by 0")
    c.affine(node, 1 / v, np.zeros(1))


def _batch_normalization(c: _Chain, node: Any) -> None:
    gamma, beta, mean, variance = (c.constant(node, i) for i in range(1, 5))
    factor = gamma / np.sqrt(variance + _attribute(node, "epsilon", 1e-5))
    shift = beta - mean * factor
    if len(c.shape) == 3:
        factor, shift = factor[:, None, None], shift[:, None, None]
    c.affine(node, factor, shift)


def _window(c: _Chain, node: Any, kernel: Sequence[int]) -> tuple[Shape, int, int]:
    """Shape before it, size and stride of a window that the network format has."""
    if len(c.shape) != 3:
        raise _bad(node, "takes an image, the values before it are none")
    strides = _attribute(node, "strides", [1] * len(kernel))
    if len(kernel) != 2 or kernel[0] != kernel[1] or len(set(strides)) != 1:
        raise _bad(node, f"has windows of {list(kernel)} with strides {list(strides)}: both must be square")
    if any(_attribute(node, "pads", [])) or _attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise _bad(
            node, "pads its input: networks have no padding", "Crop or pad the pictures before they are encoded."
        )
    if any(d != 1 for d in _attribute(node, "dilations", [])) or _attribute(node, "ceil_mode", 0):
        raise _bad(node, "has dilations or ceil_mode, for which the network format has no place")
    shape: Shape = (c.shape[0], c.shape[1], c.shape[2])
    return shape, int(kernel[0]), int(strides[0])


def _conv(c: _Chain, node: Any) -> None:
    w = c.constant(node, 1)
    if any(isinstance(layer, Dense) for layer in c.layers):
        raise _bad(node, "follows a dense layer, whose units are no image")
    if _attribute(node, "group", 1) != 1:
        raise _bad(node, "has groups: each filter must see all channels")
    shape, _, stride = _window(c, node, w.shape[2:])
    if w.shape[1] != shape[0]:
        raise _bad(node, f"takes {w.shape[1]} channels, the image before it has {shape[0]}")
    bias = c.constant(node, 2) if len(node.input) > 2 and node.input[2] else np.zeros(len(w))
    if c.factor is not None:
        f, s = (_by_channel(node, v.reshape(shape)) for v in (c.factor, c.shift))
        bias = bias + (w * s[None, :, None, None]).sum(axis=(1, 2, 3))
        w = w * f[None, :, None, None]
        c.factor = None
    c.add(Conv2d(w, bias, stride, shape, _IDENTITY))


def _pool(c: _Chain, node: Any) -> None:
    if any(isinstance(layer, Dense) for layer in c.layers):
        raise _bad(node, "follows a dense layer, whose units are no image")
    if c.factor is not None:
        raise _bad(node, "follows a scaling of an image that no convolution has taken")
    if node.op_type == "GlobalAveragePool":
        if len(c.shape) != 3 or c.shape[1] != c.shape[2]:
            raise _bad(node, f"takes square images, the values before it are {c.shape}")
        shape, size, stride = (c.shape[0], c.shape[1], c.shape[2]), c.shape[1], c.shape[1]
    else:
        shape, size, stride = _window(c, node, _attribute(node, "kernel_shape"))
    c.add(Pool(size, stride, shape, _IDENTITY))


def _reshape(c: _Chain, node: Any) -> None:
    """Rows stay rows: only how a row's values are laid out may change."""
    if node.op_type == "Flatten" and _attribute(node, "axis", 1) != 1:
        raise _bad(node, "must have axis 1: rows stay rows")
    if c.shape == ():
        return
    target = [0, -1]
    if node.op_type == "Reshape":
        target = [int(v) for v in c.constant(node, 1)]
    n = c.values()
    rest = [c.shape[i] if v == 0 and i < len(c.shape) else v for i, v in enumerate(target[1:])]
    if rest.count(-1) == 1 and target[0] != -1:
        rest[rest.index(-1)] = n // max(1, -math.prod(rest))
    if len(target) < 2 or -1 in rest or math.prod(rest) != n or target[0] not in (0, -1, 1):
        raise _bad(node, f"to {target} does not keep rows of {n} values")
    if len(rest) not in (1, 3):
        raise _bad(node, f"to {target}: rows are values or channels x height x width")
    c.shape = tuple(rest)


def _nothing(c: _Chain, node: Any) -> None:
    if node.op_type == "Squeeze" and len(c.shape) == 3:
        if c.shape[1:] != (1, 1):
            raise _bad(node, f"of values of {c.shape}")
        c.shape = c.shape[:1]


def _cast(c: _Chain, node: Any) -> None:
    from onnx import TensorProto

    kinds = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    if _attribute(node, "to") not in kinds:
        raise _bad(node, "cuts values to whole numbers or less, which is no polynomial")


def _function(name: str) -> Callable[[_Chain, Any], None]:
    return lambda c, node: c.activation(node, name)


def _ends(kind: str) -> Callable[[_Chain, Any], None]:
    def end(c: _Chain, node: Any) -> None:
        c.answer, c.ended_by = kind, node.op_type

    return end


def _sigmoid(c: _Chain, node: Any) -> None:
    """At the end the owner computes it; before other nodes it is an activation."""
    if node.output[0] in c.outputs:
        _ends("logistic")(c, node)
    else:
        c.activation(node, "sigmoid")


_NODES: dict[str, Callable[[_Chain, Any], None]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "BatchNormalization": _batch_normalization,
    "Conv": _conv,
    "AveragePool": _pool,
    "GlobalAveragePool": _pool,
    "Relu": _function("relu"),
    "Tanh": _function("tanh"),
    "Sigmoid": _sigmoid,
    "Softmax": _ends("softmax"),
    "Flatten": _reshape,
    "Reshape": _reshape,
    "Squeeze": _nothing,
    "Identity": _nothing,
    "Dropout": _nothing,
    "Cast": _cast,
}

_HINTS = {
    "MaxPool": "The largest of several values is no polynomial: train with AveragePool.",
    "LeakyRelu": "Train with Relu, Tanh or Sigmoid.",
    "Elu": "Train with Relu, Tanh or Sigmoid.",
    "ArgMax": "Cut the graph before it: classes are chosen after decryption (classes=...).",
    "ZipMap": "Export with zipmap=False, and cut the graph after the scores.",
}
