"""libppdl by ctypes: its structs, the table of its functions, and calls that raise what they report.

ctypes and not cffi: it is part of Python, so that nothing is built and nothing more installed. What a compiler would
check, that structs and arguments are those of ppdl.h, tests/test_library.py checks against that header.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import weakref
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char,
    c_char_p,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from functools import lru_cache
from typing import Any, Sequence

from .errors import FormatError, KeyFileError, ModelError, PpdlError, PrecisionError, RangeError

SONAME = "libppdl.so.0"

LWE, RSA = 1, 2
CELL, ROW, PACKED, PARTS, RSA_NUMBER, RSA_PREDICTION = 1, 2, 3, 4, 5, 6
NAME_INPUT, NAME_COLUMN, NAME_CLASS, NAME_AVERAGE, NAME_SUM, NAME_DIFFERENCE = 1, 2, 3, 4, 5, 6
QUESTION_OTHER, QUESTION_NUMBER, QUESTION_NULL, QUESTION_FEW = 0, 1, 2, 3
CLAMP, UNKNOWN_OTHER = 1, 2
SHARE = 1
ALLOW_WEAK_PASSPHRASE = 1

_ERRORS: dict[int, type[PpdlError]] = {
    2: FormatError,
    3: FormatError,
    4: FormatError,
    5: KeyFileError,
    6: ModelError,
    7: FormatError,
    8: RangeError,
    9: PrecisionError,
}
_MEMORY, _IO, _CANCELED = 1, 10, 12

PASSPHRASE = CFUNCTYPE(c_int64, c_void_p, c_char_p, c_void_p, c_size_t)
POLL = CFUNCTYPE(c_int32, c_void_p)


class Sized(Structure):
    """A struct that begins with its size."""

    def __init__(self, **members: Any) -> None:
        super().__init__(size=ctypes.sizeof(type(self)), **members)


class EncryptorOptions(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("compact", c_int32),
        ("scale_bits", c_int32),
        ("batch_rows", c_int32),
        ("reserved", c_int32),
        ("encoding", c_uint64),
    ]


class EncryptorInfo(Sized):
    _fields_ = [("size", c_uint64), ("batch_rows", c_uint64), ("cell_bytes", c_uint64 * 2)]


class ValueInfo(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("scheme", c_int32),
        ("kind", c_int32),
        ("compact", c_int32),
        ("width", c_int32),
        ("rows", c_uint64),
        ("encoding", c_uint64),
        ("fingerprint", c_char * 24),
        ("bound", c_double),
    ]


class PlainInfo(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("rows", c_uint64),
        ("held", c_uint64),
        ("width", c_uint64),
        ("error", c_double),
        ("values", POINTER(c_double)),
        ("places", POINTER(c_uint32)),
        ("exact", c_char_p),
    ]


class EncodingInfo(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("id", c_uint64),
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("columns", c_int32),
        ("classes", c_int32),
        ("averages", c_int32),
        ("reserved", c_int32),
        ("id_column", c_char_p),
        ("label_column", c_char_p),
    ]


class Column(Structure):
    _fields_ = [("name", c_char_p), ("numbers", POINTER(c_double)), ("texts", POINTER(c_char_p))]


class EncodeCounts(Sized):
    _fields_ = [("size", c_uint64), ("clamped", c_uint64), ("unknown", c_uint64), ("clipped", c_uint64)]


class NetworkInfo(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("inputs", c_int32),
        ("outputs", c_int32),
        ("layers", c_int32),
        ("levels", c_int32),
        ("row_levels", c_int32),
        ("trained", c_int32),
        ("weights", c_uint64),
        ("json", c_char_p),
    ]


_TEXTS = POINTER(c_char_p)


class StatsSource(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("schema", c_char_p),
        ("table", c_char_p),
        ("features", c_char_p),
        ("label", c_char_p),
        ("where", c_char_p),
        ("group_by", _TEXTS),
    ]


class StatsOptions(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("describe", c_int32),
        ("means", c_int32),
        ("correlation", c_int32),
        ("components", c_int32),
        ("all", c_int32),
        ("reserved", c_int32),
        ("ridge", c_double),
        ("level", c_double),
        ("min_count", c_uint64),
        ("columns", _TEXTS),
        ("regress", _TEXTS),
        ("on", _TEXTS),
        ("crosstab", _TEXTS),
        ("histogram", _TEXTS),
    ]


class Answer(Sized):
    _fields_ = [("size", c_uint64), ("kind", c_int32), ("reserved", c_int32), ("value", c_double), ("error", c_double)]


class ReceiptsOptions(Sized):
    _fields_ = [("size", c_uint64), ("table", c_char_p), ("bind", _TEXTS), ("manifest", c_char_p)]


class VerifierOptions(Sized):
    _fields_ = [
        ("size", c_uint64),
        ("column", c_char_p),
        ("table", c_char_p),
        ("bind", _TEXTS),
        ("manifests", _TEXTS),
        ("all_rows", c_int32),
        ("reserved", c_int32),
    ]


# Handles and arrays of numbers go as addresses; what is written into is named by its type.
_P = c_void_p
_OUT = POINTER(c_void_p)

SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "ppdl_version": (c_char_p, []),
    "ppdl_err_new": (_P, []),
    "ppdl_err_free": (None, [_P]),
    "ppdl_err_code": (c_int32, [_P]),
    "ppdl_err_message": (c_char_p, [_P]),
    "ppdl_err_detail": (c_char_p, [_P]),
    "ppdl_err_hint": (c_char_p, [_P]),
    "ppdl_key_generate": (c_int32, [_OUT, c_char_p, _P]),
    "ppdl_key_save": (c_int32, [_P, c_char_p, c_char_p, c_size_t, c_uint32, _P]),
    "ppdl_key_save_public": (c_int32, [_P, c_char_p, _P]),
    "ppdl_key_load": (c_int32, [_OUT, c_char_p, c_char_p, c_size_t, _P]),
    "ppdl_key_load_ask": (c_int32, [_OUT, c_char_p, PASSPHRASE, _P, _P]),
    "ppdl_key_free": (None, [_P]),
    "ppdl_key_scheme": (c_int32, [_P]),
    "ppdl_key_name": (c_char_p, [_P]),
    "ppdl_key_fingerprint": (c_char_p, [_P]),
    "ppdl_key_set_poll": (None, [_P, POLL, _P]),
    "ppdl_key_generate_writer": (c_int32, [_OUT, c_char_p, c_char_p, _P]),
    "ppdl_key_save_writer": (c_int32, [_P, c_char_p, c_char_p, _P]),
    "ppdl_key_writes_for": (c_char_p, [_P]),
    "ppdl_key_add_writer": (c_int32, [_P, c_char_p, c_size_t, _P]),
    "ppdl_key_add_writer_file": (c_int32, [_P, c_char_p, _P]),
    "ppdl_key_reads": (c_int32, [_P, c_char_p]),
    "ppdl_encryptor_new": (c_int32, [_OUT, _P, POINTER(EncryptorOptions), _P]),
    "ppdl_encryptor_free": (None, [_P]),
    "ppdl_encryptor_describe": (c_int32, [_P, POINTER(EncryptorInfo), _P]),
    "ppdl_encrypt": (c_int32, [_P, _P, _P, c_size_t, _P, _P, _P]),
    "ppdl_receipts_new": (c_int32, [_OUT, _P, POINTER(ReceiptsOptions), _P]),
    "ppdl_receipts_free": (None, [_P]),
    "ppdl_receipts_bytes": (c_uint64, [_P]),
    "ppdl_receipts_tag": (c_int32, [_P, _TEXTS, _TEXTS, c_size_t, _P, _P, _P, _P, _P, _P]),
    "ppdl_receipts_save": (c_int32, [_P, _P]),
    "ppdl_verifier_new": (c_int32, [_OUT, _P, POINTER(VerifierOptions), _P]),
    "ppdl_verifier_free": (None, [_P]),
    "ppdl_verifier_query": (c_int32, [_P, c_char_p, _P]),
    "ppdl_verifier_record": (c_int32, [_P, _TEXTS, _TEXTS, c_size_t, _TEXTS, _P]),
    "ppdl_value_describe": (c_int32, [c_char_p, c_size_t, POINTER(ValueInfo), _P]),
    "ppdl_value_group_size": (c_int32, [c_char_p, c_size_t, c_double, POINTER(c_double), _P]),
    "ppdl_decrypt": (c_int32, [_OUT, _P, c_char_p, c_size_t, c_uint32, _P]),
    "ppdl_plain_free": (None, [_P]),
    "ppdl_plain_describe": (c_int32, [_P, POINTER(PlainInfo), _P]),
    "ppdl_encoding_load": (c_int32, [_OUT, c_char_p, _P]),
    "ppdl_encoding_find": (c_int32, [c_char_p, c_size_t, c_uint64, _TEXTS, _P]),
    "ppdl_encoding_free": (None, [_P]),
    "ppdl_encoding_describe": (c_int32, [_P, POINTER(EncodingInfo), _P]),
    "ppdl_encoding_name": (c_char_p, [_P, c_int32, c_int32]),
    "ppdl_encode": (
        c_int32,
        [_P, POINTER(Column), c_size_t, c_size_t, c_size_t, c_uint32, _P, _P, _P, POINTER(EncodeCounts), _P],
    ),
    "ppdl_decode_average": (c_int32, [_P, _P, c_size_t, c_double, _P, _P, _P]),
    "ppdl_decode_sum": (c_int32, [_P, _P, c_size_t, c_double, c_double, _P, _P, _P]),
    "ppdl_decode_difference": (c_int32, [_P, _P, c_size_t, c_double, _P, _P, _P]),
    "ppdl_decode_class": (c_int32, [_P, _P, c_size_t, c_double, POINTER(c_int32), POINTER(c_double), _P]),
    "ppdl_decode_label": (c_int32, [_P, c_double, POINTER(c_double), _P]),
    "ppdl_stats_new": (c_int32, [_OUT, _P, POINTER(StatsSource), POINTER(StatsOptions), _P]),
    "ppdl_stats_free": (None, [_P]),
    "ppdl_stats_verify": (c_int32, [_P, _P, POINTER(VerifierOptions), _TEXTS, _P]),
    "ppdl_stats_statement": (c_char_p, [_P]),
    "ppdl_stats_add": (c_int32, [_P, _P, _TEXTS, c_size_t, c_uint32, _P]),
    "ppdl_stats_more": (c_int32, [_P, POINTER(c_int32), _P]),
    "ppdl_stats_no_more": (c_int32, [_P, c_char_p, _P]),
    "ppdl_stats_result": (c_int32, [_P, POINTER(c_char_p), _P]),
    "ppdl_question_new": (c_int32, [_OUT, _P, c_char_p, c_char_p, _P]),
    "ppdl_question_free": (None, [_P]),
    "ppdl_question_statement": (c_char_p, [_P]),
    "ppdl_question_count": (c_int32, [_P]),
    "ppdl_question_notes": (c_char_p, [_P]),
    "ppdl_question_answer": (c_int32, [_P, _P, c_char_p, c_size_t, c_uint64, c_uint32, POINTER(Answer), _P]),
    "ppdl_network_parse": (c_int32, [_OUT, c_char_p, c_size_t, _P]),
    "ppdl_network_free": (None, [_P]),
    "ppdl_network_describe": (c_int32, [_P, POINTER(NetworkInfo), _P]),
    "ppdl_network_set_weights": (c_int32, [_P, _P, c_size_t, _P]),
    "ppdl_network_predict": (c_int32, [_P, _P, c_size_t, _P, _P]),
    "ppdl_network_activate": (c_int32, [_P, c_int32, _P, c_size_t, _P, _P]),
}


@lru_cache(maxsize=1)
def library() -> Any:
    """libppdl: the file that PPDL_LIBRARY names, or the installed one."""
    name = os.environ.get("PPDL_LIBRARY") or SONAME
    try:
        lib = ctypes.CDLL(name)
    except OSError as e:
        raise PpdlError(
            f"cannot load libppdl: {e}",
            hint="Install libppdl (make install, or the package libppdl0), or name its file in PPDL_LIBRARY.",
        ) from e
    for function, (result, arguments) in SIGNATURES.items():
        f = getattr(lib, function)
        f.restype, f.argtypes = result, arguments
    return lib


def _text(s: bytes | None) -> str:
    return (s or b"").decode("utf-8", "replace")


def terminated(text: bytes, what: str) -> bytes:
    """Text for C, which would take what stands before a zero byte."""
    if b"\0" in text:
        raise FormatError(f"{what} holds a zero byte")
    return text


def texts(items: Sequence[bytes | None], what: str) -> Any:
    """An array of texts for C, with a NULL at its end; None: NULL."""
    array = (c_char_p * (len(items) + 1))()
    for i, item in enumerate(items):
        array[i] = None if item is None else terminated(item, what)
    return array


def path_of(path: str | bytes | os.PathLike[str]) -> bytes:
    return terminated(os.fsencode(path), "the name of a file")


def call(function: str, *arguments: Any) -> None:
    """Calls a function that takes an error handle last, and raises what it reports."""
    lib = library()
    err = lib.ppdl_err_new()
    if not err:
        raise MemoryError("out of memory")
    try:
        code = getattr(lib, function)(*arguments, err)
        if code == 0:
            return
        message, detail, hint = (_text(f(err)) for f in (lib.ppdl_err_message, lib.ppdl_err_detail, lib.ppdl_err_hint))
    finally:
        lib.ppdl_err_free(err)
    if code == _MEMORY:
        raise MemoryError(message)
    if code == _IO:
        raise OSError(message)
    if code == _CANCELED:
        raise KeyboardInterrupt(message)
    raise _ERRORS.get(code, PpdlError)(message, detail, hint)


class Handle:
    """A handle of the library, freed when nobody refers to it any more, or by close()."""

    def __init__(self, constructor: str, free: str, *arguments: Any) -> None:
        out = c_void_p()
        call(constructor, byref(out), *arguments)
        self._address = out.value
        self._free = weakref.finalize(self, getattr(library(), free), self._address)

    @property
    def address(self) -> int:
        if not self._free.alive or self._address is None:
            raise PpdlError("it is closed")
        return self._address

    def close(self) -> None:
        self._free()


def address(array: Any) -> int:
    """Of a C-contiguous array's numbers; it must outlive the call."""
    assert array.flags.c_contiguous
    return int(array.ctypes.data)
