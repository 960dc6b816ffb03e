"""The ctypes declarations against include/ppdl.h."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import pytest

from ppdl import _library as c
from ppdl.errors import FormatError

HEADER = Path(__file__).resolve().parents[2] / "include/ppdl.h"

NUMBERS = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "double": ctypes.c_double,
}
STRUCTS = {
    "ppdl_encryptor_options": c.EncryptorOptions,
    "ppdl_encryptor_info": c.EncryptorInfo,
    "ppdl_value_info": c.ValueInfo,
    "ppdl_plain_info": c.PlainInfo,
    "ppdl_encoding_info": c.EncodingInfo,
    "ppdl_column": c.Column,
    "ppdl_encode_counts": c.EncodeCounts,
    "ppdl_network_info": c.NetworkInfo,
    "ppdl_answer": c.Answer,
    "ppdl_receipts_options": c.ReceiptsOptions,
    "ppdl_verifier_options": c.VerifierOptions,
    "ppdl_stats_source": c.StatsSource,
    "ppdl_stats_options": c.StatsOptions,
}


def header() -> str:
    return re.sub(r"/\*.*?\*/", " ", HEADER.read_text(), flags=re.S)


def functions(text: str) -> dict[str, tuple[str, list[str]]]:
    found = {}
    for result, name, arguments in re.findall(r"PPDL_API\s+([\w\s*]+?)(ppdl_\w+)\s*\(([^;]*)\);", text):
        parts = [" ".join(a.split()) for a in arguments.split(",")]
        found[name] = (" ".join(result.split()), [] if parts == ["void"] else parts)
    return found


def structs(text: str) -> dict[str, list[tuple[str, str]]]:
    found = {}
    for name, body in re.findall(r"typedef struct (ppdl_\w+)\s*\{(.*?)\}", text, flags=re.S):
        members = [" ".join(m.split()) for m in body.split(";") if m.strip()]
        found[name] = [re.fullmatch(r"(.*?)(\w+(?:\[\d+\])?)", m).groups() for m in members]
    return found


def is_pointer(kind: Any) -> bool:
    return kind in (ctypes.c_void_p, ctypes.c_char_p) or isinstance(
        kind, (type(ctypes.POINTER(ctypes.c_int)), type(c.POLL))
    )


def matches(declared: str, kind: Any) -> bool:
    """Is a C type, with or without a name, what ctypes takes it for?"""
    words = declared.replace("const", " ").replace("*", " * ").split()
    if declared.strip() == "void":
        return kind is None
    if "*" in words or "[" in declared:
        if not is_pointer(kind):
            return False
        pointed = words[0]
        if isinstance(kind, type(ctypes.POINTER(ctypes.c_int))):
            target = kind._type_
            if words.count("*") == 2:
                return is_pointer(target)
            return target is NUMBERS.get(pointed, STRUCTS.get(pointed))
        return kind is not ctypes.c_char_p or pointed in ("char", "void")
    if words[0].endswith("_fn"):
        return kind in (c.PASSPHRASE, c.POLL)
    return kind is NUMBERS[words[0]]


def differences(text: str) -> list[str]:
    """What of the table of signatures and the structs is not as the header has it."""
    wrong = []
    declared = functions(text)
    for name, (result, arguments) in c.SIGNATURES.items():
        if name not in declared:
            wrong.append(f"{name} is not declared")
            continue
        want_result, want = declared[name]
        if len(want) != len(arguments) or not matches(want_result, result):
            wrong.append(f"{name}: {want_result} of {len(want)} arguments")
            continue
        wrong += [f"{name}: {w}" for w, a in zip(want, arguments) if not matches(w, a)]
    members = structs(text)
    for name, kind in STRUCTS.items():
        want_members = members.get(name, [])
        if [m.split("[")[0] for _, m in want_members] != [f[0] for f in kind._fields_]:
            wrong.append(f"{name}: members {want_members}")
            continue
        for (declared_type, member), (_, field) in zip(want_members, kind._fields_):
            size = re.search(r"\[(\d+)\]", member)
            if size:
                base = ctypes.c_char if declared_type.strip() == "char" else NUMBERS[declared_type.strip()]
                good = field is not None and getattr(field, "_length_", 0) == int(size[1]) and field._type_ is base
            else:
                good = matches(declared_type, field)
            if not good:
                wrong.append(f"{name}.{member}: {declared_type}")
    return wrong


def test_header_is_read() -> None:
    text = header()
    assert len(functions(text)) >= len(c.SIGNATURES) > 30
    assert set(STRUCTS) <= set(structs(text))


def test_signatures_are_those_of_the_header() -> None:
    assert differences(header()) == []


@pytest.mark.parametrize(
    "old, new",
    [
        ("size_t rows, uint32_t flags, double *x", "size_t rows, uint64_t flags, double *x"),
        ("size_t n, double error,", "size_t n, float error,"),
        ("const ppdl_network *network, int32_t layer, const double *z", "const ppdl_network *network, const double *z"),
        ("int32_t\t\tscale_bits;", "int64_t\t\tscale_bits;"),
        ("char\t\tfingerprint[24];", "char\t\tfingerprint[32];"),
        ("ppdl_decode_label(", "ppdl_decode_number("),
    ],
)
def test_differences_are_noticed(old: str, new: str) -> None:
    NUMBERS["float"] = ctypes.c_float
    text = header()
    assert old in text, "the header changed: change this test, too"
    assert differences(text.replace(old, new)) != []


def test_constants_are_those_of_the_header() -> None:
    text = header()
    values = {n: int(v, 0) for n, v in re.findall(r"(PPDL_\w+) = (\d+)", text)}
    values.update({n: int(v) for n, v in re.findall(r"#define (PPDL_\w+) UINT32_C\((\d+)\)", text)})
    names = {
        "PPDL_LWE": c.LWE, "PPDL_RSA": c.RSA, "PPDL_VALUE_CELL": c.CELL, "PPDL_VALUE_ROW": c.ROW,
        "PPDL_VALUE_PACKED": c.PACKED, "PPDL_VALUE_PARTS": c.PARTS, "PPDL_VALUE_RSA": c.RSA_NUMBER,
        "PPDL_VALUE_RSA_PREDICTION": c.RSA_PREDICTION, "PPDL_NAME_INPUT": c.NAME_INPUT, "PPDL_CLAMP": c.CLAMP,
        "PPDL_UNKNOWN_OTHER": c.UNKNOWN_OTHER, "PPDL_SHARE": c.SHARE, "PPDL_QUESTION_OTHER": c.QUESTION_OTHER,
        "PPDL_ALLOW_WEAK_PASSPHRASE": c.ALLOW_WEAK_PASSPHRASE, "PPDL_E_MEMORY": c._MEMORY,
    }  # fmt: skip
    assert {n: values[n] for n in names} == names
    numbered = re.findall(r"PPDL_NAME_\w+", re.search(r"enum\s*\{\s*(PPDL_NAME_INPUT.*?)\}", text, re.S)[1])
    assert numbered[1:] == [f"PPDL_NAME_{n}" for n in ("COLUMN", "CLASS", "AVERAGE", "SUM", "DIFFERENCE")]
    kinds = re.findall(r"PPDL_QUESTION_\w+", re.search(r"enum\s*\{\s*(PPDL_QUESTION_OTHER.*?)\}", text, re.S)[1])
    assert [kinds.index("PPDL_QUESTION_" + n) for n in ("NUMBER", "NULL", "FEW")] == [
        c.QUESTION_NUMBER, c.QUESTION_NULL, c.QUESTION_FEW,
    ]  # fmt: skip
    errors = re.findall(r"PPDL_E_\w+", re.search(r"enum\s*\{\s*(PPDL_E_MEMORY.*?)\}", text, re.S)[1])
    assert [errors.index("PPDL_E_" + n) + 1 for n in ("FORMAT", "KEY", "PRECISION", "IO", "CANCELED")] == [
        3, 5, 9, c._IO, c._CANCELED,
    ]  # fmt: skip


def test_errors_become_exceptions(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such"):
        c.Handle("ppdl_encoding_load", "ppdl_encoding_free", bytes(tmp_path / "no-such"))
    (tmp_path / "bad.json").write_text('{"format": "ppdl-features", "version": 1, "features": [{"column": "a"}]}')
    with pytest.raises(FormatError, match=r"features\[0\].kind"):
        c.Handle("ppdl_encoding_load", "ppdl_encoding_free", bytes(tmp_path / "bad.json"))


def test_closed_handles_are_not_used() -> None:
    key = c.Handle("ppdl_key_generate", "ppdl_key_free", b"closed")
    key.close()
    key.close()
    with pytest.raises(c.PpdlError, match="closed"):
        key.address
