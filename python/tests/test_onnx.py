"""ONNX graphs, made here node by node."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier

from ppdl import ModelError
from ppdl.models import from_onnx, from_sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(5)


def save(tmp_path, nodes, constants, shape, output=None):
    """Nodes (type, constants' names, attributes) in a chain from "x"."""
    made, value = [], "x"
    for i, (kind, names, attributes) in enumerate(nodes):
        last = f"v{i}"
        inputs = [value if n == "." else n for n in names] if "." in names else [value, *names]
        made.append(helper.make_node(kind, inputs, [last], name=f"{kind.lower()}_{i}", **attributes))
        value = last
    graph = helper.make_graph(
        made,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info(output or value, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph), str(path))
    return path


def rows(n, width):
    return RNG.uniform(-1, 1, (n, width))


def test_dense_network_of_scikit_learn(tmp_path) -> None:
    x = rows(200, 5)
    e = MLPClassifier((6, 4), activation="tanh", max_iter=20, random_state=1).fit(x, np.digitize(x[:, 0], [-0.3, 0.3]))
    (w0, w1, w2), (b0, b1, b2) = e.coefs_, e.intercepts_
    path = save(
        tmp_path,
        [
            ("Gemm", ["w0", "b0"], {"transB": 1, "alpha": 2.0}),
            ("Tanh", [], {}),
            ("MatMul", ["w1"], {}),
            ("Add", ["b1", "."], {}),
            ("Tanh", [], {}),
            ("Gemm", ["w2", "b2"], {}),
            ("Softmax", [], {"axis": 1}),
        ],
        {"w0": w0.T / 2, "b0": b0, "w1": w1, "b1": b1, "w2": w2, "b2": b2},
        [5],
    )
    model = from_onnx(path, x, degree=5, classes=e.classes_.tolist())
    same = from_sklearn(e, x, degree=5)
    np.testing.assert_allclose(model.predict(x), same.predict(x), atol=1e-6)
    np.testing.assert_allclose(model.answer.probabilities(model.original(x)), e.predict_proba(x), atol=1e-6)
    assert model.levels == same.levels


def test_scaling_before_between_and_after(tmp_path) -> None:
    x = rows(50, 4)
    w, v = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2))
    mean, std, gain = RNG.normal(size=4), RNG.uniform(0.5, 2, 4), RNG.normal(size=3)
    path = save(
        tmp_path,
        [
            ("Sub", ["mean"], {}),
            ("Div", ["std"], {}),
            ("MatMul", ["w"], {}),
            ("Mul", ["gain"], {}),
            ("BatchNormalization", ["gamma", "beta", "mu", "var"], {"epsilon": 0.01}),
            ("Relu", [], {}),
            ("Dropout", [], {}),
            ("Cast", [], {"to": TensorProto.DOUBLE}),
            ("Mul", ["two"], {}),
            ("MatMul", ["v"], {}),
            ("Sub", ["one", "."], {}),
        ],
        {
            "mean": mean, "std": std, "w": w, "gain": gain, "v": v, "two": np.array(2.0), "one": np.array([1.0, 2.0]),
            "gamma": gain, "beta": gain, "mu": gain, "var": gain**2,
        },
        [4],
    )  # fmt: skip
    z = ((x - mean) / std) @ w * gain
    z = (z - gain) / np.sqrt(gain**2 + 0.01) * gain + gain
    expected = [1, 2] - 2 * np.maximum(z, 0) @ v
    model = from_onnx(path, x)
    np.testing.assert_allclose(model.original(x) * model.answer.scale, expected, atol=1e-6)
    assert len(model.layers) == 2


def test_pictures(tmp_path) -> None:
    x = rows(20, 2 * 8 * 8)
    filters, bias, w = RNG.normal(0, 0.3, (3, 2, 3, 3)), RNG.normal(size=3), RNG.normal(0, 0.3, (12, 2))
    path = save(
        tmp_path,
        [
            ("Mul", ["half"], {}),
            ("Conv", ["f", "b"], {"strides": [1, 1], "kernel_shape": [3, 3]}),
            ("Relu", [], {}),
            ("AveragePool", [], {"kernel_shape": [3, 3], "strides": [3, 3]}),
            ("Flatten", [], {}),
            ("Gemm", ["w"], {}),
            ("Sigmoid", [], {}),
        ],
        {"f": filters, "b": bias, "w": w, "half": np.array(0.5)},
        [2, 8, 8],
    )
    images = x.reshape(20, 2, 8, 8) / 2
    z = np.zeros((20, 3, 6, 6))
    for i in range(6):
        for j in range(6):
            z[:, :, i, j] = np.einsum("ncyx,fcyx->nf", images[:, :, i : i + 3, j : j + 3], filters) + bias
    pooled = np.maximum(z, 0).reshape(20, 3, 2, 3, 2, 3).mean(axis=(3, 5)).reshape(20, 12)
    model = from_onnx(path, x)
    np.testing.assert_allclose(model.original(x) * model.answer.scale, pooled @ w, atol=1e-6)
    np.testing.assert_allclose(model.answer.probabilities(model.original(x)), 1 / (1 + np.exp(-pooled @ w)), atol=1e-6)
    assert model.shape == (2, 8, 8) and [type(v).__name__ for v in model.layers] == ["Conv2d", "Pool", "Dense"]


def test_sigmoid_between_layers_and_at_the_end(tmp_path) -> None:
    w = {"a": RNG.normal(size=(3, 3)), "b": RNG.normal(size=(3, 1))}
    path = save(
        tmp_path, [("MatMul", ["a"], {}), ("Sigmoid", [], {}), ("MatMul", ["b"], {}), ("Sigmoid", [], {})], w, [3]
    )
    model = from_onnx(path, rows(50, 3), classes=["no", "yes"])
    assert [v.activation.name for v in model.layers] == ["sigmoid", "identity"]
    assert set(model.answer(model.predict(rows(50, 3)))) <= {"no", "yes"}
    assert model.answer.probabilities(model.predict(rows(5, 3))).shape == (5, 2)


SQUARE = {"a": np.eye(4), "f": np.ones((1, 1, 2, 2)), "zero": np.array([1.0, 0.0, 1.0, 1.0]), "to": np.array([2, 2])}


@pytest.mark.parametrize(
    "nodes, shape, message",
    [
        ([("MatMul", ["a"], {}), ("Elu", [], {})], [4], r'"elu_1" \(Elu\) has no place'),
        ([("Conv", ["f"], {"pads": [1, 1, 1, 1]})], [1, 4, 4], r'"conv_0" \(Conv\) pads'),
        ([("Conv", ["f"], {"auto_pad": "SAME_UPPER"})], [1, 4, 4], "pads"),
        ([("Conv", ["f"], {"dilations": [2, 2]})], [1, 4, 4], "dilations"),
        ([("Conv", ["f"], {"strides": [1, 2]})], [1, 4, 4], "square"),
        ([("MaxPool", [], {"kernel_shape": [2, 2]})], [1, 4, 4], r'"maxpool_0" \(MaxPool\)'),
        ([("MatMul", ["a"], {})], [3], "takes 4 values, those before it are 3"),
        ([("MatMul", ["a"], {}), ("Add", ["x"], {})], [4], "combines|plain chain|values of the network"),
        ([("MatMul", ["a"], {}), ("Softmax", [], {}), ("Relu", [], {})], [4], "follows the Softmax"),
        ([("MatMul", ["a"], {}), ("Div", ["zero"], {})], [4], "divides by 0"),
        ([("MatMul", ["a"], {}), ("Div", ["zero", "."], {})], [4], "no polynomial"),
        ([("Reshape", ["to"], {})], [4], r"to \[2, 2\] does not keep rows"),
        ([("MatMul", ["a"], {}), ("Relu", ["nothing"], {})], [4], "combines"),
        ([("Relu", [], {})], [1, 2, 2], "no layer before it"),
        ([("MatMul", ["."], {})], [4], "must be a constant"),
        ([("Identity", [], {})], [4], "no layer"),
        ([("MatMul", ["a"], {}), ("Cast", [], {"to": TensorProto.INT64})], [4], r'"cast_1" \(Cast\) cuts values'),
        ([("MatMul", ["a"], {})], [4, 4], "3 dimensions"),
    ],
)
def test_what_has_no_place_is_named(tmp_path, nodes, shape, message) -> None:
    with pytest.raises(ModelError, match=message):
        from_onnx(save(tmp_path, nodes, SQUARE, shape), rows(10, int(np.prod(shape))))


def test_graphs_that_are_no_models(tmp_path) -> None:
    path = save(tmp_path, [("MatMul", ["a"], {}), ("Relu", [], {})], SQUARE, [4], output="v0")
    with pytest.raises(ModelError, match="the graph gives v0"):
        from_onnx(path, rows(10, 4))
    with pytest.raises(ModelError, match="3 classes for 4 outputs"):
        from_onnx(save(tmp_path, [("MatMul", ["a"], {})], SQUARE, [4]), classes="abc")
