"""Models of scikit-learn.  scikit-learn itself is not imported: an estimator is known by its class's name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ModelError
from .activation import Activation, Array
from .answer import Answer
from .fitting import Degree, Intervals, Options, build
from .layers import Dense, Layer
from .model import Model

_IDENTITY = Activation.exact("identity")
_LINEAR = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV")
_LOGISTIC = ("LogisticRegression", "LogisticRegressionCV")
_NETWORKS = ("MLPClassifier", "MLPRegressor")
_SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler")
_FUNCTIONS = {"identity": "identity", "relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}


def from_sklearn(
    estimator: Any,
    X: Any = None,
    *,
    degree: Degree = 3,
    margin: float = 0.1,
    intervals: Intervals | None = None,
    name: str = "model",
) -> Model:
    """A fitted LinearRegression, Ridge, Lasso, ElasticNet, LogisticRegression, MLPClassifier or MLPRegressor, alone
    or as the last step of a Pipeline of StandardScaler, MinMaxScaler and MaxAbsScaler, as a network of polynomials.

    X: rows as they are encrypted, in [-1, 1], which the estimator takes as they are. From them come the intervals on
    which hidden units' relu, tanh and logistic functions become polynomials of a degree, wider by a margin; where
    inputs within [-1, 1] that X does not hold would make a polynomial explode, as far as needed. Models without such
    functions need no X.  intervals: of layers by number, from 1, in place of X's.

    An X that Owner.encode made says what encoding it is in; the model carries that, and a server refuses rows of
    another.

    The last step of classifiers, logistic or softmax, is the owner's, after decryption: `Model.answer`. Outputs that
    could be larger than 8 are divided by a power of two, which `Model.answer` multiplies back.
    """
    steps, last = _steps(estimator)
    weights, biases, functions, answer = _last_step(last)
    layers: list[Layer] = [Dense(w, b, _IDENTITY) for w, b in zip(weights, biases)]
    for scaler in reversed(steps):
        layers[0] = _folded(layers[0], *_affine(scaler))
    return build(layers, functions, X, Options(degree, margin, intervals), answer, name)


def _steps(estimator: Any) -> tuple[list[Any], Any]:
    """Scalers, in their order, and what comes last."""
    if type(estimator).__name__ != "Pipeline":
        return [], estimator
    found: list[Any] = []
    for _, step in estimator.steps:
        if step is None or step == "passthrough":
            continue
        inner, last = _steps(step)
        found += [*inner, last]
    if not found:
        raise ModelError("the pipeline is empty")
    for step in found[:-1]:
        if type(step).__name__ not in _SCALERS:
            raise ModelError(
                f"{type(step).__name__} in a pipeline: only {', '.join(_SCALERS)} can be folded into the first layer",
                hint="Apply it before rows are encoded, and fit the rest on what it gives.",
            )
    return found[:-1], found[-1]


def _fitted(estimator: Any, attribute: str) -> Any:
    if not hasattr(estimator, attribute):
        raise ModelError(f"the {type(estimator).__name__} is not fitted: it has no {attribute}")
    return getattr(estimator, attribute)


def _affine(scaler: Any) -> tuple[Array, Array]:
    """x -> factor * x + shift"""
    kind = type(scaler).__name__
    if kind == "MinMaxScaler":
        if getattr(scaler, "clip", False):
            raise ModelError("MinMaxScaler(clip=True) is not linear: leave out clip")
        return np.asarray(_fitted(scaler, "scale_")), np.asarray(scaler.min_)
    n = int(_fitted(scaler, "n_features_in_"))
    scale = scaler.scale_
    factor = np.ones(n) if scale is None else 1 / np.asarray(scale, dtype=np.float64)
    mean = getattr(scaler, "mean_", None) if kind == "StandardScaler" and scaler.with_mean else None
    return factor, np.zeros(n) if mean is None else -factor * np.asarray(mean)


def _folded(layer: Layer, factor: Array, shift: Array) -> Layer:
    assert isinstance(layer, Dense)
    return Dense(layer.weights * factor, layer.bias + layer.weights @ shift, layer.activation)


def _last_step(e: Any) -> tuple[list[Array], list[Array], list[str], Answer]:
    kind = type(e).__name__
    if kind in _LINEAR:
        w = np.atleast_2d(np.asarray(_fitted(e, "coef_"), dtype=np.float64))
        b = np.broadcast_to(np.asarray(e.intercept_, dtype=np.float64), (len(w),)).copy()
        return [w], [b], ["identity"], Answer()
    if kind in _LOGISTIC:
        return _logistic(e)
    if kind in _NETWORKS:
        return _network(e)
    known = ", ".join([*_LINEAR, *_LOGISTIC, *_NETWORKS])
    raise ModelError(
        f"{kind} is no model that becomes a network of polynomials",
        hint=f"Known are {known}, alone or after {', '.join(_SCALERS)} in a Pipeline.",
    )


def _logistic(e: Any) -> tuple[list[Array], list[Array], list[str], Answer]:
    w = np.asarray(_fitted(e, "coef_"), dtype=np.float64)
    b = np.broadcast_to(np.asarray(e.intercept_, dtype=np.float64), (len(w),)).copy()
    classes = tuple(e.classes_.tolist())
    several = getattr(e, "multi_class", "auto")  # newer versions know "auto" alone
    if len(w) > 1:
        ovr = several == "ovr" or (several != "multinomial" and e.solver == "liblinear")
        return [w], [b], ["identity"], Answer("scores" if ovr else "softmax", 1.0, classes)
    if several == "multinomial":  # softmax of (-z, z)
        w, b = 2 * w, 2 * b
    return [w], [b], ["identity"], Answer("logistic", 1.0, classes)


def _network(e: Any) -> tuple[list[Array], list[Array], list[str], Answer]:
    weights = [np.asarray(w, dtype=np.float64).T for w in _fitted(e, "coefs_")]
    biases = [np.asarray(b, dtype=np.float64) for b in e.intercepts_]
    functions = [_FUNCTIONS[e.activation]] * (len(weights) - 1) + ["identity"]
    if type(e).__name__ == "MLPRegressor":
        return weights, biases, functions, Answer()
    if e.out_activation_ == "logistic" and len(biases[-1]) > 1:
        raise ModelError("MLPClassifier with several labels a row: fit one classifier a label")
    return weights, biases, functions, Answer(e.out_activation_, 1.0, tuple(e.classes_.tolist()))
