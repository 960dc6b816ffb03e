"""A network as a server computes it: JSON for `ppdl model import`, predictions in the clear, depth, errors."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ModelError, RangeError
from .activation import Activation, Array
from .answer import Answer
from .layers import MAX_UNITS, Conv2d, Dense, Layer, Pool, Shape
from .report import ErrorReport, LayerError

MAX_LAYERS = 16
ROW_LEVELS = 7  # of full rows
DEEP_LEVELS = 11  # after lifting, which takes keys published for training
ENCRYPTED_INPUTS = (2, 1024)
DEEP_OUTPUTS = 512
_COLUMNS_TO_SLOTS = 2  # levels before the first layer
_CORNERS = 2000


@dataclass(frozen=True, eq=False)
class Model:
    """Layers on rows of `inputs` numbers in [-1, 1]; `answer`: what the owner makes of the outputs."""

    layers: tuple[Layer, ...]
    answer: Answer = Answer()
    name: str = "model"
    input_scale: Array = field(default_factory=lambda: np.ones(1))
    encoding: int = 0  # of the rows that it is for; a server refuses rows of another. 0: not known, any rows

    def __post_init__(self) -> None:
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise ModelError(f"a network has 1 to {MAX_LAYERS} layers, not {len(self.layers)}")
        if all(isinstance(layer, Pool) for layer in self.layers):
            raise ModelError("a network has a layer with weights, not pools alone")
        for i, layer in enumerate(self.layers):
            if layer.units > MAX_UNITS or layer.inputs > MAX_UNITS:
                raise ModelError(
                    f"layer {i + 1} has {layer.inputs} inputs and {layer.units} units of {MAX_UNITS} at most"
                )
            if i > 0 and layer.inputs != self.layers[i - 1].units:
                raise ModelError(
                    f"layer {i + 1} takes {layer.inputs} values, the one before it gives {self.layers[i - 1].units}"
                )
            if not np.all(np.isfinite(layer.flat())):
                raise ModelError(f"layer {i + 1} has weights that are not finite")

    # ---- sizes

    @property
    def inputs(self) -> int:
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        return self.layers[-1].units

    @property
    def shape(self) -> Shape | None:
        """Channels, height and width of the inputs, where they are an image."""
        first = self.layers[0]
        return None if isinstance(first, Dense) else first.shape

    @property
    def depth(self) -> int:
        """Levels from the first layer on: affine layers that follow each other are one, and the last square with all
        that follows it is one product."""
        last = max((i for i, layer in enumerate(self.layers) if not layer.activation.is_affine), default=-1)
        levels, i = 0, 0
        while i < len(self.layers):
            while i < len(self.layers) - 1 and self.layers[i].activation.is_affine:
                i += 1
            activation = self.layers[i].activation
            if i == last and activation.is_square:
                return levels + 2
            levels += 1 + activation.levels
            i += 1
        return levels

    @property
    def levels(self) -> int:
        """What `ppdl_model_levels` says: levels that a prediction on encrypted rows takes, of 7 that full rows have."""
        return self.depth + _COLUMNS_TO_SLOTS

    def check(self) -> list[str]:
        """Raises ModelError for what no encrypted rows have room for; returns what else a caller should know."""
        notes = []
        least, most = ENCRYPTED_INPUTS
        if not least <= self.inputs <= most:
            raise ModelError(f"{self.inputs} inputs: encrypted rows have {least} to {most}")
        if self.depth > DEEP_LEVELS:
            raise ModelError(
                f"the network takes {self.depth} levels, lifted rows have {DEEP_LEVELS}",
                hint="Fewer layers, or activations of lower degree: 2 takes one level, 3 two, 7 three.",
            )
        if self.outputs > DEEP_OUTPUTS:
            raise ModelError(f"{self.outputs} outputs: encrypted rows have room for {DEEP_OUTPUTS}")
        half = 1 << max(0, (self.inputs - 1).bit_length() - 1)
        if self.levels > ROW_LEVELS or self.outputs > half:
            why = f"takes {self.levels} levels" if self.levels > ROW_LEVELS else f"has {self.outputs} outputs"
            limit = (
                f"full rows have {ROW_LEVELS}"
                if self.levels > ROW_LEVELS
                else f"full rows of {self.inputs} values have room for {half}"
            )
            notes.append(
                f"the network {why}, {limit}: rows are lifted first, which takes keys published with "
                "`ppdl publish --for train` and ten seconds or more a call"
            )
        reached = reach(self.layers, self.input_scale)
        for i, (layer, (lo, hi)) in enumerate(zip(self.layers, reached)):
            interval = layer.activation.interval
            if interval is None or layer.activation.is_square or not explodes(layer.activation, (lo, hi)):
                continue
            raise ModelError(
                f"sums of layer {i + 1} reach {lo:.3g} to {hi:.3g} for inputs within [-1, 1], far outside "
                f"the interval [{interval[0]:g}, {interval[1]:g}] of its activation: the server refuses that",
                hint=f"Widen the interval to [{min(lo, interval[0]):.3g}, {max(hi, interval[1]):.3g}], "
                "or lower the degree.",
            )
        return notes

    # ---- in the clear

    def rows(self, X: Any) -> Array:
        """rows x inputs as numbers, checked."""
        x = np.asarray(X, dtype=np.float64)
        if x.ndim == 1:
            x = x.reshape(1, -1)
        x = x.reshape(len(x), int(np.prod(x.shape[1:])))
        if x.shape[1] != self.inputs:
            raise ModelError(f"rows have {x.shape[1]} values, the model takes {self.inputs}")
        if not np.all(np.isfinite(x)):
            raise ModelError(
                f"row {int(np.argmin(np.isfinite(x).all(axis=1)))} holds a value that is not a finite number"
            )
        return x

    def predict(self, X: Any) -> Array:
        """rows x outputs as the server would give them, with the polynomials; `answer` makes classes and units of
        it."""
        a = self.rows(X) * self.input_scale
        for layer in self.layers:
            a = layer.activation(layer.linear(a))
        if not np.all(np.isfinite(a)):
            raise RangeError("an output is not a finite number: sums leave the interval of an activation far behind")
        return a

    def original(self, X: Any) -> Array:
        """The same with the functions in place of their polynomials, up to rounding what the original model
        computes."""
        a = self.rows(X) * self.input_scale
        for layer in self.layers:
            a = layer.activation.original(layer.linear(a))
        return a

    def error_on(self, X: Any) -> ErrorReport:
        """What the polynomials cost on these rows."""
        x = self.rows(X)
        if len(x) == 0:
            raise ModelError("there are no rows to measure the error on")
        errors, a = [], x * self.input_scale
        for i, layer in enumerate(self.layers):
            z = layer.linear(a)
            a = layer.activation(z)
            if not layer.activation.is_affine or layer.activation.interval is not None:
                errors.append(_layer_error(i + 1, layer.activation, z, a))
        exact = self.original(x)
        difference = (a - exact) * self.answer.scale
        same = None
        if self.answer.classes:
            same = float(np.mean(self.answer(a) == self.answer(exact)))
        return ErrorReport(len(x), tuple(errors), float(np.abs(difference).max()), _rms(difference), same)

    # ---- files

    def spec(self) -> dict[str, Any]:
        """The specification for ppdl_create_model."""
        spec: dict[str, Any] = {"inputs": self.inputs}
        if self.encoding:
            spec["encoding"] = f"{self.encoding:012x}"
        if self.shape is not None:
            spec["shape"] = list(self.shape) if self.shape[0] != 1 else list(self.shape[1:])
        if np.any(self.input_scale != 1):
            spec["input_scale"] = self.input_scale.tolist() if len(self.input_scale) > 1 else float(self.input_scale[0])
        spec["layers"] = [layer.spec() for layer in self.layers]
        return spec

    def weights(self) -> Array:
        """One flat vector, layer by layer: weights row by row, then biases."""
        return np.concatenate([layer.flat() for layer in self.layers])

    def json(self) -> str:
        """The file that `ppdl model import` reads. Weights are in the clear, and so they are on the server unless it is
        imported with --key."""
        head = {"format": "ppdl-model", "version": 1, "name": self.name, "spec": self.spec()}
        return json.dumps({**head, "weights": self.weights().tolist()}, indent=1, allow_nan=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Writes json() into a new file, or over an old one, for the owner's eyes only."""
        target = Path(path)
        text = self.json()
        handle, part = tempfile.mkstemp(prefix=target.name + ".", dir=target.parent)  # of mode 0600
        try:
            with open(handle, "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(part, target)
        except BaseException:
            os.unlink(part)
            raise

    def create(self, conn: Any) -> str:
        """Stores it on a server through a psycopg connection, in the clear, as a new model of its name; returns
        "name@1". A further version of a model that there is comes by `ppdl model import`, or encrypted by its --key."""
        row = conn.execute(
            "SELECT ppdl_create_model(%s::text, %s::jsonb, %s::float8[])",
            [self.name, json.dumps(self.spec()), self.weights().tolist()],
        ).fetchone()
        return str(row[0])

    @staticmethod
    def from_json(text: str, answer: Answer = Answer()) -> Model:
        """A model file with plain weights, as `ppdl model export` or save() writes it."""
        try:
            root = json.loads(text)
            if root.get("format") != "ppdl-model" or root.get("version") != 1:
                raise ModelError('this is no model file: it lacks "format": "ppdl-model" and "version": 1')
            if root.get("weights") is None:
                raise ModelError("the model has no plain weights", hint="ppdl model export --key decrypts them.")
            return _parse(
                root["spec"], np.asarray(root["weights"], dtype=np.float64), str(root.get("name", "model")), answer
            )
        except ModelError:
            raise
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as e:
            raise ModelError(f"malformed model file: {e!r}") from e

    def renamed(self, name: str) -> Model:
        return replace(self, name=name)


def _rms(a: Array) -> float:
    return float(np.sqrt(np.mean(a * a)))


def _layer_error(number: int, activation: Activation, z: Array, a: Array) -> LayerError:
    difference = a - activation.original(z)
    outside = 0.0
    if activation.interval is not None:
        outside = float(np.mean((z < activation.interval[0]) | (z > activation.interval[1])))
    return LayerError(
        number,
        activation.name,
        activation.effective_degree,
        activation.interval,
        (float(z.min()), float(z.max())),
        outside,
        float(np.abs(difference).max()),
        _rms(difference),
    )


# A server refuses networks for which it finds inputs that T_degree makes larger than this.
_EXPLODED = 4096.0


def explodes(activation: Activation, seen: tuple[float, float], limit: float = _EXPLODED) -> bool:
    """Do sums leave the interval so far that the polynomial is worthless? A straight line never is."""
    if activation.interval is None or activation.is_affine:
        return False
    lo, hi = activation.interval
    t = max(abs(2 * v - lo - hi) / (hi - lo) for v in seen)
    return bool(t > 1 and np.cosh(activation.effective_degree * np.arccosh(t)) > limit)


def reach(layers: tuple[Layer, ...], input_scale: Array) -> list[tuple[float, float]]:
    """The range of each layer's sums that a search over the corners of [-1, 1] finds: those that drive a unit of the
    first layer farthest, and random ones."""
    inputs = layers[0].inputs
    corners = np.random.default_rng(1).choice([-1.0, 1.0], size=(_CORNERS, inputs))
    first = layers[0]
    if isinstance(first, Dense):
        signs = np.where(first.weights * input_scale >= 0, 1.0, -1.0)
        corners = np.vstack([corners, signs, -signs])
    found, a = [], corners * input_scale
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in layers:
            z = np.nan_to_num(layer.linear(a), nan=1e300, posinf=1e300, neginf=-1e300)
            found.append((float(z.min()), float(z.max())))
            a = layer.activation(z)
    return found


def _parse(spec: dict[str, Any], weights: Array, name: str, answer: Answer) -> Model:
    inputs = int(spec["inputs"])
    edge = int(round(inputs**0.5))
    given = spec.get("shape", [edge, edge])
    shape: Shape = (
        (1, int(given[0]), int(given[1])) if len(given) == 2 else (int(given[0]), int(given[1]), int(given[2]))
    )
    layers: list[Layer] = []
    at = 0

    def take(*size: int) -> Array:
        nonlocal at
        n = int(np.prod(size))
        if at + n > len(weights):
            raise ModelError(f"the model has {len(weights)} weights, layer {len(layers) + 1} takes more")
        at += n
        return weights[at - n : at].reshape(size)

    for s in spec["layers"]:
        activation = Activation.from_spec(s.get("activation", "identity"), s)
        layer: Layer
        if "conv2d" in s:
            c = s["conv2d"]
            w = take(c["filters"], shape[0], c["kernel"], c["kernel"])
            layer = Conv2d(w, take(c["filters"]), int(c.get("stride", 1)), shape, activation)
            shape = layer.out
        elif "pool" in s:
            layer = Pool(int(s["size"]), int(s.get("stride", s["size"])), shape, activation)
            shape = layer.out
        else:
            w = take(s["units"], layers[-1].units if layers else inputs)
            layer = Dense(w, take(s["units"]), activation)
        layers.append(layer)
    if at != len(weights):
        raise ModelError(f"the model has {len(weights)} weights, its layers take {at}")
    scale = np.atleast_1d(np.asarray(spec.get("input_scale", 1.0), dtype=np.float64))
    return Model(tuple(layers), answer, name, scale, int(str(spec.get("encoding", "0")), 16))
