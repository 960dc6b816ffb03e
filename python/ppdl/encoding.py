"""Feature files: how columns of a table become numbers in [-1, 1], and what results say in the table's own words."""

from __future__ import annotations

import os
from ctypes import byref, c_char_p, c_double, c_int32, cast, create_string_buffer, POINTER, sizeof
from typing import Any, Sequence, Union

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from . import _library as c
from .errors import FormatError

Array = NDArray[np.float64]
Features = Union[str, "os.PathLike[str]", "Encoding"]


class Encoding:
    """A feature file that `ppdl encode` made."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._handle = c.Handle("ppdl_encoding_load", "ppdl_encoding_free", c.path_of(self.path))
        info = c.EncodingInfo()
        c.call("ppdl_encoding_describe", self._handle.address, byref(info))
        self.id = int(info.id)
        self.width = int(info.inputs)
        self.label_width = int(info.outputs)
        self.id_column = _optional(info.id_column)
        self.label_column = _optional(info.label_column)
        self.inputs = self._names(c.NAME_INPUT)
        self.columns = self._names(c.NAME_COLUMN)
        self.classes = self._names(c.NAME_CLASS)
        self.averages = self._names(c.NAME_AVERAGE)
        self.sums = self._names(c.NAME_SUM)
        self.differences = self._names(c.NAME_DIFFERENCE)

    @staticmethod
    def of(features: Features) -> Encoding:
        """The encoding, or that of a path."""
        return features if isinstance(features, Encoding) else Encoding(features)

    @staticmethod
    def find(id: int, near: Sequence[str | os.PathLike[str]] = ()) -> Encoding:
        """The feature file of an encoding, beside one of these files or in the current directory."""
        path = create_string_buffer(4096)
        c.call("ppdl_encoding_find", path, len(path), id, c.texts([c.path_of(p) for p in near], "a path"))
        return Encoding(os.fsdecode(path.value))

    def _names(self, kind: int) -> list[str]:
        names: list[str] = []
        while (name := c.library().ppdl_encoding_name(self._handle.address, kind, len(names))) is not None:
            names.append(name.decode())
        return names

    def encode(self, df: pd.DataFrame, *, clamp: bool = False, unknown_other: bool = False) -> pd.DataFrame:
        """Rows of `df` as numbers in [-1, 1], a column an input, with the index of `df`.

        clamp: numbers outside the learned range become the nearer bound. unknown_other: categories that were never
        seen, and fields that never were empty, become 0. How many did is in `.attrs["counts"]`. Without them they are
        errors.
        """
        x, _, _, counts = self._apply(df, False, clamp, unknown_other)
        out = pd.DataFrame(x, index=df.index, columns=self.inputs)
        out.attrs["counts"] = counts
        out.attrs["encoding"] = self.id
        return out

    def labels(self, df: pd.DataFrame, *, clamp: bool = False, unknown_other: bool = False) -> pd.DataFrame:
        """The labels as numbers: a column for two classes or a number, else one a class; NaN where they are missing."""
        if self.label_width == 0:
            raise FormatError(f"{self.path}: the encoding has no label")
        _, y, has, _ = self._apply(df, True, clamp, unknown_other)
        y[has == 0] = np.nan
        name = self.label_column or "label"
        names = [name] if self.label_width == 1 else [f"{name} = {k}" for k in self.classes]
        return pd.DataFrame(y, index=df.index, columns=names)

    def _apply(
        self, df: pd.DataFrame, label: bool, clamp: bool, unknown_other: bool
    ) -> tuple[Array, Array, NDArray[np.uint8], dict[str, int]]:
        wanted = list(self.columns)
        if label and self.label_column and self.label_column not in wanted:
            wanted.append(self.label_column)
        missing = [n for n in wanted if n not in df.columns]
        if missing:
            raise FormatError(f"{self.path}: the table has no column {', '.join(map(repr, missing))}")
        kept: list[Any] = []
        columns = (c.Column * max(1, len(wanted)))()
        for i, name in enumerate(wanted):
            if isinstance(df[name], pd.DataFrame):
                raise FormatError(f'the table has several columns "{name}"')
            _fill(columns[i], name, df[name], kept)
        rows = len(df)
        x = np.empty((rows, self.width))
        y = np.empty((rows, self.label_width if label else 0))
        has = np.ones(rows, dtype=np.uint8)
        counts = c.EncodeCounts()
        flags = (c.CLAMP if clamp else 0) | (c.UNKNOWN_OTHER if unknown_other else 0)
        c.call(
            "ppdl_encode",
            self._handle.address,
            columns,
            len(wanted),
            sizeof(c.Column),
            rows,
            flags,
            c.address(x),
            c.address(y) if label else None,
            c.address(has) if label else None,
            byref(counts),
        )
        seen = {"clamped": int(counts.clamped), "unknown": int(counts.unknown), "clipped": int(counts.clipped)}
        return x, y, has, seen

    # ---- answers

    def average(self, mean: ArrayLike, error: float = 0.0) -> tuple[pd.Series, pd.Series]:
        """What a mean of encoded rows says of the table, and the error of each: averages of numbers in their own
        units, over the rows that have one, and shares of categories."""
        return self._decoded("ppdl_decode_average", self.averages, "a mean", mean, error)

    def sum(self, total: ArrayLike, rows: float, error: float = 0.0) -> tuple[pd.Series, pd.Series]:
        """The same of a sum of so many encoded rows, none of them NULL: totals of numbers, counts of categories. NaN
        on scales of logarithms."""
        return self._decoded("ppdl_decode_sum", self.sums, "a sum", total, error, rows)

    def difference(self, difference: ArrayLike, error: float = 0.0) -> tuple[pd.Series, pd.Series]:
        """The same of a difference of means, or of sums of equally many rows. NaN where values may be missing, since
        it does not follow: decode both means. On scales of logarithms it is a ratio."""
        return self._decoded("ppdl_decode_difference", self.differences, "a difference", difference, error)

    def _decoded(
        self, function: str, names: list[str], what: str, numbers: ArrayLike, error: float, *rows: float
    ) -> tuple[pd.Series, pd.Series]:
        x = np.ascontiguousarray(numbers, dtype=np.float64).ravel()
        if len(x) != self.width:
            raise FormatError(f"{self.path}: {what} of {len(x)} values, the encoding makes {self.width}")
        values, errors = np.empty(len(names)), np.empty(len(names))
        c.call(
            function,
            self._handle.address,
            c.address(x),
            len(x),
            error,
            *rows,
            c.address(values),
            c.address(errors),
        )
        return pd.Series(values, names), pd.Series(errors, names)

    def predicted(self, outputs: ArrayLike, error: float = 0.0) -> tuple[NDArray[Any], Array]:
        """Of rows x outputs, each with that error: the class of each row, None where the lead is not larger than the
        error, and by how much it leads; or labels in their own units, and NaN."""
        y = np.ascontiguousarray(outputs, dtype=np.float64).reshape(-1, max(1, self.label_width))
        names: list[Any] = []
        leads = np.full(len(y), np.nan)
        number, lead, value = c_int32(), c_double(), c_double()
        for i, row in enumerate(y):
            if not np.all(np.isfinite(row)):
                names.append(None)
            elif self.classes:
                c.call(
                    "ppdl_decode_class",
                    self._handle.address,
                    c.address(row),
                    len(row),
                    error,
                    byref(number),
                    byref(lead),
                )
                names.append(self.classes[number.value] if number.value >= 0 else None)
                leads[i] = lead.value
            else:
                c.call("ppdl_decode_label", self._handle.address, float(row[0]), byref(value))
                names.append(value.value)
        return np.array(names, dtype=object if self.classes else np.float64), leads


def _optional(s: bytes | None) -> str | None:
    return None if s is None else s.decode()


def _fill(column: c.Column, name: str, values: Any, kept: list[Any]) -> None:
    """Numbers as they are, everything else as text; what the struct points to goes to `kept`."""
    encoded = name.encode()  # no zero byte: the encoding has the name, too
    column.name = encoded
    kept.append(encoded)
    kind = pd.api.types
    if kind.is_numeric_dtype(values.dtype) and not (
        kind.is_bool_dtype(values.dtype) or kind.is_complex_dtype(values.dtype)
    ):
        numbers = np.ascontiguousarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        kept.append(numbers)
        column.numbers = cast(numbers.ctypes.data, POINTER(c_double))
        return
    texts = (c_char_p * max(1, len(values)))()
    for i, (value, absent) in enumerate(zip(values, values.isna())):
        texts[i] = None if absent else c.terminated(_field(value).encode(), f'row:{i + 1}: column "{name}"')
    kept.append(texts)
    column.texts = cast(texts, POINTER(c_char_p))


def _field(value: Any) -> str:
    """As it would stand in a CSV file."""
    return repr(float(value)) if isinstance(value, (float, np.floating)) else str(value)
