"""Keys, encoding, encryption and decryption, without a server."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import ppdl
from conftest import PASSPHRASE, PATIENTS, ROOT, tool
from ppdl.answers import Answers


def plain_rows(features) -> pd.DataFrame:
    """What the tool encodes the same file to: features and label of each id."""
    text = tool("encrypt", "--plain", "--features", features, PATIENTS)
    rows = [line.split("\t") for line in text.splitlines()]
    numbers = [[float(v) for v in r[1].strip("{}").split(",")] for r in rows]
    return pd.DataFrame(numbers, index=[int(r[0]) for r in rows]).assign(label=[float(r[2].strip("{}")) for r in rows])


def test_keys(tmp_path, keys, monkeypatch) -> None:
    with ppdl.Owner.generate("clinic") as made:
        made.save(tmp_path / "clinic.key", PASSPHRASE)
        made.save_public(tmp_path / "clinic.pub")
        fingerprint = made.fingerprint
    with pytest.raises(OSError, match="clinic.key"):
        ppdl.Owner.generate("clinic").save(tmp_path / "clinic.key", PASSPHRASE)
    asked = []
    with ppdl.Owner.open(tmp_path / "clinic.key", lambda name: asked.append(name) or PASSPHRASE) as owner:
        assert (owner.name, owner.fingerprint, asked, owner.scheme) == ("clinic", fingerprint, ["clinic"], "lwe")
        assert fingerprint in repr(owner)
    monkeypatch.setenv("PPDL_PASSPHRASE", "also not the passphrase")
    with pytest.raises(ppdl.KeyFileError, match="clinic.key"):
        ppdl.Owner.open(tmp_path / "clinic.key")
    with pytest.raises(ppdl.KeyFileError):
        ppdl.Owner.generate("weak").save(tmp_path / "weak.key", "short")
    with pytest.raises(OSError):
        ppdl.Owner.open(tmp_path / "none.key", PASSPHRASE)
    with pytest.raises(ppdl.FormatError, match="the name holds a zero byte"):
        ppdl.Owner.generate("clinic\0s")
    with pytest.raises(ppdl.FormatError, match="name of a file holds a zero byte"):
        ppdl.Owner.open(f"{tmp_path}/clinic.key\0s", PASSPHRASE)
    with pytest.raises(ppdl.FormatError, match="name of a file holds a zero byte"):
        ppdl.Encoding(f"{tmp_path}/clinic.key\0s")

    def gives_up(name: str) -> str:
        raise ZeroDivisionError(name)

    with pytest.raises(ZeroDivisionError, match="clinic"):
        ppdl.Owner.open(tmp_path / "clinic.key", gives_up)


def test_a_closed_owner_does_nothing() -> None:
    owner = ppdl.Owner.generate("closed")
    rows = owner.encrypt(np.zeros((3, 2)))
    owner.close()
    with pytest.raises(ppdl.PpdlError, match="closed"):
        next(rows)
    with pytest.raises(ppdl.PpdlError, match="closed"):
        owner.encrypt(np.zeros((3, 2)))


def test_encoding_is_the_tools(owner, features, patients) -> None:
    encoding = ppdl.Encoding(features)
    assert (encoding.id_column, encoding.label_column, encoding.classes) == ("Id", "Osteoporosis", ["0", "1"])
    x = owner.encode(patients, features)
    expected = plain_rows(features)
    order = patients["Id"].to_numpy()
    assert x.attrs["encoding"] == encoding.id > 0
    assert list(x.columns) == encoding.inputs and x.columns[0] == "Age"
    np.testing.assert_array_equal(x.to_numpy(), expected.loc[order].drop(columns="label").to_numpy())
    np.testing.assert_array_equal(encoding.labels(patients)["Osteoporosis"], expected.loc[order, "label"])
    assert x.index.equals(patients.index)
    shuffled = patients.sample(frac=1, random_state=1)[patients.columns[::-1]]
    pd.testing.assert_frame_equal(owner.encode(shuffled, features).sort_index(), x)
    # as text, as categories
    pd.testing.assert_frame_equal(owner.encode(patients.astype(str), features), x)
    pd.testing.assert_frame_equal(owner.encode(patients.astype("category"), features), x)


def test_what_cannot_be_encoded(owner, features, patients) -> None:
    with pytest.raises(ppdl.FormatError, match="no column 'Age'"):
        owner.encode(patients.drop(columns="Age"), features)
    wrong = patients.head(3).assign(Smoking=["Yes", "maybe", "No"], Age=[30, 40, 999])
    with pytest.raises(ppdl.FormatError, match='row:2: column "Smoking"|row:3: column "Age"|999|maybe'):
        owner.encode(wrong, features)
    x = owner.encode(wrong, features, clamp=True, unknown_other=True)
    assert x.attrs["counts"] == {"clamped": 1, "unknown": 1, "clipped": 0}
    assert x["Age"].iloc[2] == 1
    with pytest.raises(ppdl.FormatError, match='row:2: column "Smoking" holds a zero byte'):
        owner.encode(patients.head(3).assign(Smoking=["Yes", "No\0pe", "No"]), features)
    twice = pd.concat([patients, patients[["Age"]]], axis=1)
    with pytest.raises(ppdl.FormatError, match='several columns "Age"'):
        owner.encode(twice, features)


def test_a_column_in_several_places(tmp_path) -> None:
    number = {"column": "a", "kind": "numeric", "min": 0, "max": 1}
    bands = {"column": "a", "kind": "bands", "cuts": [0.5]}
    label = {"column": "a", "kind": "binary", "categories": ["0", "1"]}
    file = {"format": "ppdl-features", "version": 1, "features": [number, bands], "label": label}
    (tmp_path / "f.json").write_text(json.dumps(file))
    encoding, df = ppdl.Encoding(tmp_path / "f.json"), pd.DataFrame({"a": [0, 1]})
    assert encoding.columns == ["a"]
    assert encoding.encode(df).to_numpy().tolist() == [[-1, 1, 0], [1, 0, 1]]
    assert encoding.labels(df)["a"].tolist() == [-1, 1]
    with pytest.raises(ppdl.FormatError, match="row:1"):
        encoding.encode(pd.DataFrame({"a": [1 + 2j, 0]}))


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("count", [0, 1, 7, 3000])
def test_rows_come_back(owner, count: int, compact: bool) -> None:
    x = np.random.default_rng(count).uniform(-1, 1, (count, 5))
    y = np.where(np.arange(count) % 3 == 0, np.nan, np.sign(x[:, 0]))
    rows = owner.encrypt(x, labels=y, compact=compact)
    assert (rows.columns, len(rows)) == (["features", "label"], count)
    got = list(rows)
    assert len(got) == count and next(rows, None) is None
    for i in {0, 3, count // 2, count - 1} & set(range(count)):
        np.testing.assert_allclose(owner.decrypt(got[i][0]), x[i], atol=1e-3 if compact else 1e-5)
        if i % 3 == 0:
            assert got[i][1] is None
        else:
            assert owner.decrypt(got[i][1]) == pytest.approx(y[i], abs=1e-3)
    assert len({r[0] for r in got}) == count
    if count:
        what = ppdl.describe(got[0][0])
        assert (what["kind"], what["width"], what["compact"], what["fingerprint"]) == (
            "cell",
            5,
            compact,
            owner.fingerprint,
        )
        raw = base64.b64decode(got[0][0])
        np.testing.assert_array_equal(owner.decrypt(raw), owner.decrypt(got[0][0]))
        assert 0 < owner.decrypted(raw).error < 1e-3


def test_tables_keep_what_they_are_told(owner, features, patients) -> None:
    few = patients.head(5).astype({"Gender": object})
    few.loc[2, "Gender"] = np.nan
    rows = owner.encrypt(few, features, labels=True, keep=["Id", "Gender"], unknown_other=True)
    assert rows.columns == ["Id", "Gender", "features", "label"]
    got = list(rows)
    assert [r[0] for r in got] == few["Id"].tolist() and type(got[0][0]) is int
    assert got[2][1] is None and [got[i][1] for i in (0, 1, 3)] == ["Female", "Male", "Male"]
    assert owner.encrypt(few, features, unknown_other=True).columns == ["Id", "features"]


def test_what_cannot_be_encrypted(owner, features, patients) -> None:
    for bad in ([[0.0, 2.0]], [[0.0, float("nan")]]):
        with pytest.raises(ppdl.FormatError, match=r"row 1 holds a number that is not in \[-1, 1\]"):
            owner.encrypt(bad)
    with pytest.raises(ppdl.FormatError, match="shape"):
        owner.encrypt([0.0, 1.0])
    with pytest.raises(ppdl.FormatError, match="labels=True"):
        owner.encrypt([[0.0, 1.0]], labels=True)
    with pytest.raises(ppdl.FormatError, match="labels of shape"):
        owner.encrypt([[0.0, 1.0]], labels=[1, 1])
    with pytest.raises(ppdl.RangeError, match="outside"):
        next(owner.encrypt([[0.0, 1.0]], labels=[7]))
    with pytest.raises(ppdl.FormatError, match='no column "Ward"'):
        owner.encrypt(patients, features, keep=["Ward"])
    with pytest.raises(ppdl.FormatError, match="DataFrame"):
        owner.encrypt(patients.to_numpy(), features)


def test_what_is_no_value(owner) -> None:
    for bad in ("", "nonsense", b"\x00" * 40):
        with pytest.raises(ppdl.PpdlError):
            owner.decrypt(bad)
    with pytest.raises(ppdl.FormatError, match="float is no encrypted value"):
        owner.decrypt(1.5)
    cell = next(owner.encrypt([[0.5, 0.25]]))[0]
    with pytest.raises(ppdl.PpdlError):
        owner.decrypt(cell[:-8])
    with pytest.raises(ppdl.KeyFileError):
        ppdl.Owner.generate("other").decrypt(cell)
    shared = owner.decrypt(cell, share=True)
    assert not np.array_equal(shared, owner.decrypt(cell)) and np.allclose(shared, [0.5, 0.25], atol=1e-2)


def test_numbers_under_rsa(owner, tmp_path) -> None:
    key = ROOT / "test/data/rsa-test.key"
    (tmp_path / "falls.csv").write_text("Id,Falls\n1,3\n2,0\n")
    text = tool("encrypt", "--key", key.with_suffix(".pub"), "--id", "Id", "--count", "Falls:20", tmp_path / "falls.csv")
    cells = [line.split("\t")[1] for line in text.splitlines()]
    with ppdl.Owner.open(key, "test-only") as rsa:
        assert rsa.scheme == "rsa" and [rsa.decrypt(v) for v in cells] == [3, 0]
        assert type(rsa.decrypt(cells[0])) is int and rsa.decrypted(cells[0]).error == 0
        table = Answers(rsa, None, {}, True, False).table({"falls": cells}, {"falls": ("rsa_cipher", False)})
        assert table["falls"].tolist() == [3, 0]
        with pytest.raises(ppdl.KeyFileError, match="RSA key"):
            rsa.encrypt([[0.5, 0.5]])
    with pytest.raises(ppdl.KeyFileError):
        owner.decrypt(cells[0])


def test_averages_in_the_tables_units(owner, features, patients) -> None:
    encoding = ppdl.Encoding(features)
    values, errors = encoding.average(owner.encode(patients, features).mean().to_numpy(), 1e-6)
    assert values["Age"] == pytest.approx(patients["Age"].mean(), abs=1e-9)
    half = (patients["Age"].max() - patients["Age"].min()) / 2
    assert errors["Age"] == pytest.approx(1e-6 * half, rel=1e-6)
    with pytest.raises(ppdl.FormatError, match="a mean of 3 values"):
        encoding.average([0, 0, 0])


def test_sums_and_differences_in_the_tables_words(owner, features, patients) -> None:
    encoding = ppdl.Encoding(features)
    x = owner.encode(patients, features)
    few, more = x.head(7), x.iloc[7:14]
    values, errors = encoding.sum(few.sum().to_numpy(), 7, 1e-6)
    assert encoding.sums == encoding.averages == encoding.differences
    assert values["Age"] == pytest.approx(patients["Age"].head(7).sum(), abs=1e-6) and 0 < errors["Age"] < 1e-3
    smoking = next(n for n in encoding.sums if n.startswith("Smoking"))
    counted = (patients["Smoking"].head(7) == smoking.split(" = ")[1]).sum()
    assert values[smoking] == pytest.approx(counted, abs=1e-6)
    ages = patients["Age"]
    values, _ = encoding.difference((more.mean() - few.mean()).to_numpy(), 1e-6)
    assert values["Age"] == pytest.approx(ages.iloc[7:14].mean() - ages.head(7).mean(), abs=1e-6)
    with pytest.raises(ppdl.FormatError, match="a sum of 3 values"):
        encoding.sum([0, 0, 0], 1)
    with pytest.raises(ppdl.FormatError, match="how many rows"):
        encoding.sum(few.sum().to_numpy(), -1)
    with pytest.raises(ppdl.FormatError, match="not a sum of so many rows"):
        encoding.sum(few.sum().to_numpy(), 3)

    def table(name: str, row: pd.Series, bound: float, n: object = 7, **decode: str) -> pd.DataFrame:
        answers = Answers(owner, encoding, decode, True, False)
        answers._open = lambda v, *_: v
        value = ppdl.Decrypted(row.to_numpy()[None, :], 1e-6, "row", encoding.id, None, bound)
        return answers.table({name: [value, None], "n": [n, None]}, {name: ("lwe_cipher", False)})

    # by name and bound, or as it is said; what the bound denies stays numbers
    age = pytest.approx(ages.head(7).sum(), abs=1e-6)
    df = table("sum", few.sum(), 7)
    assert df["sum.Age"][0] == age and np.isnan(df["sum.Age"][1]) and 0 < df.attrs["errors"]["sum.Age"] < 1e-3
    assert table("x", few.sum(), 7, x="sum")["x.Age"][0] == age
    assert table("total", few.sum(), 7.25, total="sum:n")["total.Age"][0] == age
    assert table("diff_of_avgs", more.mean() - few.mean(), 2)["diff_of_avgs.Age"][0] == pytest.approx(values["Age"])
    for name, bound in [("sum", 7.25), ("avg", 7), ("sum_avg", 7), ("summary", 7)]:
        assert table(name, few.sum(), bound).columns.tolist() == [name, "n"]
    for decode in ({"sum": "sum"}, {"sum": "sum:n"}):
        with pytest.raises(ppdl.FormatError, match='column "sum": a sum of how many rows'):
            table("sum", few.sum(), 7.25, "seven", **decode)
    with pytest.raises(ppdl.FormatError, match='no column "m"'):
        table("sum", few.sum(), 7, sum="sum:m")


def test_a_class_that_cannot_be_told(owner, features) -> None:
    encoding = ppdl.Encoding(features)
    names, leads = encoding.predicted([[0.25], [-0.25], [0.001]], 1e-3)
    assert names.tolist() == ["1", "0", None] and leads.tolist() == [0.25, 0.25, 0.001]
    assert encoding.predicted([[0.001], [0]])[0].tolist() == ["1", None]


def test_other_owners_and_arrays_in_results(owner) -> None:
    other = ppdl.Owner.generate("other")
    mine, theirs = next(owner.encrypt([[0.5]]))[0], next(other.encrypt([[0.5]]))[0]
    answers = Answers(owner, None, {}, True, False)
    cells = {"a": [mine, theirs, None], "b": ["{" + mine + ",NULL}", "{}", None], "c": [1, 2, 3]}
    df = answers.table(cells, {"a": ("lwe_cipher", False), "b": ("lwe_cipher", True)})
    assert df["a"][0] == pytest.approx(0.5, abs=1e-5)
    assert df["a"][1] == f"<lwe_cipher of key {other.fingerprint}>" and df["a"][2] is None
    assert df["b"][0][0] == pytest.approx(0.5, abs=1e-5) and df["b"][0][1] is None and df["b"][1] == []
    assert 0 < df.attrs["errors"]["a"] < 1e-4


def test_decode_is_checked(owner, features) -> None:
    for decode, message in [({"a": "mean"}, "possible"), ({"a": "average"}, "needs features")]:
        with pytest.raises(ppdl.FormatError, match=message):
            Answers(owner, None, decode, True, False)


def test_evaluation_is_the_tools(tmp_path) -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 300)
    scores = np.where(y == 1, 0.4, -0.4) + rng.normal(0, 1, 300)
    result = ppdl.evaluate(y, scores)
    assert result["rows"] == 300 and result["classes"] == ["0", "1"]
    assert result["metrics"]["accuracy"] == pytest.approx(np.mean((scores > 0) == (y == 1)))
    higher = (scores[y == 1][:, None] > scores[y == 0]).mean()
    assert result["metrics"]["auc"] == pytest.approx(higher)
    low, high = result["intervals"]["auc"]
    assert low < higher < high
    some = y.astype(object)
    some[:5] = None
    assert ppdl.evaluate(some, scores)["without_label"] == 5
    three = ppdl.evaluate(np.array(["a", "b", "c"])[rng.integers(0, 3, 90)], rng.normal(size=(90, 3)))
    assert three["classes"] == ["a", "b", "c"] and len(three["confusion"]) == 3
    with pytest.raises(ppdl.PpdlError, match="shape"):
        ppdl.evaluate(y, scores[:-1])
    with pytest.raises(ppdl.PpdlError):
        ppdl.evaluate(["a"] * 10, np.zeros(10), positive="b")


def test_a_missing_library_is_explained(tmp_path) -> None:
    env = {
        **os.environ,
        "PPDL_LIBRARY": "/nowhere/libppdl.so.0",
        "PYTHONPATH": os.path.dirname(os.path.dirname(ppdl.__file__)),
    }
    code = "import ppdl\nppdl.Owner.generate('a')"
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "cannot load libppdl" in done.stderr and "PPDL_LIBRARY" in done.stderr


def test_values_of_another_encoding_are_not_decoded(owner, features) -> None:
    """Both sides name theirs; what neither knows mixes with anything."""
    encoding = ppdl.Encoding(features)
    answers = Answers(owner, encoding, {}, True, False)
    value = ppdl.Decrypted(np.zeros((1, encoding.width)), 1e-6, "row", 0x3FA2B1C4D5E6, None)
    encoding.id = 0
    assert "avg.Age" in answers._column("avg", [value])
    encoding.id = 0x3FA2B1C4D5E7
    with pytest.raises(ppdl.FormatError, match="encoded by 3fa2b1c4d5e6, .*features.json is 3fa2b1c4d5e7"):
        answers._column("avg", [value])
    assert "avg.Age" in answers._column("avg", [ppdl.Decrypted(value.values, 1e-6, "row", 0, None)])
    raw = Answers(owner, encoding, {"avg": "raw"}, True, False)
    assert raw._column("avg", [value])["avg"][0].shape == (encoding.width,)
