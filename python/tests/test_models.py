"""Networks of polynomials: activations, scikit-learn's estimators, depth, errors."""

from __future__ import annotations

import json
from ctypes import byref

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ppdl import ModelError, _library as c
from ppdl.models import Activation, Answer, Conv2d, Dense, Model, Pool, from_sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
IDENTITY = Activation.exact("identity")
SHAPES = [
    ("square", 0, None),
    ("quadratic", 0, None),
    ("relu", 3, (-4.0, 4.0)),
    ("relu", 7, (-1.0, 5.0)),
    ("sigmoid", 3, (-6.0, 5.0)),
    ("tanh", 15, (-3.0, 3.0)),
    ("silu", 5, (-4.0, 2.0)),
]


def activation(name: str, degree: int, interval: tuple[float, float] | None) -> Activation:
    return Activation.exact(name) if interval is None else Activation.fit(name, degree, *interval)


def rows(n: int, width: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (n, width))


def network(model: Model) -> c.Handle:
    """The same network as the library reads it."""
    spec = json.dumps(model.spec()).encode()
    handle = c.Handle("ppdl_network_parse", "ppdl_network_free", spec, len(spec))
    weights = np.ascontiguousarray(model.weights())
    c.call("ppdl_network_set_weights", handle.address, c.address(weights), len(weights))
    return handle


def agrees_with_library(model: Model, x: np.ndarray) -> None:
    """Predictions and levels are those of the server's own code, to rounding."""
    handle = network(model)
    info = c.NetworkInfo()
    c.call("ppdl_network_describe", handle.address, byref(info))
    assert (info.inputs, info.outputs, info.trained) == (model.inputs, model.outputs, 1)
    assert info.levels == model.levels
    out = np.empty((len(x), model.outputs))
    x = np.ascontiguousarray(x)
    c.call("ppdl_network_predict", handle.address, c.address(x), len(x), c.address(out))
    np.testing.assert_allclose(out, model.predict(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name, degree, interval", SHAPES)
def test_activation_is_the_servers_polynomial(name, degree, interval) -> None:
    a = activation(name, degree, interval)
    handle = network(Model((Dense(np.eye(2), np.zeros(2), a),)))
    z = np.linspace(-7, 7, 101)
    out = np.empty_like(z)
    c.call("ppdl_network_activate", handle.address, 0, c.address(z), len(z), c.address(out))
    np.testing.assert_allclose(out, a(z), rtol=1e-9, atol=1e-9 * np.abs(out).max())
    assert Activation.from_spec(a.spec()) == a


def test_polynomials_that_are_none() -> None:
    for bad in ([1.0], [1.0, float("nan")], [0.0] * 16 + [1.0]):
        with pytest.raises(ModelError, match="degree 1 to 15"):
            Activation.poly(bad)
    for arguments in (("relu", 16, -1, 1), ("relu", 3, 1, 1), ("relu", 3, -2000, 1), ("gelu", 3, -1, 1)):
        with pytest.raises(ModelError):
            Activation.fit(*arguments)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_are_the_servers(seed: int) -> None:
    print("seed", seed)
    rng = np.random.default_rng(seed)
    width, layers = int(rng.integers(2, 20)), []
    for _ in range(rng.integers(1, 5)):
        units = int(rng.integers(1, 9))
        shape = [("identity", 0, None), ("poly", 0, None), *SHAPES][rng.integers(len(SHAPES) + 2)]
        act = Activation.poly(rng.normal(size=rng.integers(2, 6))) if shape[0] == "poly" else activation(*shape)
        layers.append(Dense(rng.normal(0, 0.3, (units, width)), rng.normal(0, 0.3, units), act))
        width = units
    model = Model(tuple(layers), input_scale=np.array([0.5]))
    agrees_with_library(model, rows(50, model.inputs, seed))
    again = Model.from_json(model.json())
    assert np.array_equal(again.predict(rows(5, model.inputs)), model.predict(rows(5, model.inputs)))


def test_images_are_the_servers() -> None:
    rng = np.random.default_rng(3)
    conv = Conv2d(rng.normal(0, 0.2, (3, 2, 3, 3)), rng.normal(0, 0.2, 3), 2, (2, 9, 8), Activation.exact("quadratic"))
    pool = Pool(2, 1, conv.out, IDENTITY)
    dense = Dense(rng.normal(0, 0.2, (2, pool.units)), np.zeros(2), IDENTITY)
    with pytest.raises(ModelError, match="pools alone"):
        Model((pool,))
    model = Model((conv, pool, dense))
    assert conv.out == (3, 4, 3) and pool.out == (3, 3, 2)
    agrees_with_library(model, rows(20, 144))
    assert np.array_equal(Model.from_json(model.json()).predict(rows(5, 144)), model.predict(rows(5, 144)))


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge(alpha=0.1), Ridge(fit_intercept=False)])
def test_linear_models_are_exact(estimator) -> None:
    x = rows(200, 6)
    y = 400 * x[:, 0] - 30 * x[:, 1] * x[:, 2] + 1000
    e = estimator.fit(x, y)
    model = from_sklearn(e)
    assert model.answer.scale >= 128, "outputs of hundreds do not fit as they are"
    assert np.abs(model.predict(rows(500, 6))).max() <= 8
    np.testing.assert_allclose(model.answer(model.predict(x)), e.predict(x), rtol=1e-12)
    agrees_with_library(model, x)


def test_several_targets() -> None:
    x = rows(100, 5)
    e = Ridge().fit(x, np.column_stack([x @ np.arange(5), x[:, 0]]))
    model = from_sklearn(e)
    np.testing.assert_allclose(model.answer(model.predict(x)), e.predict(x), rtol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", ["auto", "multinomial", "ovr"])
def test_logistic_regression(classes: int, kind: str) -> None:
    x = rows(300, 5)
    y = np.array(["healthy", "ill", "unclear"])[np.digitize(x[:, 0] + 0.3 * x[:, 1], [0.0, 0.5][: classes - 1])]
    e = LogisticRegression(multi_class=kind).fit(x, y)
    model = from_sklearn(e)
    out = model.predict(x)
    assert np.array_equal(model.answer(out), e.predict(x))
    if kind != "ovr" or classes == 2:
        np.testing.assert_allclose(model.answer.probabilities(out), e.predict_proba(x), atol=1e-12)
    else:
        with pytest.raises(ModelError, match="no probabilities"):
            model.answer.probabilities(out)


@pytest.mark.parametrize("function", ["identity", "relu", "tanh", "logistic"])
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_networks(function: str, classes: int) -> None:
    x = rows(300, 6)
    target = x[:, 0] * x[:, 1] + x[:, 2]
    arguments = {"hidden_layer_sizes": (7,), "activation": function, "max_iter": 40, "random_state": 1}
    if classes:
        e = MLPClassifier(**arguments).fit(x, np.digitize(target, [0.0, 0.5][: classes - 1]))
    else:
        e = MLPRegressor(**arguments).fit(x, target)
    model = from_sklearn(e, x, degree=7)
    exact = model.original(x)
    if classes:
        np.testing.assert_allclose(model.answer.probabilities(exact), e.predict_proba(x), atol=1e-9)
    else:
        np.testing.assert_allclose(model.answer(exact), e.predict(x), atol=1e-9)
    report = model.error_on(x)
    worst = np.abs(model.predict(x) - exact).max() * model.answer.scale
    assert report.largest == pytest.approx(worst) and report.rms <= report.largest
    assert len(report.layers) == (0 if function == "identity" else 1)
    for layer in report.layers:
        lo, hi = layer.interval
        assert lo < layer.seen[0] <= layer.seen[1] < hi and layer.outside == 0
        assert 0 < layer.rms <= layer.largest
        grid = np.linspace(lo, hi, 20001)
        act = model.layers[layer.layer - 1].activation
        assert layer.largest <= np.abs(act(grid) - act.original(grid)).max() * 1.01
    assert (report.agreement is None) == (classes == 0)
    assert model.check() == []
    agrees_with_library(model, x)
    text = str(report)
    assert "outputs: largest error" in text and ("same class" in text) == (classes > 0)


def test_higher_degrees_err_less() -> None:
    x = rows(400, 6)
    e = MLPRegressor((12,), activation="tanh", max_iter=60, random_state=1).fit(x, np.sin(3 * x[:, 0]))
    errors = [from_sklearn(e, x, degree=d).error_on(x).rms for d in (3, 7, 13)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_two_hidden_layers_and_their_levels() -> None:
    x = rows(200, 6)
    e = MLPClassifier((8, 5), activation="relu", max_iter=20, random_state=1).fit(x, x[:, 0] > 0)
    shallow = from_sklearn(e, x, degree=2)
    assert (shallow.levels, shallow.check()) == (6, [])
    deep = from_sklearn(e, x, degree=(6, 2))
    assert deep.levels == 8 and "--for train" in deep.check()[0]
    deepest = from_sklearn(e, x, degree=[15, 15])
    assert deepest.levels == 13 and "takes 13 levels" in deepest.check()[0]
    agrees_with_library(deep, x)
    with pytest.raises(ModelError, match="degree has 3 entries for 2"):
        from_sklearn(e, x, degree=(2, 2, 2))


def test_what_is_too_deep_is_refused() -> None:
    layer = Dense(np.eye(4), np.zeros(4), Activation.fit("tanh", 7, -2, 2))
    with pytest.raises(ModelError, match="takes 16 levels, lifted rows have 11"):
        Model((layer,) * 4).check()
    with pytest.raises(ModelError, match="1 inputs: encrypted rows have 2 to 1024"):
        Model((Dense(np.eye(1), np.zeros(1), IDENTITY),)).check()
    assert "has 4 outputs" in Model((Dense(np.eye(4), np.zeros(4), IDENTITY),)).check()[0]


@pytest.mark.parametrize(
    "scaler", [StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False), MinMaxScaler()]
)
def test_scalers_are_folded_in(scaler) -> None:
    x = rows(200, 5) * [1, 0.5, 0.1, 0.9, 1] + [0, 0.3, -0.5, 0, 0]
    y = x @ np.arange(5.0) > 0.2
    e = make_pipeline(scaler, "passthrough", MLPClassifier((6,), max_iter=20, random_state=1)).fit(x, y)
    model = from_sklearn(e, x)
    np.testing.assert_allclose(model.answer.probabilities(model.original(x)), e.predict_proba(x), atol=1e-9)
    linear = make_pipeline(scaler, StandardScaler(), Ridge()).fit(x, x[:, 0])
    np.testing.assert_allclose(from_sklearn(linear).predict(x)[:, 0], linear.predict(x), atol=1e-9)


def test_what_cannot_become_a_network() -> None:
    x, y = rows(50, 4), np.arange(50) % 2
    with pytest.raises(ModelError, match="DecisionTreeClassifier") as e:
        from_sklearn(DecisionTreeClassifier().fit(x, y))
    assert "LogisticRegression" in e.value.hint
    with pytest.raises(ModelError, match="PCA in a pipeline"):
        from_sklearn(make_pipeline(PCA(2), LogisticRegression()).fit(x, y))
    with pytest.raises(ModelError, match="not fitted"):
        from_sklearn(LogisticRegression())
    net = MLPClassifier((3,), max_iter=5).fit(x, y)
    with pytest.raises(ModelError, match="needs an interval") as e:
        from_sklearn(net)
    assert "intervals={1: (lo, hi)}" in e.value.hint
    with pytest.raises(ModelError, match=r"rows hold numbers in \[-1, 1\]"):
        from_sklearn(net, 3 * x)
    with pytest.raises(ModelError, match="rows of 4 finite numbers"):
        from_sklearn(net, x[:, :3])
    with pytest.raises(ModelError, match="layer 2 has no activation"):
        from_sklearn(net, x, intervals={2: (-1, 1)})
    assert from_sklearn(net, intervals={1: (-3, 3)}).layers[0].activation.interval == (-3, 3)


def test_margin_and_rounding_of_intervals() -> None:
    x = rows(500, 4)
    e = MLPRegressor((5,), activation="tanh", max_iter=30, random_state=1).fit(x, x[:, 0])
    z = x @ e.coefs_[0] + e.intercepts_[0]
    for margin in (0.0, 0.1, 1.0):
        lo, hi = from_sklearn(e, x, margin=margin).layers[0].activation.interval
        width = z.max() - z.min()
        assert lo <= z.min() - margin * width < lo + 0.1 * width and hi - 0.1 * width < z.max() + margin * width <= hi
        assert len(f"{lo:g}".lstrip("-").replace(".", "").strip("0")) <= 3


def test_intervals_reach_as_far_as_servers_ask() -> None:
    """Data near 0, corners of [-1, 1] far outside: the interval grows until the polynomial does not explode there."""
    x = rows(300, 12) / 10
    e = MLPRegressor((4,), activation="tanh", max_iter=5, random_state=1).fit(x, x[:, 0])
    e.coefs_[0] *= 6
    model = from_sklearn(e, x, degree=7)
    lo, hi = model.layers[0].activation.interval
    z = x @ e.coefs_[0] + e.intercepts_[0]
    assert hi - lo > 1.5 * (z.max() - z.min())
    assert model.check() == []
    narrow = from_sklearn(e, degree=7, intervals={1: (-1, 1)})
    with pytest.raises(ModelError, match="the server refuses that"):
        narrow.check()


def test_straight_lines_do_not_explode() -> None:
    """Servers compute them as part of the layer, whatever their interval."""
    line = Activation.fit("tanh", 1, -0.001, 0.001)
    model = Model((Dense(10 * np.eye(4), np.zeros(4), line), Dense(np.ones((1, 4)), np.zeros(1), IDENTITY)))
    assert model.depth == 1 and model.check() == []


def test_bad_rows_and_files(tmp_path) -> None:
    model = Model((Dense(np.eye(3), np.zeros(3), IDENTITY),), Answer(), "three")
    with pytest.raises(ModelError, match="rows have 2 values, the model takes 3"):
        model.predict(np.zeros((5, 2)))
    with pytest.raises(ModelError, match="row 1 holds"):
        model.predict([[0, 0, 0], [0, np.nan, 0]])
    with pytest.raises(ModelError, match="no rows"):
        model.error_on(np.zeros((0, 3)))
    (tmp_path / "m.json.part").touch(mode=0o644)
    model.save(tmp_path / "m.json")
    assert {p.name for p in tmp_path.iterdir()} == {"m.json", "m.json.part"}
    assert (tmp_path / "m.json").stat().st_mode & 0o777 == 0o600
    root = json.loads((tmp_path / "m.json").read_text())
    assert (root["name"], root["version"], len(root["weights"])) == ("three", 1, 12)
    for member, value, message in [
        ("weights", root["weights"][:-1], "takes more"),
        ("weights", root["weights"] + [0], "its layers take 12"),
        ("weights", None, "no plain weights"),
        ("format", "x", "no model file"),
        ("spec", {}, "malformed"),
        ("spec", {**root["spec"], "encoding": "one"}, "malformed"),
        ("spec", {**root["spec"], "inputs": "three"}, "malformed"),
        ("spec", {**root["spec"], "shape": [3]}, "malformed"),
        ("weights", ["one"], "malformed"),
    ]:
        with pytest.raises(ModelError, match=message):
            Model.from_json(json.dumps({**root, member: value}))
