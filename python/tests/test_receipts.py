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
    server.execute("CREATE VIEW nameless AS SELECT CASE WHEN ward <> 'A' THEN ward END AS ward, features FROM sealed")
    nameless = "SELECT ward, sum(features), lwe_receipt(features) FROM nameless GROUP BY "
    refused(nameless + "ward", "of another group than ward = NULL")
    total = owner.query(server, nameless + "GROUPING SETS (ward)", features=stored, verify=True, manifest=sealed)
    assert total["lwe_receipt"].str.contains("ward = A (ward: NULL taken for a total)", regex=False).any()
    refused("SELECT sum(features) FROM sealed", "without a receipt", ppdl.FormatError)
    refused("SELECT 'verified: 30 rows' AS lwe_receipt", "verified")
    refused(SQL, "manifests is empty", ppdl.FormatError, manifest=())
    refused(SQL, "neither", ppdl.FormatError, verify="ward")
    refused(SQL, "not asked for", ppdl.FormatError, verify=False)
    with ppdl.Owner.generate("another") as another, pytest.raises(ppdl.KeyFileError):
        another.query(server, SQL, verify=True, manifest=sealed)


@pytest.fixture(scope="module")
def labelled(server, owner, features, patients, tmp_path_factory) -> str:
    """60 rows with labels, tied to their gender; the manifest."""
    manifest = tmp_path_factory.mktemp("labelled") / "labelled.manifest"
    server.execute("CREATE TABLE labelled (id int, gender text, features lwe_cipher, label lwe_cipher)")
    names = ["id", "gender", "features", "label"]
    more = {"labels": True, "keep": ["Id", "Gender"], "receipts": "labelled", "bind": ["Gender"], "manifest": manifest}
    owner.copy(server, "labelled", patients[:60], features, columns=names, **more)
    server.execute("CREATE TABLE cheated AS TABLE labelled")
    return str(manifest)


def test_verified_statistics(server, owner, features, patients, labelled) -> None:
    kept = patients[:60]
    sizes = kept.groupby("Gender").size()
    everything = ppdl.Verify(all_rows=True)
    by = {"group_by": "gender", "verify": everything, "manifest": labelled}
    stats = owner.stats(server, "labelled", features, min_count=1, **by)
    df = stats.describe(["Age"], deviations=False)
    for gender, n in sizes.items():
        said = f"verified: all {n} rows, Gender = {gender}"
        assert any(said + ": their number and sums" in note for note in df.attrs["notes"])
        assert any("labels, " + said in note for note in df.attrs["notes"])
        mean = kept[kept["Gender"] == gender]["Age"].mean()
        assert df.loc[(gender, "Age"), ["n", "mean"]].tolist() == pytest.approx([n, mean], abs=1e-3)
    assert stats.describe(["Age"], deviations=False).equals(df), "asked again, it is verified again"
    products = owner.stats(server, "labelled", features, where="id < 100007", verify=True, manifest=labelled)
    notes = products.correlation(["Age"]).attrs["notes"]
    assert any("NOT verified: products" in note for note in notes)
    # the table's column is called gender, and the receipts' Gender
    what = ppdl.Verify(table="labelled", bind=["Gender"], column="label")
    part = owner.stats(server, "labelled", features, where="id < 100009", verify=what)
    notes = part.describe(["Age"], deviations=False).attrs["notes"]
    assert any("verified: 8 rows, Gender = " in note for note in notes)
    few = owner.stats(server, "labelled", features, min_count=100, **by)
    assert few.json(means=True)["withheld_rows"] == 60, "groups that are too small are not left out"


@pytest.mark.parametrize(
    ("cheat", "match"),
    [
        ("UPDATE cheated SET features = overlay(features::text PLACING CASE substr(features::text, 300, 1) WHEN 'A' "
         "THEN 'B' ELSE 'A' END FROM 300 FOR 1)::lwe_cipher WHERE id = 100005", "receipt does not fit"),
        ("UPDATE cheated SET label = (SELECT label FROM labelled WHERE id = 100003) WHERE id = 100002; "
         "UPDATE cheated SET label = NULL WHERE id = 100003", "1 row is left out"),
        ("UPDATE cheated SET gender = 'Female' WHERE id = (SELECT min(id) FROM labelled WHERE gender = 'Male')",
         "1 of .* are of another group than Gender = Female"),
        ("UPDATE cheated SET gender = NULL WHERE gender = 'Male'", "another group than Gender = NULL"),
        ("DELETE FROM cheated WHERE gender = 'Male'", "rows of the manifest are in no group"),
        ("UPDATE cheated SET label = NULL WHERE gender = 'Male'", "labels of the manifest are in no group"),
        ("INSERT INTO cheated SELECT id, gender, features, label, 1 FROM cheated WHERE gender = 'Male'; "
         "DELETE FROM cheated WHERE gender = 'Female'", "rows of the manifest are in no group"),
        ("UPDATE cheated SET gender = 'verified: all 60 rows'", "says .verified"),
        ("UPDATE cheated SET gender = '\\x504c5243'", "two receipts"),
        ("DELETE FROM cheated", "60 rows of the manifest are in no group"),
    ],
)  # fmt: skip
def test_statistics_that_do_not_pass(server, owner, features, labelled, cheat, match) -> None:
    server.execute("DROP TABLE cheated; CREATE TABLE cheated AS SELECT *, 0 AS again FROM labelled")
    server.execute(cheat)
    what = ppdl.Verify(all_rows=True)
    by = ["gender", "again"]
    stats = owner.stats(server, "cheated", features, group_by=by, min_count=1, verify=what, manifest=labelled)
    with pytest.raises((ppdl.KeyFileError, ppdl.FormatError), match=match):
        stats.describe(["Age"], deviations=False)


def test_what_statistics_are_verified_with(server, owner, features, sealed, labelled) -> None:
    def refused(match: str, verify: object, **more: object) -> None:
        with pytest.raises(ppdl.FormatError, match=match):
            owner.stats(server, "labelled", features, verify=verify, **more).describe(["Age"], deviations=False)

    refused("statistics check features and labels", "label", manifest=labelled)
    refused("manifests is empty", True)
    refused("manifest is of verify", False, manifest=labelled)
    refused('bind: table "labelled" has no column "ward"', ppdl.Verify(table="labelled", bind=["ward"]))
    refused("say what options->table says", ppdl.Verify(table="labelled"), manifest=labelled)
    with pytest.raises(ppdl.KeyFileError):
        owner.stats(server, "labelled", features, verify=True, manifest=sealed).describe(["Age"], deviations=False)


def test_capitals_of_bound_columns(server, owner, features) -> None:
    """They are compared as receipts do it, also where the database has capitals beyond ASCII."""
    import psycopg

    locale = server.execute(r"SELECT collname FROM pg_collation WHERE collname ~* '^c\.utf-?8$' LIMIT 1").fetchone()
    if locale is None:
        pytest.skip("there is no locale C.UTF-8")
    name = f"{server.info.dbname}_letters"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{locale[0]}'")
    try:
        with psycopg.connect(dbname=name, autocommit=True) as conn:
            conn.execute("CREATE EXTENSION ppdl")
            conn.execute('CREATE TABLE wards ("Ärzte" text, "öde" text, features lwe_cipher)')
            owner.stats(conn, "wards", features, verify=ppdl.Verify(table="wards", bind=["Ärzte"]))
            with pytest.raises(ppdl.FormatError, match='no column "Öde"'):
                owner.stats(conn, "wards", features, verify=ppdl.Verify(table="wards", bind=["Öde"]))
    finally:
        server.execute(f"DROP DATABASE {name}")


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
