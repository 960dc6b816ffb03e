"""From layers with functions to a network of polynomials: intervals from the owner's data, outputs that fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, Sequence, Union

import numpy as np

from ..errors import ModelError
from .activation import FUNCTIONS, Activation, Array
from .answer import Answer
from .layers import Layer, Pool, scaled, with_activation
from .model import Model, explodes, reach

Degree = Union[int, Sequence[int]]
Intervals = Mapping[int, tuple[float, float]]

LARGEST_OUTPUT = 8.0  # for inputs within [-1, 1]; larger ones are divided by a power of two
_FAR = 512.0  # of T_degree: what the interval leaves for inputs that nobody has; an eighth of what servers refuse


@dataclass(frozen=True)
class Options:
    """How polynomials are chosen.

    degree     of all, or one for each layer that has such a function
    margin     how much wider than the data's sums an interval is, as a share of their width, at each end
    intervals  given ones, by the number of the layer from 1, which are taken as they are
    """

    degree: Degree = 3
    margin: float = 0.1
    intervals: Intervals | None = None

    def degree_of(self, index: int, count: int) -> int:
        if isinstance(self.degree, int):
            return self.degree
        if len(self.degree) != count:
            raise ModelError(f"degree has {len(self.degree)} entries for {count} activations")
        return int(self.degree[index])


def _outward(lo: float, hi: float) -> tuple[float, float]:
    """To two or three digits of the width: an interval says no more of the data than it must."""
    unit = 10.0 ** (math.floor(math.log10((hi - lo) / 4)) - 1)
    return float(f"{math.floor(lo / unit) * unit:.12g}"), float(f"{math.ceil(hi / unit) * unit:.12g}")


def _interval(z: Array, margin: float) -> tuple[float, float]:
    lo, hi = float(z.min()), float(z.max())
    width = max(hi - lo, 1e-3 * max(1.0, abs(lo), abs(hi)))
    return _outward(lo - margin * width, hi + margin * width)


def _widened(function: str, degree: int, interval: tuple[float, float], seen: tuple[float, float]) -> Activation:
    """Only as far as inputs within [-1, 1] would make the polynomial explode otherwise."""
    activation = Activation.fit(function, degree, *interval)
    while explodes(activation, seen, _FAR):
        lo, hi = activation.interval or interval
        if lo <= seen[0] and hi >= seen[1]:
            break
        width = hi - lo
        wider = _outward(
            max(lo - 0.1 * width, min(lo, seen[0])),
            min(hi + 0.1 * width, max(hi, seen[1])),
        )
        activation = Activation.fit(function, degree, *wider)
    return activation


def _fit(layers: Sequence[Layer], functions: Sequence[str], X: Any, options: Options) -> list[Layer]:
    fitted: list[Layer] = []
    curved = [i for i, f in enumerate(functions) if f in FUNCTIONS]
    given = options.intervals or {}
    for number in given:
        if number - 1 not in curved:
            raise ModelError(f"intervals: layer {number} has no activation that takes one")
    if not 0 <= options.margin <= 100:
        raise ModelError(f"margin is {options.margin}, it must be 0 to 100")
    exact = polynomial = None
    if X is not None:
        exact = polynomial = _rows(X, layers[0].inputs)
    one = np.ones(1)
    for i, (layer, function) in enumerate(zip(layers, functions)):
        z = [layer.linear(a) for a in (exact, polynomial) if a is not None]
        if function not in FUNCTIONS:
            activation = Activation.exact(function)
        else:
            degree = options.degree_of(curved.index(i), len(curved))
            if i + 1 in given:
                activation = Activation.fit(function, degree, *given[i + 1])
            elif z:
                # of the function's sums and the polynomial's, which differ from the second layer on
                interval = _interval(np.concatenate([v.ravel() for v in z]), options.margin)
                trial = (*fitted, with_activation(layer, Activation.exact("identity")))
                activation = _widened(function, degree, interval, reach(trial, one)[-1])
            else:
                raise ModelError(
                    f"layer {i + 1} computes {function}, whose polynomial needs an interval",
                    hint="Give X, rows as they are encrypted, from which the intervals of all layers are taken, "
                    f"or intervals={{{i + 1}: (lo, hi)}}.",
                )
        fitted.append(with_activation(layer, activation))
        if exact is not None and polynomial is not None:
            exact, polynomial = activation.original(z[0]), activation(z[1])
    return fitted


def _rows(X: Any, inputs: int) -> Array:
    x = np.asarray(X, dtype=np.float64)
    x = x.reshape(len(x), int(np.prod(x.shape[1:]))) if x.ndim else x.reshape(1, 1)
    if len(x) == 0 or x.shape[1] != inputs or not np.all(np.isfinite(x)):
        raise ModelError(f"X must be rows of {inputs} finite numbers, at least one; its shape is {np.shape(X)}")
    if np.abs(x).max() > 1 + 1e-9:
        worst = int(np.abs(x).max(axis=0).argmax())
        raise ModelError(
            f"X holds {np.abs(x).max():.6g} in column {worst}: encrypted rows hold numbers in [-1, 1]",
            hint="Fit the estimator on rows as Owner.encode returns them; X is those rows, too.",
        )
    return x


def build(
    layers: Sequence[Layer], functions: Sequence[str], X: Any, options: Options, answer: Answer, name: str
) -> Model:
    """layers: with any activation; functions: theirs by name."""
    if not layers:
        raise ModelError("the model has no layers")
    fitted = _fit(layers, functions, X, options)
    scale = 1.0
    last = fitted[-1]
    if last.activation.name == "identity" and not isinstance(last, Pool):
        largest = max(abs(v) for v in reach(tuple(fitted), np.ones(1))[-1])
        if largest > LARGEST_OUTPUT:
            scale = 2.0 ** math.ceil(math.log2(largest / LARGEST_OUTPUT))
            fitted[-1] = scaled(last, 1 / scale)
    encoding = int(getattr(X, "attrs", {}).get("encoding", 0))
    return Model(tuple(fitted), Answer(answer.kind, answer.scale * scale, answer.classes), name, encoding=encoding)
