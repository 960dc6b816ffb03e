"""Receipts: rows that are tied to their table, id and group, and sums that are checked before they are decrypted."""

from __future__ import annotations

import os
from ctypes import byref, c_char_p
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Sequence, Union

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import _library as c
from .errors import FormatError

if TYPE_CHECKING:
    from .owner import Owner

Paths = Union[str, "os.PathLike[str]", Sequence[Union[str, "os.PathLike[str]"]]]
Bytes = NDArray[np.uint8]
RECEIPT = "\\x504c5243"  # how a receipt begins, as PostgreSQL writes it


@dataclass(frozen=True)
class Verify:
    """What is to be verified.

    column     what was summed: "features" or "label"; statistics check both
    manifests  files, one a key: old rows, and rows that are not the owner's, are noticed
    table      without manifests, its name in receipts; bind: columns that rows are tied to
    all_rows   all rows that the manifests have of a group must be in it
    """

    column: str = "features"
    manifests: Sequence[str | os.PathLike[str]] = ()
    table: str | None = None
    bind: Sequence[str] = field(default_factory=tuple)
    all_rows: bool = False


    def _options(self, column: str | None) -> c.VerifierOptions:
        return c.VerifierOptions(
            column=None if column is None else c.terminated(column.encode(), "a column"),
            table=None if self.table is None else c.terminated(self.table.encode(), "a table"),
            bind=c.texts([b.encode() for b in self.bind], "a column"),
            manifests=c.texts([c.path_of(m) for m in self.manifests], "a manifest"),
            all_rows=int(self.all_rows),
        )


class Verifier:
    def __init__(self, owner: Owner, what: Verify) -> None:
        self._owner = owner
        options = what._options(what.column)
        self._handle = c.Handle("ppdl_verifier_new", "ppdl_verifier_free", owner._key.address, byref(options))

    def query(self, text: str) -> None:
        """The records are of this query: where it can make no totals, NULL is a group."""
        c.call("ppdl_verifier_query", self._handle.address, c.terminated(text.encode(), "the query"))

    def record(self, names: Sequence[str], fields: Sequence[bytes | None]) -> list[str | None]:
        """The fields, sums and averages as their receipt proves them."""
        self._owner._key.address  # raises when it is closed
        proved = (c_char_p * (len(fields) + 1))()
        with self._owner._interruptible():
            c.call(
                "ppdl_verifier_record", self._handle.address, c.texts([n.encode() for n in names], "a name"),
                c.texts(fields, "a field"), len(fields), proved,
            )  # fmt: skip
        return [None if p is None else p.decode() for p in proved[: len(fields)]]


class Tagger:
    """Receipts for the rows of an encryptor."""

    def __init__(
        self, key: c.Handle, encryptor: c.Handle, table: str, bind: Sequence[str],
        manifest: str | os.PathLike[str] | None,
    ) -> None:  # fmt: skip
        options = c.ReceiptsOptions(
            table=c.terminated(table.encode(), "a table"),
            bind=c.texts([b.encode() for b in bind], "a column"),
            manifest=None if manifest is None else c.path_of(manifest),
        )
        self._key, self._encryptor = key, encryptor  # which must outlive the handle
        self._handle = c.Handle("ppdl_receipts_new", "ppdl_receipts_free", encryptor.address, byref(options))
        self.bytes = int(c.library().ppdl_receipts_bytes(self._handle.address))

    def tag(
        self, ids: Sequence[bytes | None], bound: Sequence[bytes | None], features: Bytes, labels: Bytes | None,
        known: NDArray[np.bool_],
    ) -> tuple[Bytes, Bytes]:  # fmt: skip
        self._key.address  # raises when it is closed
        rows = len(ids)
        out = np.empty(features.size + rows * self.bytes, dtype=np.uint8)
        answer = np.zeros(0 if labels is None else labels.size + rows * self.bytes, dtype=np.uint8)
        c.call(
            "ppdl_receipts_tag", self._handle.address, c.texts(ids, "an id"), c.texts(bound, "a bound column"), rows,
            c.address(features), None if labels is None else c.address(labels),
            c.address(np.ascontiguousarray(known, dtype=np.uint8)), c.address(out),
            None if labels is None else c.address(answer),
        )  # fmt: skip
        return out, answer

    def save(self) -> None:
        self._key.address  # raises when it is closed
        c.call("ppdl_receipts_save", self._handle.address)


def bound_texts(df: pd.DataFrame, columns: Sequence[str], what: str) -> list[list[bytes | None]]:
    """Texts of columns as PostgreSQL writes them, which for texts and whole numbers is known here."""
    out: list[list[bytes | None]] = []
    for name in columns:
        if name not in df.columns:
            raise FormatError(f'{what}: the table has no column "{name}"')
        out.append([_text(v, f'{what}: column "{name}"') for v in df[name]])
    return out


def _text(value: Any, what: str) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return str(int(value)).encode()
    if value is None or pd.isna(value):
        return None
    raise FormatError(
        f"{what} holds {value!r}", hint="Give texts, as PostgreSQL writes them, or whole numbers: df[...].astype(str)."
    )
