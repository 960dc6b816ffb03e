"""What the owner makes of decrypted outputs: units, probabilities, classes.  Nothing of it happens on a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ModelError
from .activation import Array, sigmoid

KINDS = ("value", "logistic", "softmax", "scores")


@dataclass(frozen=True)
class Answer:
    """`scale` times the outputs are what the original gave before its last step, which is

    value     nothing: numbers
    logistic  1 / (1 + exp(-z)): each output on its own; one output for two classes
    softmax   exp(z) over their sum: an output a class
    scores    nothing: an output a class, the largest wins
    """

    kind: str = "value"
    scale: float = 1.0
    classes: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ModelError(f'an answer is {", ".join(KINDS)}, not "{self.kind}"')

    def unscaled(self, outputs: ArrayLike) -> Array:
        """rows x outputs, in the units of the original."""
        z = np.asarray(outputs, dtype=np.float64)
        return (z.reshape(-1, 1) if z.ndim == 1 else z) * self.scale

    def probabilities(self, outputs: ArrayLike) -> Array:
        """rows x classes (two for a single output)."""
        z = self.unscaled(outputs)
        if self.kind == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return np.asarray(e / e.sum(axis=1, keepdims=True))
        if self.kind == "logistic":
            p = sigmoid(z)
            return np.hstack([1 - p, p]) if p.shape[1] == 1 else p
        raise ModelError(f'outputs of kind "{self.kind}" are no probabilities')

    def __call__(self, outputs: ArrayLike) -> Any:
        """Class names, or numbers: rows (one output) or rows x outputs."""
        z = self.unscaled(outputs)
        if not self.classes:
            if self.kind != "value":
                return self.probabilities(z / self.scale) if self.kind != "scores" else z
            return z[:, 0] if z.shape[1] == 1 else z
        best = (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(axis=1)
        return _names(self.classes)[best]


def _names(classes: Sequence[Any]) -> Any:
    names = np.asarray(classes)
    return names if names.ndim == 1 else np.array([str(c) for c in classes])
