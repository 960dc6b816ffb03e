"""Results of queries as tables: encrypted columns decrypted, packed ones dealt out, and, by a feature file, decoded."""

from __future__ import annotations

import re
from ctypes import byref, c_double
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from . import _library as c
from .encoding import Encoding
from .errors import FormatError
from .owner import Decrypted, _data, describe
from .receipts import Verifier, Verify

if TYPE_CHECKING:
    from .owner import Owner

_TOTALS = ("average", "sum", "difference")
_WAYS = (*_TOTALS, "predicted", "raw")
_WORDS = {
    "avg": "average",
    "mean": "average",
    "average": "average",
    "sum": "sum",
    "total": "sum",
    "diff": "difference",
    "difference": "difference",
}
_SCHEMA = """SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'ppdl'"""
_TYPES = """SELECT t.oid, t.typname, t.typarray FROM pg_type t
JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'ppdl' AND t.typname IN ('lwe_cipher', 'rsa_cipher')"""


class Answers:
    """What becomes of a result's columns.

    An encrypted number becomes a float, an encrypted vector an array, values of other owners' keys
    "<lwe_cipher of key ...>". Packed values, predictions of many rows, are dealt out, a row each, with the arrays
    beside them (array_agg(id)); expand=False leaves arrays of rows x outputs.

    decode says for a column, by its name
      "average"    it is a mean of encoded rows: a column for each average that the encoding has, "avg.Age", in units of
                   the table and corrected for missing values
      "sum"        it is a sum of encoded rows: totals, and counts of categories. How many rows they are the value says;
                   "sum:n" where it was scaled: the column n has counted them, count(features)
      "difference" it is a difference of means, or of sums of equally many rows
      "predicted"  it is a model's answer: class names, None where two are too close to tell, with by how much they lead
                   in "score.lead"; or labels in their units
      "raw"        as without features
      a function   what becomes of rows x outputs, for instance Model.answer of a model from scikit-learn
    With features, columns as wide as the encoding whose names have one of the words avg, mean, average, sum, total,
    diff, difference in them are that, if the values can be, and packed values as wide as its label are predictions,
    unless decode says otherwise.

    Questions on encrypted columns stand in braces, in the words of features, as `ppdl query` takes them:
    "SELECT ward, {count where Age > 65 and Smoking = 'Yes'} FROM patients GROUP BY ward". Each becomes a column of
    numbers.

    Sums, averages and answers of fewer rows than min_count are None, as far as a value, or a column "count", tells how
    many they are.

    `.attrs["errors"]` of the table has the largest standard deviation of each encrypted column, of averages one for
    each; `.attrs["notes"]` what is to be known of the answers.
    """

    def __init__(
        self,
        owner: Owner,
        encoding: Encoding | None,
        decode: dict[str, Any],
        expand: bool,
        share: bool,
        min_count: int = 5,
        verify: Verify | None = None,
    ) -> None:
        if min_count < 1:
            raise FormatError(f"min_count is {min_count}; 1 or more is expected")
        for name, way in decode.items():
            if not callable(way) and way not in _WAYS and not str(way).startswith("sum:"):
                raise FormatError(
                    f'decode: "{name}" is to become {way!r}; {", ".join(_WAYS)} or a function are possible'
                )
            if not callable(way) and way != "raw" and encoding is None:
                raise FormatError(f'decode: "{name}" as "{way}" needs features')
        self.owner, self.encoding, self.decode = owner, encoding, decode
        self.expand, self.share = expand, share
        self.min_count, self.verify = min_count, verify
        self._conn: Any = None  # where writers have not been looked for yet
        self.errors: dict[str, float] = {}
        self.notes: list[str] = []
        self.few = self.values = 0

    def query(self, conn: Any, sql: Any, params: Any) -> pd.DataFrame:
        self._conn = conn
        with conn.cursor() as cursor:
            oids: dict[int, tuple[str, bool]] = {}
            for oid, name, array in cursor.execute(_TYPES).fetchall():
                oids[oid] = (name, False)
                oids[array] = (name, True)
            question = self._question(conn, sql)
            # texts are what is verified
            binary = {} if self.verify is None else {"binary": False}
            cursor.execute(sql if question is None else question.statement, params, **binary)
            if cursor.description is None:
                raise FormatError("the query returns no rows with columns: a SELECT is expected")
            names = [d.name for d in cursor.description]
            types = [oids.get(d.type_code) for d in cursor.description]
            rows = cursor.fetchall()
            if self.verify is not None:
                rows = self._verified(conn, cursor.pgresult, names, rows, _text_of(conn, sql))
        unknown = [n for n in self.decode if n not in names]
        if unknown:
            raise FormatError(f'decode: the result has no column "{unknown[0]}", only {", ".join(names)}')
        if len(set(names)) != len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise FormatError(f'the result has two columns "{twice}": name them with AS')
        cells = {n: [row[i] for row in rows] for i, n in enumerate(names)}
        if question is not None:
            self._answer(question, cells)
        return self.table(cells, {n: t for n, t in zip(names, types) if t is not None})

    def table(self, cells: dict[str, list[Any]], types: dict[str, tuple[str, bool]]) -> pd.DataFrame:
        counted = cells.get("count", [])
        opened = {
            n: [self._open(v, *types[n], _count(counted, i)) for i, v in enumerate(column)] if n in types else column
            for n, column in cells.items()
        }
        if self.expand and any(isinstance(v, Decrypted) and v.is_packed for n in types for v in opened[n]):
            opened = _dealt(opened)
        out: dict[str, list[Any]] = {}
        for name, column in opened.items():
            out.update(self._column(name, column, opened) if name in types else {name: column})
        df = pd.DataFrame({n: pd.Series(v, dtype=None if v else object) for n, v in out.items()})
        if self.few:
            self.notes.append(
                f"{self.few} of {self.values} encrypted values stand for fewer than {self.min_count} rows, and are not "
                "decrypted"
            )
        df.attrs.update(errors=self.errors, notes=self.notes)
        return df

    # ---- receipts

    def _verified(
        self, conn: Any, result: Any, names: list[str], rows: list[tuple[Any, ...]], text: str
    ) -> list[tuple[Any, ...]]:
        """The rows with what receipts prove in place of sums and averages, before anything is decrypted."""
        assert self.verify is not None
        self.owner._add_writers(conn)
        verifier, encoding, out = Verifier(self.owner, self.verify), conn.info.encoding, []
        verifier.query(text)
        for r, row in enumerate(rows):
            fields = [_utf8(result.get_value(r, i), encoding) for i in range(len(names))]
            proved = verifier.record(names, fields)
            same = [old is not None and new is not None and old == new.encode() for old, new in zip(fields, proved)]
            out.append(tuple(v if s or p is None else p for v, s, p in zip(row, same, proved)))
        return out

    # ---- questions in braces

    def _question(self, conn: Any, sql: Any) -> Question | None:
        text = _text_of(conn, sql)
        if "{" not in text:
            return None
        with conn.cursor() as cursor:
            found = cursor.execute(_SCHEMA).fetchone()
        question = Question(self.encoding, str(found[0]) if found else "public", text)
        return question if question.count else None

    def _answer(self, question: Question, cells: dict[str, list[Any]]) -> None:
        """Puts answers into the cells where the server put what they are made of."""
        for name, column in cells.items():
            for i, value in enumerate(column):
                # of an array or JSON object an answer may be a part, which is refused
                text = str(value) if isinstance(value, (str, list, dict)) else ""
                if "ppdl:" not in text:
                    continue
                answer = question.answer(self.owner, text, self.min_count, self.share)
                if answer is None:
                    continue
                self.values += 1
                self.few += answer.kind == c.QUESTION_FEW
                column[i] = float(answer.value) if answer.kind == c.QUESTION_NUMBER else None
                self.errors[name] = max(self.errors.get(name, 0.0), float(answer.error))
        self.notes += question.notes

    # ---- cells

    def _open(self, value: Any, kind: str, is_array: bool, counted: float = 0.0) -> Any:
        if value is None:
            return None
        if is_array:
            elements = value if isinstance(value, list) else _elements(value)
            return [self._open(v, kind, False) for v in elements]
        what = describe(value)
        if not self._reads(what["fingerprint"]):
            return f"<{kind} of key {what['fingerprint']}>"
        self.values += 1
        if self._is_few(_data(value), counted):
            self.few += 1
            return None
        return self.owner._decrypted(_data(value), what, self.share)

    def _reads(self, fingerprint: str) -> bool:
        """The key's own values, and those of its writers, whom the database knows."""
        if self.owner._reads(fingerprint):
            return True
        if self._conn is None or self.owner.scheme != "lwe":
            return False
        self.owner._add_writers(self._conn)
        self._conn = None
        return self.owner._reads(fingerprint)

    def _is_few(self, data: bytes, counted: float) -> bool:
        rows = c_double()
        if self.min_count > 1:
            c.call("ppdl_value_group_size", data, len(data), counted, byref(rows))
        return self.min_count > 1 and rows.value < self.min_count - 1e-3

    def _way(self, name: str, values: list[Decrypted]) -> Any:
        if name in self.decode:
            return self.decode[name]
        e = self.encoding
        if e is None:
            return "raw"
        width = values[0].values.shape[1]
        if values[0].is_packed:
            return "predicted" if width == e.label_width else "raw"
        way = _said_by(name)
        possible = {
            "average": all(v.bound <= 1 + 1e-9 for v in values),
            "sum": all(_rows_of(v) is not None for v in values),
            "difference": True,
        }
        totals = all(v.kind in ("row", "parts") for v in values)
        return way if totals and width == e.width and possible.get(way, False) else "raw"

    def _column(
        self, name: str, column: list[Any], beside: Mapping[str, list[Any]] = MappingProxyType({})
    ) -> dict[str, list[Any]]:
        values = [v for v in column if isinstance(v, Decrypted)]
        for v in values:
            self._check_encoding(name, v)
        way = self._way(name, values) if values else "raw"
        total = way if way in _TOTALS else "sum" if isinstance(way, str) and way.startswith("sum:") else None
        if total is None and values:
            self.errors[name] = max(v.error for v in values)
        if total == "sum":
            return self._sums(name, column, way[4:], beside)
        if total is not None:
            return self._totals(name, total, column)
        if way == "predicted":
            return self._predictions(name, column)
        if way == "raw":
            return {name: [_plain(v) for v in column]}
        return {name: self._made(name, way, column)}

    def _made(self, name: str, way: Any, column: list[Any]) -> list[Any]:
        """What a function makes of all rows at once."""
        values = np.vstack([v.values for v in column if isinstance(v, Decrypted)])
        made = np.asarray(way(values))
        if made.ndim == 0 or len(made) != len(values):
            raise FormatError(f'decode: the function for "{name}" made {made.shape} of {len(values)} rows')
        out, at = [], 0
        for v in column:
            if isinstance(v, Decrypted):
                out.append(_one(made[at : at + len(v.values)]) if len(v.values) != 1 else _one(made[at]))
                at += len(v.values)
            else:
                out.append(v)
        return out

    def _check_encoding(self, name: str, value: Decrypted) -> None:
        e = self.encoding
        if e is not None and e.id and value.encoding and e.id != value.encoding and self.decode.get(name) != "raw":
            raise FormatError(
                f'column "{name}" was encoded by {value.encoding:012x}, {e.path} is {e.id:012x}',
                hint="Give the feature file that the rows were encoded with.",
            )

    def _sums(self, name: str, column: list[Any], count: str, beside: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """count: the column that counts rows, or "": the values do."""
        if count and count not in beside:
            raise FormatError(f'decode: "sum:{count}": the result has no column "{count}"')
        counted = beside[count] if count else [_rows_of(v) if isinstance(v, Decrypted) else None for v in column]
        for v, n in zip(column, counted):
            if isinstance(v, Decrypted) and not isinstance(n, (int, float, Decimal)):
                what = f'{n!r} in "{count}" is no number' if count else "its value does not say"
                raise FormatError(
                    f'column "{name}": a sum of how many rows? {what}',
                    hint=f'Select their number, count(features) AS n, and give decode={{"{name}": "sum:n"}}.',
                )
        return self._totals(name, "sum", column, counted)

    def _totals(
        self, name: str, way: str, column: list[Any], counted: Sequence[Any] | None = None
    ) -> dict[str, list[Any]]:
        e = self.encoding
        assert e is not None
        names = {"average": e.averages, "sum": e.sums, "difference": e.differences}[way]
        out: dict[str, list[Any]] = {f"{name}.{a}": [] for a in names}
        for i, v in enumerate(column):
            if not isinstance(v, Decrypted):
                for cells in out.values():
                    cells.append(np.nan if v is None else v)
                continue
            x = v.values[0]
            decoded = (
                e.sum(x, float(counted[i]), v.error)
                if counted is not None
                else (e.average if way == "average" else e.difference)(x, v.error)
            )
            for (key, cells), value, error in zip(out.items(), *decoded):
                cells.append(value)
                self.errors[key] = max(self.errors.get(key, 0.0), float(error))
        return out

    def _predictions(self, name: str, column: list[Any]) -> dict[str, list[Any]]:
        e = self.encoding
        assert e is not None
        found: list[Any] = []
        leads: list[Any] = []
        for v in column:
            if not isinstance(v, Decrypted):
                found.append(v)
                leads.append(np.nan)
                continue
            if v.values.shape[1] != e.label_width:
                raise FormatError(
                    f'column "{name}" has {v.values.shape[1]} outputs, the label of {e.path} has {e.label_width}'
                )
            labels, lead = e.predicted(v.values, v.error)
            found.append(_one(labels))
            leads.append(_one(lead))
        return {name: found, f"{name}.lead": leads} if e.classes else {name: found}


class Question:
    """SQL text with questions on encrypted columns in braces."""

    def __init__(self, encoding: Encoding | None, schema: str, sql: str) -> None:
        text = c.terminated(sql.encode(), "the statement")
        self._encoding = encoding  # which the handle refers to
        given = None if encoding is None else encoding._handle.address
        self._handle = c.Handle("ppdl_question_new", "ppdl_question_free", given, schema.encode(), text)
        lib, at = c.library(), self._handle.address
        self.count = int(lib.ppdl_question_count(at))
        self.statement = bytes(lib.ppdl_question_statement(at))
        self.notes = lib.ppdl_question_notes(at).decode("utf-8", "replace").splitlines()

    def answer(self, owner: Owner, value: str, min_count: int, share: bool) -> c.Answer | None:
        """None: the value is no answer. psycopg has taken the quotes off JSON."""
        text = f'"{value}"'.encode()
        answer = c.Answer()
        with owner._interruptible():
            c.call(
                "ppdl_question_answer", self._handle.address, owner._key.address, text, len(text), min_count,
                c.SHARE if share else 0, byref(answer),
            )  # fmt: skip
        return None if answer.kind == c.QUESTION_OTHER else answer


def _text_of(conn: Any, sql: Any) -> str:
    if hasattr(sql, "as_string"):
        return str(sql.as_string(conn))
    return sql.decode() if isinstance(sql, bytes) else str(sql)


def _utf8(text: bytes | None, encoding: str) -> bytes | None:
    return text if text is None or encoding == "utf-8" else text.decode(encoding).encode()


def _count(column: Sequence[Any], row: int) -> float:
    """What a column "count" says of a record, or 0."""
    n = column[row] if row < len(column) else None
    return float(n) if isinstance(n, (int, float, Decimal)) and n >= 1 else 0.0


def _said_by(name: str) -> str:
    """What a column's name says of a total, if it says one thing; avg1 is an average, too."""
    said = {_WORDS[w] for w in re.split(r"[\W_]+", name.lower()) if w in _WORDS}
    if not said and name.lower().startswith("avg"):
        return "average"
    return said.pop() if len(said) == 1 else "raw"


def _rows_of(value: Decrypted) -> float | None:
    """How many rows were added, where no weight scaled them."""
    whole = float(round(value.bound))
    return whole if value.bound >= 0.5 and abs(value.bound - whole) <= 1e-9 * value.bound else None


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if not isinstance(value, Decrypted):
        return value
    if value.is_packed and len(value.values) == 1:
        return _one(value.values[0])
    return value.simple()


def _one(values: Any) -> Any:
    a = np.asarray(values)
    return a.ravel()[0] if a.size == 1 else a


def _elements(text: str) -> Iterable[Any]:
    """Of an array of base64 texts, which need no quotes."""
    inner = text.strip()[1:-1]
    if "{" in inner:
        raise FormatError("arrays of encrypted values have one dimension here: unnest the others")
    return [None if v == "NULL" else v for v in inner.split(",")] if inner else []


def _dealt(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Each record with packed values becomes as many as these have rows; lists of that length go along, other values
    are repeated."""
    out: dict[str, list[Any]] = {n: [] for n in columns}
    for i in range(len(next(iter(columns.values())))):
        record = {n: column[i] for n, column in columns.items()}
        packed = {n: len(v.values) for n, v in record.items() if isinstance(v, Decrypted) and v.is_packed}
        if len(set(packed.values())) > 1:
            raise FormatError(f"packed values of different lengths in a record: {packed}")
        rows = next(iter(packed.values()), 1)
        for n, v in record.items():
            if n in packed:
                out[n] += [_part(v, r) for r in range(rows)]
            elif packed and isinstance(v, list):
                if len(v) != rows:
                    raise FormatError(f'column "{n}" has {len(v)} elements beside {rows} packed rows')
                out[n] += v
            else:
                out[n] += [v] * rows
    return out


def _part(v: Decrypted, row: int) -> Any:
    """One row of a packed value; None where it has none."""
    values = v.values[row : row + 1]
    return None if np.isnan(values).all() else Decrypted(values, v.error, v.kind, v.encoding, None, v.bound)
