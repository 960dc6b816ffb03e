"""Layers: a linear map of the values before it, and an activation.  Images are flat: channel by channel, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .activation import Activation, Array

Shape = tuple[int, int, int]  # channels, height, width

MAX_UNITS = 4096


def windows(edge: int, size: int, stride: int) -> int:
    """How many windows of a size lie wholly inside an edge."""
    if size > edge:
        raise ModelError(f"a window of {size} does not fit an edge of {edge} places")
    return (edge - size) // stride + 1


def _look(x: Array, shape: Shape, size: int, stride: int) -> NDArray[np.float64]:
    """rows x channels x height' x width' x size x size: what each window sees."""
    images = x.reshape(len(x), *shape)
    look: Any = np.lib.stride_tricks.sliding_window_view
    return np.asarray(look(images, (size, size), axis=(2, 3))[:, :, ::stride, ::stride])


@dataclass(frozen=True, eq=False)
class Dense:
    """units x inputs weights and a bias a unit."""

    weights: Array
    bias: Array
    activation: Activation

    @property
    def inputs(self) -> int:
        return int(self.weights.shape[1])

    @property
    def units(self) -> int:
        return int(self.weights.shape[0])

    def linear(self, x: Array) -> Array:
        return np.asarray(x @ self.weights.T + self.bias)

    def flat(self) -> Array:
        """Weights as the network format has them."""
        return np.concatenate([self.weights.ravel(), self.bias])

    def spec(self) -> dict[str, Any]:
        return {"units": self.units, "activation": self.activation.spec()}


class _OnImages:
    """What layers that look at windows of images share."""

    shape: Shape
    stride: int

    @property
    def window(self) -> tuple[int, int]:
        """Channels that come out, and the size of a window."""
        raise NotImplementedError

    @property
    def inputs(self) -> int:
        return int(np.prod(self.shape))

    @property
    def out(self) -> Shape:
        channels, size = self.window
        return channels, windows(self.shape[1], size, self.stride), windows(self.shape[2], size, self.stride)

    @property
    def units(self) -> int:
        return int(np.prod(self.out))


@dataclass(frozen=True, eq=False)
class Conv2d(_OnImages):
    """filters x channels x size x size weights on images of `shape`, and a bias a filter; no padding."""

    weights: Array
    bias: Array
    stride: int
    shape: Shape
    activation: Activation

    @property
    def window(self) -> tuple[int, int]:
        return int(self.weights.shape[0]), int(self.weights.shape[2])

    def linear(self, x: Array) -> Array:
        seen = _look(x, self.shape, self.weights.shape[2], self.stride)
        z = np.einsum("ncyxij,fcij->nfyx", seen, self.weights, optimize=True) + self.bias[:, None, None]
        return np.asarray(z.reshape(len(x), -1))

    def flat(self) -> Array:
        return np.concatenate([self.weights.ravel(), self.bias])

    def spec(self) -> dict[str, Any]:
        conv = {"filters": self.weights.shape[0], "kernel": self.weights.shape[2], "stride": self.stride}
        return {"conv2d": conv, "activation": self.activation.spec()}


@dataclass(frozen=True, eq=False)
class Pool(_OnImages):
    """The mean of each window, in every channel."""

    size: int
    stride: int
    shape: Shape
    activation: Activation

    @property
    def window(self) -> tuple[int, int]:
        return self.shape[0], self.size

    def linear(self, x: Array) -> Array:
        return np.asarray(_look(x, self.shape, self.size, self.stride).mean(axis=(4, 5)).reshape(len(x), -1))

    def flat(self) -> Array:
        return np.zeros(0)

    def spec(self) -> dict[str, Any]:
        return {"pool": "average", "size": self.size, "stride": self.stride, "activation": self.activation.spec()}


Layer = Union[Dense, Conv2d, Pool]


def with_activation(layer: Layer, activation: Activation) -> Layer:
    return replace(layer, activation=activation)


def scaled(layer: Layer, factor: float) -> Layer:
    """The same layer with its linear map times a factor; not of pools."""
    assert not isinstance(layer, Pool)
    return replace(layer, weights=layer.weights * factor, bias=layer.bias * factor)
