"""Rows with receipts, and sums that are checked before they are decrypted: each cheat is found, nothing honest refused."""

from __future__ import annotations

import pandas as pd
import pytest

import ppdl

SQL = "SELECT ward, count(*), sum(features), avg(features), lwe_receipt(features, ward) FROM sealed GROUP BY ward ORDER BY 1"


@pytest.fixture(scope="module")
def sealed(server, owner, stored, cohort, tmp_path_factory) -> str:
    """30 rows in two goes, one of them twice; the manifest."""
    manifest = tmp_path_factory.mktemp("receipts") / "sealed.manifest"
    server.execute("CREATE TABLE sealed (id int PRIMARY KEY, ward text, features lwe_cipher)")
    table = cohort[:30].astype({"weight": object}).where(cohort[:30].notna(), None)
    more = {"keep": ["id", "ward"], "receipts": "sealed", "bind": ["ward"], "manifest": manifest}
    assert owner.copy(server, "sealed", table[:20], stored, **more) == 20
    old = server.execute("DELETE FROM sealed WHERE id = 1 RETURNING features").fetchone()[0]
    owner.copy(server, "sealed", pd.concat([table[:1], table[20:]]), stored, **more)
    server.execute("CREATE TABLE old AS SELECT 1 AS id, %s::lwe_cipher AS features", [old])
    return str(manifest)


def test_verified_sums(server, owner, stored, sealed, cohort) -> None:
    df = owner.query(server, SQL, features=stored, verify=True, manifest=sealed)
    kept = cohort[:30]
    said = [f"verified: all {n} rows, ward = {w}" for w, n in kept.groupby("ward").size().items()]
    assert df["lwe_receipt"].tolist() == said
    expected = kept.groupby("ward")["age"].mean().tolist()
    assert df["avg.age"].tolist() == pytest.approx(expected, abs=1e-3)
    assert df["sum.age"].tolist() == pytest.approx(kept.groupby("ward")["age"].sum().tolist(), abs=1e-2)
    what = ppdl.Verify(table="sealed", bind=["ward"])
    text = "SELECT sum(features), lwe_receipt(features, ward) FROM sealed WHERE id < 9"
    part = owner.query(server, text, features=stored, verify=what)
    assert part["lwe_receipt"][0].startswith("verified: 8 rows, ward = ")


def test_what_does_not_pass(server, owner, stored, sealed) -> None:
    def refused(text: str, match: str, kind: type[ppdl.PpdlError] = ppdl.KeyFileError, **more: object) -> None:
        with pytest.raises(kind, match=match):
            owner.query(server, text, features=stored, **{"verify": True, "manifest": sealed, **more})

    other = "(SELECT sum(features) FROM sealed WHERE id < 12)"
    refused(f"SELECT {other} AS sum, lwe_receipt(features, ward) FROM sealed WHERE id < 11", "receipt|sum")
    refused("SELECT 'A' AS ward, sum(features), lwe_receipt(features, ward) FROM sealed WHERE ward = 'B'", "another group")
    refused("SELECT sum(features), lwe_receipt(features, 'B'::text) FROM sealed WHERE ward = 'A'", "receipt|bound|row")
    refused("SELECT sum(features), lwe_receipt(features) FROM old", "old version")
    refused(SQL.replace("FROM sealed", "FROM sealed WHERE id <> 7"), "left out", verify=ppdl.Verify(all_rows=True))
    refused("SELECT sum(features) FROM sealed", "without a receipt", ppdl.FormatError)
    refused("SELECT 'verified: 30 rows' AS lwe_receipt", "verified")
    refused(SQL, "manifests is empty", ppdl.FormatError, manifest=())
    refused(SQL, "neither", ppdl.FormatError, verify="ward")
    refused(SQL, "not asked for", ppdl.FormatError, verify=False)
    with ppdl.Owner.generate("another") as another, pytest.raises(ppdl.KeyFileError):
        another.query(server, SQL, verify=True, manifest=sealed)


def test_bad_receipts(owner, stored, cohort, tmp_path) -> None:
    table = cohort[:3].astype({"weight": object}).where(cohort[:3].notna(), None)

    def refused(match: str, data: pd.DataFrame = table, **more: object) -> None:
        options = {"keep": ["id", "ward"], "receipts": "t", "manifest": tmp_path / "m", **more}
        with pytest.raises(ppdl.FormatError, match=match):
            list(owner.encrypt(data, stored, **options))

    refused("give receipts", receipts=None)
    refused('"age" is none of the columns that are kept', bind=["age"])
    refused(r'column "age" holds \d+\.0', keep=["id", "age"], bind=["age"])
    refused('two rows with the id "1"', pd.concat([table, table[:1]]))
    with pytest.raises(ppdl.FormatError, match="need an id"):
        owner.encrypt([[0.5]], receipts="t")
    rows = owner.encrypt(table, stored, receipts="t", manifest=tmp_path / "m")
    next(rows)
    with pytest.raises(ppdl.FormatError, match="2 of 3 rows"):
        rows.save_manifest()
    assert not (tmp_path / "m").exists()
    list(rows)
    rows.save_manifest()
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o600
    refused("bound columns", bind=["ward"])


def test_manifest_outlives_no_key(features, patients, tmp_path) -> None:
    """It is sealed with the key, which is kept for it, and must not be closed before."""
    options = {"receipts": "t", "manifest": tmp_path / "m"}
    with ppdl.Owner.generate("closed") as owner:
        rows = owner.encrypt(patients[:2], features, **options)
        assert len(list(rows)) == 2
    with pytest.raises(ppdl.PpdlError, match="it is closed"):
        rows.save_manifest()
    assert not (tmp_path / "m").exists()
    rows = ppdl.Owner.generate("kept").encrypt(patients[:2], features, **options)
    assert len(list(rows)) == 2
    rows.save_manifest()
    assert (tmp_path / "m").exists()
