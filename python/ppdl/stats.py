"""Statistics of encrypted rows: sums and products come from a server, and all else is computed of them here, in the
units of the table that was encrypted. What `ppdl stats` shows, as tables."""

from __future__ import annotations

import json
import os
from ctypes import byref, c_char_p, c_int32
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Sequence, cast

import numpy as np
import pandas as pd

from . import _library as c
from .answers import _SCHEMA, _utf8
from .encoding import Encoding, Features
from .errors import FormatError, PpdlError
from .receipts import Verify

if TYPE_CHECKING:
    from .owner import Owner

Json = Mapping[str, Any]
_COLUMNS = """SELECT attname, {table}::regclass::text FROM pg_attribute WHERE attrelid = {table}::regclass AND attnum > 0
AND NOT attisdropped AND atttypid = {type}::regtype"""
_BOUND = """SELECT attname FROM pg_attribute WHERE attrelid = {table}::regclass AND attnum > 0 AND NOT attisdropped
AND lower(attname COLLATE "C") = lower({name} COLLATE "C") ORDER BY attname <> {name} LIMIT 1"""


@dataclass(frozen=True)
class Regression:
    """Least squares of a column on others.

    coefficients  a row a term, the constant first: value, standard_error, t, p, low, high
    summary       n, degrees_of_freedom, r_squared, adjusted_r_squared, residual_standard_error, f,
                  f_degrees_of_freedom, f_p
    compared_with levels that the others of their column are compared with
    left_out      terms that the others determine, or that are the same in all rows
    notes         what could not be had, and why

    With groups both tables have one part a group, under the groups' columns.
    """

    coefficients: pd.DataFrame
    summary: pd.DataFrame
    compared_with: list[str]
    left_out: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Crosstab:
    """How often levels of two columns meet.

    counts   a row a level of the first, a column a level of the second
    summary  n, missing, chi_squared, degrees_of_freedom, p, cramer_v, least_expected, odds_ratio with its interval
             (of two by two)
    """

    counts: pd.DataFrame
    summary: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class Histogram:
    """Rows of each band or category; summary: n, missing, and of bands quantiles interpolated in them."""

    counts: pd.DataFrame
    summary: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class Components:
    """Principal components of the correlations.

    variances  a row a component: eigenvalue, share of all
    loadings   a row a component, a column a term
    """

    variances: pd.DataFrame
    loadings: pd.DataFrame
    notes: list[str]


class Stats:
    """Statistics of a table's encrypted rows: Owner.stats makes it.

    Each method asks the server for the sums and products that it takes, once: what came stays encrypted here, and is
    decrypted for each answer anew. Numbers have as many digits as their error supports; those that encryption has made
    uncertain altogether are NaN. `.attrs["errors"]` of a table is one of its shape with the standard deviations that
    encryption adds, `.attrs["why"]` one with why a number is NaN, `.attrs["notes"]` what could not be had; statistics of
    several tables have `notes`. With group_by the index begins with the groups' columns.

    With verify, sums and numbers of rows are checked against receipts before they are decrypted, and notes say
    "verified: all 412 rows, ward = A"; KeyFileError for what does not pass. Means, missing values and histograms are
    certain then; products, and what is computed from them, are not, and a note says so.
    """

    def __init__(
        self,
        owner: Owner,
        conn: Any,
        table: str | Sequence[str],
        features: Features | None,
        where: Any,
        group_by: list[str],
        column: str,
        label: str | None,
        min_count: int,
        share: bool,
        verify: Verify | None = None,
    ) -> None:
        if min_count < 1:
            raise FormatError(f"min_count is {min_count}; 1 or more is expected")
        self._owner, self._conn, self._share = owner, conn, share
        self._where = where.as_string(conn) if hasattr(where, "as_string") else where
        self._group_by, self._min_count = group_by, min_count
        self._rows: dict[str, tuple[list[list[bytes | None]], list[tuple[Any, ...]]]] = {}
        self._schema, self._table, columns = self._look(table)
        if column not in columns:
            has = f"; it has {', '.join(columns)}" if columns else ""
            raise FormatError(f'table {self._table} has no column "{column}" of type lwe_cipher{has}')
        self._column = column
        self.encoding = Encoding.of(features) if features is not None else self._find_encoding()
        if label is not None and label not in columns:
            raise FormatError(f'table {self._table} has no column "{label}" of type lwe_cipher')
        if label is not None and not self.encoding.label_width:
            raise FormatError(f"label: {self.encoding.path} has no label")
        known = label or ("label" if "label" in columns and column != "label" else None)
        self._label = known if self.encoding.label_width else None
        self._verify = verify
        self._bound = None if verify is None else [self._find_bound(name) for name in verify.bind]

    # ---- what is asked

    def describe(self, columns: Iterable[str] | None = None, *, deviations: bool = True) -> pd.DataFrame:
        """A row a column, of categories one a level: n, missing (a share), mean, std, least and greatest that the
        encoding can hold. deviations=False takes no products, which some rows have no keys for."""
        answer = self.json(describe=deviations, means=not deviations, columns=columns)
        names = {"n": "n", "missing": "missing", "mean": "mean", "std": "deviation"}

        def part(group: Json) -> _Table:
            rows = group.get("describe", [])
            t = _Table([r["column"] for r in rows], "column")
            for name, key in names.items():
                t.add(name, [r[key] for r in rows])
            for name in ("least", "greatest"):
                t.add(name, [r[name] for r in rows])
            return t

        return self._table_of(answer, part, self._notes(answer))

    def correlation(self, columns: Iterable[str] | None = None, *, covariance: bool = False) -> pd.DataFrame:
        """The matrix of correlations, or of covariances; of two categories the second stands for its column."""
        answer = self.json(correlation=True, columns=columns)
        kind = "covariance" if covariance else "correlation"

        def part(group: Json) -> _Table:
            matrix = group.get("correlation", {"columns": [], kind: []})
            t = _Table(matrix["columns"], "column")
            for name, cells in zip(matrix["columns"], zip(*matrix[kind])):
                t.add(name, list(cells))
            return t

        return self._table_of(answer, part, self._notes(answer))

    def regress(
        self, label: str, on: Iterable[str] | None = None, *, ridge: float = 0.0, level: float = 0.95
    ) -> Regression:
        """Least squares of a column, or of "Column=level", on others; on: None: all other columns of features."""
        answer = self.json(regress=[label], on=on, ridge=ridge, level=level)
        notes = self._notes(answer)

        def coefficients(group: Json) -> _Table:
            rows = [k for r in group.get("regressions", []) for k in r["coefficients"]]
            t = _Table([k["term"] for k in rows], "term")
            for name in ("value", "standard_error", "t", "p", "low", "high"):
                t.add(name, [k[name] for k in rows])
            return t

        found = [r for g in answer["groups"] for r in g.get("regressions", [])]
        names = (
            "n", "degrees_of_freedom", "r_squared", "adjusted_r_squared", "residual_standard_error", "f",
            "f_degrees_of_freedom", "f_p",
        )  # fmt: skip
        return Regression(
            self._table_of(answer, coefficients, notes),
            self._summary(answer, "regressions", names, notes),
            list(dict.fromkeys(t for r in found for t in r["compared_with"])),
            list(dict.fromkeys(t for r in found for t in r["left_out"])),
            notes,
        )

    def crosstab(self, a: str, b: str, *, level: float = 0.95) -> Crosstab:
        """Two columns of categories or bands; level: of the odds ratio's interval."""
        answer = self.json(crosstab=[a, b], level=level)
        notes = self._notes(answer)

        def counts(group: Json) -> _Table:
            none: Json = {"row_levels": [], "column_levels": [], "counts": []}
            table: Json = next(iter(group.get("crosstabs", [])), none)
            t = _Table(table["row_levels"], a)
            for name, cells in zip(table["column_levels"], zip(*table["counts"])):
                t.add(name, list(cells))
            return t

        names = (
            "n", "missing", "chi_squared", "degrees_of_freedom", "p", "cramer_v", "least_expected", "odds_ratio",
            "odds_ratio_low", "odds_ratio_high",
        )  # fmt: skip
        made = self._table_of(answer, counts, notes)
        made.columns.name = b
        return Crosstab(made, self._summary(answer, "crosstabs", names, notes), notes)

    def histogram(self, column: str) -> Histogram:
        """A column of bands ("ppdl encode --bands", "--thermometer") or categories. Takes no products."""
        answer = self.json(histogram=[column])
        notes = self._notes(answer)

        def counts(group: Json) -> _Table:
            none: Json = {"levels": [], "counts": []}
            found: Json = next(iter(group.get("histograms", [])), none)
            t = _Table(found["levels"], column)
            t.add("rows", found["counts"])
            return t

        first: Json = next((h for g in answer["groups"] for h in g.get("histograms", [])), {})
        names = ("n", "missing", *(k for k in first if k.startswith("quantile_")))
        return Histogram(
            self._table_of(answer, counts, notes), self._summary(answer, "histograms", names, notes), notes
        )

    def pca(self, columns: Iterable[str] | None = None) -> Components:
        """Of the correlations of these columns; None: of all."""
        answer = self.json(components=True, columns=columns)
        notes = self._notes(answer)
        none: Json = {"columns": [], "eigenvalues": [], "shares": [], "vectors": []}

        def variances(group: Json) -> _Table:
            p = group.get("components", none)
            t = _Table(range(1, len(p["eigenvalues"]) + 1), "component")
            t.add("eigenvalue", p["eigenvalues"])
            t.add("share", p["shares"])
            return t

        def loadings(group: Json) -> _Table:
            p = group.get("components", none)
            t = _Table(range(1, len(p["vectors"]) + 1), "component")
            for name, cells in zip(p["columns"], zip(*p["vectors"])):
                t.add(name, list(cells))
            return t

        return Components(self._table_of(answer, variances, notes), self._table_of(answer, loadings, notes), notes)

    def json(
        self,
        *,
        columns: Iterable[str] | None = None,
        regress: Iterable[str] = (),
        on: Iterable[str] | None = None,
        crosstab: Iterable[str] = (),
        histogram: Iterable[str] = (),
        ridge: float = 0.0,
        level: float = 0.95,
        **asked: bool,
    ) -> dict[str, Any]:
        """What `ppdl stats --json` prints. asked: describe, means, correlation, components, all."""
        lists = {"columns": columns, "regress": regress, "on": on, "crosstab": crosstab, "histogram": histogram}
        options = c.StatsOptions(
            ridge=ridge,
            level=level,
            min_count=self._min_count,
            **{k: int(v) for k, v in asked.items()},
            **{k: _texts(v, k) for k, v in lists.items()},
        )
        source = c.StatsSource(
            schema=self._schema.encode(),
            table=self._table.encode(),
            features=c.terminated(self._column.encode(), "the name of a column"),
            label=None if self._label is None else c.terminated(self._label.encode(), "the name of a column"),
            where=None if self._where is None else c.terminated(self._where.encode(), "where"),
            group_by=_texts(self._group_by, "group_by"),
        )
        handle = c.Handle(
            "ppdl_stats_new", "ppdl_stats_free", self.encoding._handle.address, byref(source), byref(options)
        )
        try:
            self._ask_receipts(handle)
            return self._answer(handle)
        finally:
            handle.close()

    # ---- the server

    def _look(self, table: str | Sequence[str]) -> tuple[str, str, list[str]]:
        """Schema of the extension, the table as SQL writes it, its encrypted columns."""
        from psycopg import sql

        name = (sql.Identifier(table) if isinstance(table, str) else sql.Identifier(*table)).as_string(self._conn)
        with self._conn.cursor() as cursor:
            found = cursor.execute(_SCHEMA).fetchone()
            if found is None:
                raise FormatError("the database has no extension ppdl", hint="CREATE EXTENSION ppdl makes it.")
            schema = str(found[0])
            query = sql.SQL(_COLUMNS).format(table=sql.Literal(name), type=sql.Literal(f"{schema}.lwe_cipher"))
            return schema, name, [row[0] for row in cursor.execute(query).fetchall()]

    def _find_bound(self, name: str) -> str:
        """The table's column of that name: the same, or else the same but for case."""
        from psycopg import sql

        query = sql.SQL(_BOUND).format(table=sql.Literal(self._table), name=sql.Literal(name))
        with self._conn.cursor() as cursor:
            row = cursor.execute(query).fetchone()
        if row is None:
            raise FormatError(f'bind: table {self._table} has no column "{name}"')
        return str(row[0])

    def _ask_receipts(self, handle: c.Handle) -> None:
        if self._verify is None or self._bound is None:
            return
        self._owner._add_writers(self._conn)
        options = self._verify._options(None)
        columns = c.texts([name.encode() for name in self._bound], "a column")
        c.call("ppdl_stats_verify", handle.address, self._owner._key.address, byref(options), columns)

    def _find_encoding(self) -> Encoding:
        from psycopg import sql

        query = sql.SQL("SELECT {f}({c}) FROM {t} WHERE {c} IS NOT NULL LIMIT 1").format(
            f=sql.SQL(f"{self._schema}.lwe_encoding"), c=sql.Identifier(self._column), t=sql.SQL(self._table)
        )
        with self._conn.cursor() as cursor:
            row = cursor.execute(query).fetchone()
        if row is None or row[0] is None:
            raise FormatError(
                f"table {self._table}: no row says which encoding it has", hint="Give features, the feature file."
            )
        return Encoding.find(int(row[0], 16), [os.fsdecode(self._owner.path)] if self._owner.path else [])

    def _fetch(self, statement: str) -> tuple[list[list[bytes | None]], list[tuple[Any, ...]]]:
        """Rows as texts, and the groups' columns as Python has them."""
        if statement not in self._rows:
            with self._conn.cursor() as cursor:
                cursor.execute(statement.encode(), binary=False)
                result, n = cursor.pgresult, len(self._group_by)
                names = self._conn.info.encoding
                texts: list[list[bytes | None]] = [
                    [_utf8(result.get_value(i, j), names) for j in range(result.nfields)] for i in range(result.ntuples)
                ]
                self._rows[statement] = texts, [tuple(row[:n]) for row in cursor.fetchall()]
        return self._rows[statement]

    def _answer(self, handle: c.Handle) -> dict[str, Any]:
        lib = c.library()
        rows, groups = self._fetch(lib.ppdl_stats_statement(handle.address).decode())
        self._add(handle, rows)
        more = c_int32()
        c.call("ppdl_stats_more", handle.address, byref(more))
        if more.value:
            self._add_second(handle, lib.ppdl_stats_statement(handle.address).decode())
        text = c_char_p()
        c.call("ppdl_stats_result", handle.address, byref(text))
        answer = cast("dict[str, Any]", json.loads(text.value or b"{}"))
        known = {tuple(row[: len(self._group_by)]): group for row, group in zip(rows, groups)}
        for group in answer["groups"]:
            texts = tuple(None if v is None else v.encode() for v in group["group"].values())
            group["key"] = known.get(texts, tuple(group["group"].values()))
        return answer

    def _add(self, handle: c.Handle, rows: list[list[bytes | None]]) -> None:
        flags = c.SHARE if self._share else 0
        with self._owner._interruptible():
            for row in rows:
                fields = c.texts(row, "a field")
                c.call("ppdl_stats_add", handle.address, self._owner._key.address, fields, len(row), flags)

    def _add_second(self, handle: c.Handle, statement: str) -> None:
        """A server without the keys that it takes says so, and the rest is shown all the same."""
        import psycopg

        try:
            with self._conn.transaction():
                rows, _ = self._fetch(statement)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as e:
            why = ". ".join(t for t in (e.diag.message_primary, e.diag.message_hint) if t) or str(e)
            c.call("ppdl_stats_no_more", handle.address, why.encode())
            return
        self._add(handle, rows)

    # ---- tables

    def _notes(self, answer: Json) -> list[str]:
        several = len(self._group_by) > 0
        notes = [f"{_name(g)}: {n}" if several else str(n) for g in answer["groups"] for n in g["notes"]]
        withheld = answer["withheld_groups"]
        if withheld:
            notes.append(
                f"{withheld} group{'s' if withheld > 1 else ''} of fewer than {self._min_count} rows, "
                f"{answer['withheld_rows']:.0f} in all, not decrypted"
            )
        if not answer["groups"] and not several:
            raise PpdlError(
                f"table {self._table}: fewer than {self._min_count} rows, which are not decrypted"
                if withheld
                else f"no row of table {self._table} {'has values' if self._where is None else 'meets the condition'}",
                hint="min_count says how many they have to be." if withheld else "",
            )
        return notes

    def _table_of(self, answer: Json, part: Callable[[Json], _Table], notes: list[str]) -> pd.DataFrame:
        parts = [part(group) for group in answer["groups"]]
        out, errors, why = (self._joined(answer, [getattr(p, k)() for p in parts]) for k in ("values", "errors", "why"))
        out.attrs.update(errors=errors, why=why, notes=notes)
        return out

    def _joined(self, answer: Json, frames: list[pd.DataFrame]) -> pd.DataFrame:
        if not self._group_by:
            return frames[0]
        if not frames:
            return pd.DataFrame()
        keys = [group["key"] if len(self._group_by) > 1 else group["key"][0] for group in answer["groups"]]
        return pd.concat(frames, keys=keys, names=self._group_by)

    def _summary(self, answer: Json, kind: str, names: Sequence[str], notes: list[str]) -> pd.DataFrame:
        """A row for each group: numbers of its only statistic of a kind."""

        def part(group: Json) -> _Table:
            rows = group.get(kind, [])
            t = _Table(range(len(rows)), None)
            for name in names:
                t.add(name, [r.get(name) for r in rows])
            return t

        out = self._table_of(answer, part, notes)
        return out.droplevel(-1) if self._group_by and len(out) else out


class _Table:
    """Columns of numbers, as JSON has them: plain, or with an error or why there is none."""

    def __init__(self, index: Iterable[Any], name: str | None) -> None:
        self._index = pd.Index(list(index), name=name)
        self._cells: dict[str, list[Any]] = {}

    def add(self, name: str, cells: Sequence[Any]) -> None:
        self._cells[name] = list(cells)

    def _frame(self, of: Callable[[Any], Any], dtype: Any) -> pd.DataFrame:
        made = {name: pd.Series([of(v) for v in cells], self._index, dtype) for name, cells in self._cells.items()}
        return pd.DataFrame(made, index=self._index)

    def values(self) -> pd.DataFrame:
        return self._frame(lambda v: _number(v["value"] if isinstance(v, dict) else v), float)

    def errors(self) -> pd.DataFrame:
        return self._frame(lambda v: _number(v.get("error")) if isinstance(v, dict) else 0.0, float)

    def why(self) -> pd.DataFrame:
        return self._frame(lambda v: v.get("why", "") if isinstance(v, dict) else "", object)


def _number(v: Any) -> float:
    return np.nan if v is None else float(v)


def _name(group: Json) -> str:
    return ", ".join(f"{k} is NULL" if v is None else f"{k} = {v}" for k, v in group["group"].items())


def _texts(items: Iterable[str] | None, what: str) -> Any:
    if items is None:
        return None
    names = [items] if isinstance(items, str) else list(items)
    return c.texts([n.encode() for n in names], what) if names else None
