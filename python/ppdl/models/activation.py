"""Activations as the polynomials that a server computes, beside the functions they stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np
from numpy import polynomial as _numpy_polynomial
from numpy.typing import ArrayLike, NDArray

from ..errors import ModelError

Array = NDArray[np.float64]

# numpy has no annotations for these
chebyshev: Any = _numpy_polynomial.chebyshev
polynomial: Any = _numpy_polynomial.polynomial

MAX_DEGREE = 15
_NODES = 1024  # of the discrete Chebyshev transform, as in the server

_EXACT: dict[str, list[float]] = {
    "identity": [0.0, 1.0],
    "square": [0.0, 0.0, 1.0],
    "quadratic": [0.0, 1.0, 0.5],
}


def sigmoid(z: ArrayLike) -> Array:
    """1 / (1 + exp(-z)), without overflow for large negative z."""
    z = np.asarray(z, dtype=np.float64)
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "silu": lambda z: z * sigmoid(z),
}


@dataclass(frozen=True)
class Activation:
    """One activation.

    `name` is that of the network format (doc/models.md): identity, square, quadratic, poly, relu, sigmoid, tanh,
    silu.  `coefficients` are those of powers of z for the first four, and Chebyshev coefficients on `interval` for the
    others.
    """

    name: str
    coefficients: tuple[float, ...]
    degree: int = 1
    interval: tuple[float, float] | None = None
    _powers: tuple[float, ...] = field(default=(), repr=False, compare=False)

    @staticmethod
    def exact(name: str) -> Activation:
        """identity, square or quadratic."""
        if name not in _EXACT:
            raise ModelError(f'unknown activation "{name}"; known are {", ".join([*_EXACT, "poly", *FUNCTIONS])}')
        c = tuple(_EXACT[name])
        return Activation(name, c, len(c) - 1, None, c)

    @staticmethod
    def poly(coefficients: ArrayLike) -> Activation:
        """c[0] + c[1] z + ..., of degree 1 to 15."""
        c = np.trim_zeros(np.atleast_1d(np.asarray(coefficients, dtype=np.float64)), "b")
        if not np.all(np.isfinite(c)) or not 2 <= len(c) <= MAX_DEGREE + 1:
            raise ModelError(f"an activation polynomial has finite coefficients and degree 1 to {MAX_DEGREE}")
        powers = tuple(float(v) for v in c)
        return Activation("poly", powers, len(powers) - 1, None, powers)

    @staticmethod
    def fit(name: str, degree: int, lo: float, hi: float) -> Activation:
        """The Chebyshev series of relu, sigmoid, tanh or silu on [lo, hi], cut at a degree, as the server makes it."""
        if name not in FUNCTIONS:
            raise ModelError(f'unknown activation "{name}"; known are {", ".join([*_EXACT, "poly", *FUNCTIONS])}')
        if not 1 <= degree <= MAX_DEGREE:
            raise ModelError(f'degree of activation "{name}" is {degree}, it must be 1 to {MAX_DEGREE}')
        if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi and max(abs(lo), abs(hi)) <= 1000):
            raise ModelError(
                f'interval [{lo:g}, {hi:g}] of activation "{name}" must be increasing and within [-1000, 1000]: '
                "scale the inputs or the first layer's weights down"
            )
        theta = np.pi * (np.arange(_NODES) + 0.5) / _NODES
        values = FUNCTIONS[name](lo + (hi - lo) * (np.cos(theta) + 1) / 2)
        c = np.cos(np.outer(np.arange(degree + 1), theta)) @ values * 2 / _NODES
        c[0] /= 2
        c[np.abs(c) < 1e-12 * np.abs(c).max()] = 0.0
        inner = np.array([-(hi + lo) / (hi - lo), 2 / (hi - lo)])  # z -> t in [-1, 1]
        powers = np.zeros(1)
        for factor in chebyshev.cheb2poly(c)[::-1]:
            powers = polynomial.polyadd(polynomial.polymul(powers, inner), [factor])
        return Activation(
            name, tuple(float(v) for v in c), degree, (float(lo), float(hi)), tuple(float(v) for v in powers)
        )

    @staticmethod
    def from_spec(spec: Any, beside: dict[str, Any] | None = None) -> Activation:
        """What the JSON member "activation" means; `beside`: the layer that it stands in."""
        beside = beside or {}
        if spec == "poly":
            return Activation.poly(beside["coefficients"])
        if isinstance(spec, dict) and "poly" in spec:
            return Activation.poly(spec["poly"])
        members = spec if isinstance(spec, dict) else {**beside, "name": spec}
        name = str(members["name"])
        if name in _EXACT:
            return Activation.exact(name)
        lo, hi = members.get("interval", (-4.0, 4.0))
        return Activation.fit(name, int(members.get("degree", 3)), float(lo), float(hi))

    def spec(self) -> str | dict[str, Any]:
        """The JSON member "activation"."""
        if self.interval is not None:
            return {"name": self.name, "degree": self.degree, "interval": list(self.interval)}
        return {"poly": list(self.coefficients)} if self.name == "poly" else self.name

    def __call__(self, z: Array) -> Array:
        """The polynomial, which outside `interval` says nothing about the function."""
        if self.interval is None:
            return np.asarray(polynomial.polyval(z, self.coefficients))
        lo, hi = self.interval
        return np.asarray(chebyshev.chebval((2 * z - lo - hi) / (hi - lo), self.coefficients))

    def original(self, z: Array) -> Array:
        """The function that the polynomial stands for."""
        return self(z) if self.interval is None else FUNCTIONS[self.name](z)

    @property
    def effective_degree(self) -> int:
        """The highest power that counts: relu on an interval around 0 has no odd one above the first."""
        return max((k for k, c in enumerate(self.coefficients) if c != 0), default=0)

    @property
    def is_affine(self) -> bool:
        return self.effective_degree <= 1

    @property
    def is_square(self) -> bool:
        """Of degree 2 with a vertex that is not far out: a single squaring for the server."""
        c = self._powers
        return self.effective_degree == 2 and abs(c[1]) <= 16 * abs(c[2])

    @property
    def levels(self) -> int:
        """Levels that it takes: the logarithm of its degree + 1, rounded up; 1 as a square."""
        return 1 if self.is_square else (0 if self.is_affine else self.effective_degree.bit_length())
