"""The owner: a secret key, and all that is done with it on the owner's own machine."""

from __future__ import annotations

import base64
import ctypes
import getpass
import os
from contextlib import contextmanager
from ctypes import byref
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generator, Iterator, Mapping, Sequence, Union

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from . import _library as c
from .encoding import Array, Encoding, Features
from .errors import FormatError, PpdlError
from .receipts import Paths, Tagger, Verify, bound_texts

if TYPE_CHECKING:
    from .stats import Stats

Passphrase = Union[str, bytes, Callable[[str], str], None]
_ROWS_AT_ONCE = 1 << 16
_WRITERS_IN = """SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_class k ON k.relnamespace = n.oid WHERE e.extname = 'ppdl' AND k.relname = 'ppdl_writers'"""
_WRITERS = """SELECT p.data FROM SCHEMA.ppdl_writers w JOIN SCHEMA.ppdl_key_parts p ON p.key_id = w.writer_id
WHERE p.part = 'writer' AND p.chunk = 0"""


@dataclass(frozen=True)
class Decrypted:
    """A value in the clear.

    values  rows x width; NaN in rows without value
    error   standard deviation of each number; 0: exact
    kind    "cell" (a row as it was encrypted), "row" (a sum, an average), "packed", "parts", "rsa", "rsa prediction"
    exact   a number under RSA in all its digits
    bound   of each number: 1 for a row or an average, as many as rows for a sum; 0: not known
    """

    values: Array
    error: float
    kind: str
    encoding: int
    exact: str | None
    bound: float = 0.0

    @property
    def is_packed(self) -> bool:
        """Many rows in one value: predictions."""
        return self.kind in ("packed", "rsa prediction")

    def simple(self) -> Any:
        """A float, a vector, or for packed values rows x width; whole numbers under RSA as int, in all their digits."""
        if self.exact is not None and self.exact.lstrip("-").isdigit():
            return int(self.exact)
        if self.is_packed:
            return self.values
        return float(self.values[0, 0]) if self.values.shape[1] == 1 else self.values[0]


_KINDS = {
    c.CELL: "cell",
    c.ROW: "row",
    c.PACKED: "packed",
    c.PARTS: "parts",
    c.RSA_NUMBER: "rsa",
    c.RSA_PREDICTION: "rsa prediction",
}


def describe(value: str | bytes) -> dict[str, Any]:
    """What an encrypted value is; no key is needed."""
    data = _data(value)
    info = c.ValueInfo()
    c.call("ppdl_value_describe", data, len(data), byref(info))
    return {
        "scheme": "lwe" if info.scheme == c.LWE else "rsa",
        "kind": _KINDS.get(info.kind, "unknown"),
        "compact": bool(info.compact),
        "width": int(info.width),
        "rows": int(info.rows),
        "encoding": int(info.encoding),
        "fingerprint": info.fingerprint.decode(),
        "bound": float(info.bound),
    }


def _data(value: str | bytes | memoryview) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise FormatError(f"a {type(value).__name__} is no encrypted value: text or bytes are")


class EncryptedRows(Iterator[tuple[Any, ...]]):
    """Rows for psycopg's copy.write_row: kept columns, then the features' cell, then the label's, if there is one (None
    where the label is missing). Each row is encrypted once: it is an iterator, not a list. `columns` names them."""

    def __init__(
        self, columns: list[str], rows: Iterator[tuple[Any, ...]], count: int, tagger: Tagger | None = None
    ) -> None:
        self.columns = columns
        self.count = count
        self._rows = rows
        self._tagger = tagger
        self._given = 0

    def __iter__(self) -> EncryptedRows:
        return self

    def __next__(self) -> tuple[Any, ...]:
        row = next(self._rows)
        self._given += 1
        return row

    def save_manifest(self) -> None:
        """Writes the manifest, when all rows are where they should be: before the transaction that stores them
        commits, and before the owner is closed. copy() does that. Without receipts nothing happens."""
        if self._tagger is None:
            return
        if self._given < self.count:
            raise FormatError(f"{self.count - self._given} of {self.count} rows have not been taken yet")
        self._tagger.save()

    def __len__(self) -> int:
        """Of all rows, those given out already included."""
        return self.count


class Owner:
    """A key, open. Use it in a with statement, or close() it: the library wipes the key then."""

    def __init__(self, handle: c.Handle) -> None:
        self._key = handle
        lib = c.library()
        self.name: str = lib.ppdl_key_name(handle.address).decode()
        self.fingerprint: str = lib.ppdl_key_fingerprint(handle.address).decode()
        self.scheme: str = "lwe" if lib.ppdl_key_scheme(handle.address) == c.LWE else "rsa"
        self.writes_for: str = lib.ppdl_key_writes_for(handle.address).decode()
        self._writers: set[bytes] = set()
        self.path: bytes | None = None  # of its file, beside which feature files are looked for
        self._raised: list[BaseException] = []
        self._set_poll()

    def _set_poll(self) -> None:
        self._polling = _polling(self._raised)
        next(self._polling)
        self._poll = c.POLL(self._polling.send)  # the library keeps no reference to it
        c.library().ppdl_key_set_poll(self._key.address, self._poll, None)

    # ---- keys

    @staticmethod
    def open(path: str | os.PathLike[str], passphrase: Passphrase = None) -> Owner:
        """A secret key file. passphrase: text, a function that is given the key's name, or None: PPDL_PASSPHRASE,
        else it is asked for on the terminal."""
        file = c.path_of(path)
        if passphrase is None:
            passphrase = os.environ.get("PPDL_PASSPHRASE") or _ask
        if isinstance(passphrase, (str, bytes)):
            secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
            owner = Owner(c.Handle("ppdl_key_load", "ppdl_key_free", file, secret, len(secret)))
        else:
            owner = Owner(_load_asking(file, passphrase))
        owner.path = file
        return owner

    @staticmethod
    def generate(name: str) -> Owner:
        """A new key of lwe_cipher; save() it before anything is encrypted."""
        return Owner(c.Handle("ppdl_key_generate", "ppdl_key_free", c.terminated(name.encode(), "the name")))

    def save(self, path: str | os.PathLike[str], passphrase: str | bytes) -> None:
        """Into a new file, sealed by the passphrase: whoever loses either loses the rows."""
        secret = passphrase.encode() if isinstance(passphrase, str) else passphrase
        c.call("ppdl_key_save", self._key.address, c.path_of(path), secret, len(secret), 0)

    def save_public(self, path: str | os.PathLike[str]) -> None:
        """The public key file for `ppdl publish`, for sums and averages; `ppdl keygen` makes those for predictions."""
        c.call("ppdl_key_save_public", self._key.address, c.path_of(path))

    # ---- writers

    @staticmethod
    def generate_writer(name: str, owner_public: str | os.PathLike[str]) -> Owner:
        """A new writer's key for the owner whose public file this is: what it encrypts the owner reads, and it reads
        none of the owner's. `writes_for` is that owner's fingerprint."""
        text = c.terminated(name.encode(), "the name")
        return Owner(c.Handle("ppdl_key_generate_writer", "ppdl_key_free", text, c.path_of(owner_public)))

    def save_writer(self, owner_public: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
        """A writer's public file for `ppdl publish`, for sums and averages; `ppdl keygen --key FILE --writer-for
        OWNER.pub --for predict` makes those for predictions."""
        c.call("ppdl_key_save_writer", self._key.address, c.path_of(owner_public), c.path_of(path))

    def add_writer(self, path: str | os.PathLike[str]) -> None:
        """The key reads that writer's rows from now on: of its public file. Sums, averages and predictions of writers'
        rows need nothing of that, and query() finds the writers that the database knows."""
        c.call("ppdl_key_add_writer_file", self._key.address, c.path_of(path))

    def _add_writers(self, conn: Any) -> None:
        """Those whom the database knows."""
        from psycopg import sql

        with conn.cursor() as cursor:
            found = cursor.execute(_WRITERS_IN).fetchone()
            if found is None:
                return
            parts = cursor.execute(sql.SQL(_WRITERS.replace("SCHEMA", str(found[0])))).fetchall()
        for (part,) in parts:
            if bytes(part) in self._writers:
                continue
            self._writers.add(bytes(part))
            try:
                c.call("ppdl_key_add_writer", self._key.address, bytes(part), len(part))
            except FormatError:
                pass  # that writer's rows will not be read

    def _reads(self, fingerprint: str) -> bool:
        return bool(c.library().ppdl_key_reads(self._key.address, fingerprint.encode()))

    def close(self) -> None:
        self._key.close()

    def __enter__(self) -> Owner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ppdl.Owner {self.name}, key {self.fingerprint}>"

    # ---- encryption

    def encode(self, df: pd.DataFrame, features: Features, **options: bool) -> pd.DataFrame:
        """Encoding.encode: rows as the numbers that are encrypted, for training and for models' X. Nothing is
        encrypted."""
        return Encoding.of(features).encode(df, **options)

    def encrypt(
        self,
        data: pd.DataFrame | ArrayLike,
        features: Features | None = None,
        *,
        labels: bool | ArrayLike = False,
        keep: Sequence[str] | None = None,
        compact: bool = False,
        receipts: str | None = None,
        bind: Sequence[str] = (),
        manifest: str | os.PathLike[str] | None = None,
        **options: bool,
    ) -> EncryptedRows:
        """Rows for COPY.

        data      with features: a table, which the encoding turns into numbers; without: numbers in [-1, 1]
        labels    True: the encoding's label, from the table; or rows (x outputs) of numbers, NaN where there is none
        keep      columns of the table that go along in the clear, before the encrypted ones; None: the encoding's id
        compact   rows for sums and training, in a quarter of the bytes; predictions on them take long
        receipts  the table's name: rows get tags that make sums provable (query's verify), for it and their id, which
                  the encoding names
        bind      kept columns that rows are tied to, too: texts or whole numbers, such as the ward
        manifest  file of the rows with receipts, which is gone on with if it is there: EncryptedRows.save_manifest
        options   clamp, unknown_other: Encoding.encode
        """
        x, y, encoding = self._numbers(data, features, labels, options)
        if keep is None:
            keep = [encoding.id_column] if encoding and encoding.id_column else []
        plain: list[list[Any]] = []
        for name in keep:
            if not isinstance(data, pd.DataFrame) or name not in data.columns:
                raise FormatError(f'keep: the table has no column "{name}"')
            plain.append([None if absent else _python(v) for v, absent in zip(data[name], data[name].isna())])
        columns = [*keep, "features", *(["label"] if y is not None else [])]
        encryptor = self._encryptor(x, y, compact, encoding.id if encoding else 0)
        tags = None
        if receipts is not None:
            tags = _Tags(self._key, encryptor, receipts, _ids(data, encoding), list(bind), data, keep, manifest)
        elif len(bind) or manifest is not None:
            raise FormatError("bind and manifest are of receipts: give receipts, the table's name")
        rows = self._encrypted(encryptor, x, y, plain, tags)
        return EncryptedRows(columns, rows, len(x), None if tags is None else tags.tagger)

    def copy(
        self,
        conn: Any,
        table: str | Sequence[str],
        data: pd.DataFrame | ArrayLike,
        features: Features | None = None,
        *,
        columns: Sequence[str] | None = None,
        **options: Any,
    ) -> int:
        """Encrypts and copies rows into a table through a psycopg connection; returns how many. table: a name, or
        schema and name. columns: the table's, for encrypt(...).columns; None: the same names. options: those of
        encrypt."""
        from psycopg import sql

        rows = self.encrypt(data, features, **options)
        names = list(columns) if columns is not None else rows.columns
        if len(names) != len(rows.columns):
            raise FormatError(
                f"columns: {len(names)} names for {len(rows.columns)} columns ({', '.join(rows.columns)})"
            )
        place = sql.Identifier(table) if isinstance(table, str) else sql.Identifier(*table)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(place, sql.SQL(", ").join(map(sql.Identifier, names)))
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        rows.save_manifest()
        return len(rows)

    def _numbers(
        self, data: Any, features: Features | None, labels: Any, options: dict[str, bool]
    ) -> tuple[Array, Array | None, Encoding | None]:
        encoding = None if features is None else Encoding.of(features)
        if encoding is not None:
            if not isinstance(data, pd.DataFrame):
                raise FormatError("features need a table (DataFrame); leave them out for numbers")
            x = encoding.encode(data, **options).to_numpy()
        else:
            x = np.asarray(data, dtype=np.float64)
            if x.ndim != 2:
                raise FormatError(f"rows x values are expected, not an array of shape {x.shape}")
        if labels is True:
            if encoding is None:
                raise FormatError("labels=True takes them by an encoding: give features")
            y = encoding.labels(data, **options).to_numpy()
        elif labels is False or labels is None:
            return np.ascontiguousarray(x), None, encoding
        else:
            y = np.asarray(labels, dtype=np.float64)
            y = y.reshape(-1, 1) if y.ndim == 1 else y
            if y.ndim != 2 or len(y) != len(x):
                raise FormatError(f"labels of shape {y.shape} for {len(x)} rows")
        return np.ascontiguousarray(x), np.ascontiguousarray(y), encoding

    def _encryptor(self, x: Array, y: Array | None, compact: bool, encoding: int) -> c.Handle:
        outputs = 0 if y is None else y.shape[1]
        options = c.EncryptorOptions(inputs=x.shape[1], outputs=outputs, compact=int(compact), encoding=encoding)
        return c.Handle("ppdl_encryptor_new", "ppdl_encryptor_free", self._key.address, byref(options))

    def _encrypted(
        self, encryptor: c.Handle, x: Array, y: Array | None, plain: list[list[Any]], tags: _Tags | None
    ) -> Iterator[tuple[Any, ...]]:
        """Checks at once, encrypts as rows are taken."""
        info = c.EncryptorInfo()
        c.call("ppdl_encryptor_describe", encryptor.address, byref(info))
        inside = np.abs(x).max(axis=1, initial=0) <= 1
        if not inside.all():
            raise FormatError(f"row {int(np.argmin(inside)) + 1} holds a number that is not in [-1, 1]")
        step = max(int(info.batch_rows), _ROWS_AT_ONCE // int(info.batch_rows) * int(info.batch_rows))
        return self._batches(encryptor, x, y, plain, step, int(info.cell_bytes[0]), int(info.cell_bytes[1]), tags)

    def _batches(
        self, encryptor: c.Handle, x: Array, y: Array | None, plain: list[list[Any]], step: int, wide: int, narrow: int,
        tags: _Tags | None,
    ) -> Iterator[tuple[Any, ...]]:
        for at in range(0, len(x), step):
            self._key.address  # the encryptor must not outlive it
            part = np.ascontiguousarray(x[at : at + step])
            rows = len(part)
            cells = np.empty(rows * wide, dtype=np.uint8)
            labels = np.empty(rows * narrow, dtype=np.uint8)
            known = np.ones(rows, dtype=bool)
            answer = None
            if y is not None:
                known = ~np.isnan(y[at : at + rows]).any(axis=1)
                answer = np.where(known[:, None], y[at : at + rows], 0.0)
            c.call(
                "ppdl_encrypt",
                encryptor.address,
                c.address(part),
                None if answer is None else c.address(answer),
                rows,
                c.address(cells),
                None if answer is None else c.address(labels),
            )
            if tags is not None:
                cells, labels = tags.tag(at, rows, cells, None if answer is None else labels, known)
            features, codes = cells.tobytes(), labels.tobytes()
            more = 0 if tags is None else tags.tagger.bytes
            for i in range(rows):
                kept = tuple(column[at + i] for column in plain)
                cell = base64.b64encode(features[i * (wide + more) : (i + 1) * (wide + more)]).decode()
                if answer is None:
                    yield (*kept, cell)
                else:
                    code = codes[i * (narrow + more) : (i + 1) * (narrow + more)]
                    label = base64.b64encode(code).decode() if known[i] else None
                    yield (*kept, cell, label)

    # ---- decryption

    def decrypt(self, value: str | bytes, *, share: bool = False) -> Any:
        """An encrypted value as SQL gives it, text or bytes: a float, a vector, or rows x outputs of packed
        predictions (NaN in rows without value). share: adds noise, for results that leave the owner."""
        return self.decrypted(value, share=share).simple()

    def decrypted(self, value: str | bytes, *, share: bool = False) -> Decrypted:
        """The same with its error, and what the value was."""
        return self._decrypted(_data(value), describe(value), share)

    def _decrypted(self, data: bytes, what: dict[str, Any], share: bool) -> Decrypted:
        plain = self._plain(data, share)
        try:
            info = c.PlainInfo()
            c.call("ppdl_plain_describe", plain.address, byref(info))
            values = _rows(info)
            exact = info.exact.decode() if info.exact else None
            return Decrypted(
                values, float(info.error), str(what["kind"]), int(what["encoding"]), exact, float(what["bound"])
            )
        finally:
            plain.close()

    def _plain(self, data: bytes, share: bool) -> c.Handle:
        with self._interruptible():
            return c.Handle(
                "ppdl_decrypt", "ppdl_plain_free", self._key.address, data, len(data), c.SHARE if share else 0
            )

    def query(
        self,
        conn: Any,
        sql: Any,
        params: Any = None,
        *,
        features: Features | None = None,
        decode: Mapping[str, Any] | None = None,
        expand: bool = True,
        share: bool = False,
        min_count: int = 5,
        verify: bool | str | Verify = False,
        manifest: Paths = (),
    ) -> pd.DataFrame:
        """Runs a query through a psycopg connection: see ppdl.answers.Answers for what becomes of encrypted columns, of
        questions in braces, {count where Age > 65}, and of totals of fewer rows than min_count.

        verify: sums and averages are checked against what lwe_receipt(features, ...) returned beside them before they
        are decrypted, and the receipt becomes "verified: 412 rows, ward = A"; KeyFileError for what does not pass. True,
        "label" for sums of labels, or a ppdl.Verify. manifest: the file, or files of several keys."""
        from .answers import Answers

        encoding = None if features is None else Encoding.of(features)
        what = _verify(verify, manifest)
        return Answers(self, encoding, dict(decode or {}), expand, share, min_count, what).query(conn, sql, params)

    def stats(
        self,
        conn: Any,
        table: str | Sequence[str],
        features: Features | None = None,
        *,
        where: Any = None,
        group_by: str | Sequence[str] = (),
        column: str = "features",
        label: str | None = None,
        min_count: int = 5,
        share: bool = False,
        verify: bool | Verify = False,
        manifest: Paths = (),
    ) -> Stats:
        """Statistics of encrypted rows, as `ppdl stats` has them: describe, correlation, regress, crosstab, histogram
        and pca of what this returns. Nothing is asked of the server but which columns there are.

        table      a name, or schema and name
        features   feature file of the rows; None: one beside the key, or in the current directory, that has their encoding
        where      SQL, or a psycopg.sql.Composable: a condition on plain columns
        group_by   plain columns: statistics of each group
        column     the table's column of encrypted features; label: that of labels (None: "label", if there is one)
        min_count  groups of fewer rows are not decrypted
        share      adds noise, for results that leave the owner
        verify     sums are checked against receipts before they are decrypted, and what passed is noted; KeyFileError for
                   what does not. True, or a ppdl.Verify; manifest: the file, or files of several keys
        """
        from .stats import Stats

        columns = [group_by] if isinstance(group_by, str) else list(group_by)
        if isinstance(verify, str):
            raise FormatError(f'verify is "{verify}": statistics check features and labels; give True')
        what = _verify(verify, manifest)
        return Stats(self, conn, table, features, where, columns, column, label, min_count, share, what)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Around a call that decrypts: what a handler of a signal raised within comes out of it."""
        self._raised.clear()
        if self._polling.gi_frame is None:  # handlers raised faster than it could note
            self._set_poll()
        try:
            yield
        except KeyboardInterrupt:
            if self._raised:
                raise self._raised.pop() from None
            raise


class _Tags:
    """Ids and bound columns of rows, and what makes receipts of them."""

    def __init__(
        self, key: c.Handle, encryptor: c.Handle, table: str, ids: list[bytes | None], bind: list[str], data: Any,
        keep: Sequence[str], manifest: str | os.PathLike[str] | None,
    ) -> None:  # fmt: skip
        other = next((b for b in bind if b not in keep), None)
        if other is not None:
            raise FormatError(f'bind: "{other}" is none of the columns that are kept ({", ".join(keep)})')
        self._ids = ids
        self._bound = list(zip(*bound_texts(data, bind, "bind"))) if bind else []
        self.tagger = Tagger(key, encryptor, table, bind, manifest)

    def tag(
        self, at: int, rows: int, cells: NDArray[np.uint8], labels: NDArray[np.uint8] | None, known: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        bound = [v for row in self._bound[at : at + rows] for v in row]
        return self.tagger.tag(self._ids[at : at + rows], bound, cells, labels, known)


def _ids(data: Any, encoding: Encoding | None) -> list[bytes | None]:
    if encoding is None or encoding.id_column is None:
        raise FormatError("receipts: rows need an id", hint="ppdl encode --id says which column it is in.")
    return bound_texts(data, [encoding.id_column], "receipts")[0]


def _verify(verify: bool | str | Verify, manifest: Paths) -> Verify | None:
    files = [manifest] if isinstance(manifest, (str, os.PathLike)) else list(manifest)
    if isinstance(verify, Verify):
        return replace(verify, manifests=[*verify.manifests, *files])
    if not verify:
        if files:
            raise FormatError("manifest is of verify, which is not asked for")
        return None
    return Verify("features" if verify is True else verify, files)


def _polling(raised: list[BaseException]) -> Generator[int, Any, None]:
    """Asked by the library now and then whether to end. Handlers of signals, that of Ctrl-C among them, run when Python
    code does: here. What they raise must not cross the library, and goes to `raised`. A function would begin outside
    of its try, and lose it; a generator goes on within. The outer try is for what a handler raises in the inner one's
    except."""
    while True:
        try:
            while True:
                try:
                    while True:
                        yield len(raised)
                except GeneratorExit:
                    return
                except BaseException as e:
                    raised.append(e)
        except GeneratorExit:
            return
        except BaseException as e:
            raised.append(e)


def _rows(info: c.PlainInfo) -> Array:
    held = (
        np.ctypeslib.as_array(info.values, (int(info.held), int(info.width)))
        if info.held
        else np.empty((0, int(info.width)))
    )
    if not info.places:
        return np.array(held)
    places = np.ctypeslib.as_array(info.places, (int(info.rows),))
    rows = np.full((int(info.rows), int(info.width)), np.nan)
    known = places != 0xFFFFFFFF
    rows[known] = held[places[known]]
    return rows


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _ask(name: str) -> str:
    return getpass.getpass(f'Passphrase of "{name}": ')


def _load_asking(file: bytes, ask: Callable[[str], str]) -> c.Handle:
    failed: list[BaseException] = []

    def answer(_: Any, name: bytes, buffer: int, capacity: int) -> int:
        try:
            secret = ask(name.decode()).encode()
            if len(secret) > capacity:
                raise PpdlError(f"a passphrase has {capacity} bytes at most")
            ctypes.memmove(buffer, secret, len(secret))
            return len(secret)
        except BaseException as e:  # must not cross the library
            failed.append(e)
            return -1

    try:
        return c.Handle("ppdl_key_load_ask", "ppdl_key_free", file, c.PASSPHRASE(answer), None)
    except BaseException:
        if failed:
            raise failed[0] from None
        raise
