"""Statistics of encrypted rows against numpy and pandas on the plain table, and against `ppdl stats`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import ppdl
from conftest import tool


def plain(cohort: pd.DataFrame) -> pd.DataFrame:
    return cohort.assign(smokes=(cohort["smoker"] == "yes").astype(float))


def test_same_as_the_tool(server, owner, keys, stored) -> None:
    """To the last digit, for all that can be asked, group by group."""
    stats = owner.stats(server, "the cohort", where="id > 10", group_by="ward", min_count=4)
    asked = ["--all", "--regress", "weight", "--on", "age,smoker", "--ridge", "0.5"]
    printed = tool(
        "stats", "--key", keys / "hospital.key", "--features", keys / "cohort.json", "--dsn",
        f"dbname={server.info.dbname}", "--table", "the cohort", "--where", "id > 10", "--group-by", "ward",
        "--min-count", "4", "--json", *asked,
    )  # fmt: skip
    mine = stats.json(all=True, regress=["weight"], on=["age", "smoker"], ridge=0.5)
    theirs = json.loads(printed)
    assert [g.pop("key") for g in mine["groups"]] == [("A",), ("B",)]
    assert mine["withheld_groups"] == 1 and "sum_where" in mine["query"]
    assert "lwe_gram" not in mine["query"]
    assert mine.pop("table") == '"the cohort"' and theirs.pop("table") == "the cohort"
    assert mine == theirs


def test_describe(server, owner, stored, cohort) -> None:
    stats = owner.stats(server, "the cohort", stored)
    df = stats.describe(["age", "weight", "smoker"])
    expected = cohort[["age", "weight"]].describe().T
    for name in ("age", "weight"):
        errors = df.attrs["errors"].loc[name]
        assert df.loc[name, "n"] == expected.loc[name, "count"]
        for mine, theirs in (("mean", "mean"), ("std", "std")):
            assert df.loc[name, mine] == pytest.approx(expected.loc[name, theirs], abs=30 * errors[mine])
            assert 0 < errors[mine] < 1e-2
    assert df.loc["weight", "missing"] == pytest.approx(cohort["weight"].isna().mean(), abs=1e-6)
    share = df[df.index.str.startswith("smoker")]["mean"].iloc[-1]
    assert share == pytest.approx((cohort["smoker"] == "yes").mean(), abs=1e-5)
    means = stats.describe(["age"], deviations=False)
    assert means.loc["age", "mean"] == df.loc["age", "mean"]
    one = owner.stats(server, "the cohort", stored, where="id = 2", min_count=1).describe(["age"])
    assert one.loc["age", "mean"] == pytest.approx(cohort["age"][1], abs=1e-4)
    assert np.isnan(one.loc["age", "std"]) and one.attrs["why"].loc["age", "std"] != ""


def test_correlation_and_components(server, owner, stored, cohort) -> None:
    stats = owner.stats(server, "the cohort", stored, where="id % 11 <> 1")
    kept = plain(cohort)[cohort["id"] % 11 != 1]
    assert kept["weight"].notna().all()
    r = stats.correlation(["age", "weight", "smoker"])
    expected = np.corrcoef(kept[["age", "weight", "smokes"]].to_numpy(), rowvar=False)
    order = [list(r.columns).index(n) for n in r.columns if n in ("age", "weight")]
    assert len(r) == 3 and len(order) == 2
    by_name = {"age": 0, "weight": 1}
    at = [by_name.get(n, 2) for n in r.columns]
    np.testing.assert_allclose(r.to_numpy(), expected[np.ix_(at, at)], atol=1e-4)
    p = stats.pca(["age", "weight", "smoker"])
    values = np.sort(np.linalg.eigvalsh(expected))[::-1]
    np.testing.assert_allclose(p.variances["eigenvalue"], values, atol=1e-4)
    np.testing.assert_allclose(p.variances["share"].sum(), 1, atol=1e-6)
    v = p.loadings.to_numpy()
    np.testing.assert_allclose(v @ v.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(v @ r.to_numpy() @ v.T, np.diag(values), atol=1e-3)


def test_regression(server, owner, stored, cohort) -> None:
    kept = plain(cohort)[cohort["id"] % 11 != 1]
    fit = owner.stats(server, "the cohort", stored, where="id % 11 <> 1").regress("weight", on=["age", "smoker"])
    x = np.column_stack([np.ones(len(kept)), kept["age"], kept["smokes"]])
    y = kept["weight"].to_numpy()
    beta, rss, _, _ = np.linalg.lstsq(x, y, rcond=None)
    df = len(y) - 3
    se = np.sqrt(rss[0] / df * np.diag(np.linalg.inv(x.T @ x)))
    got = fit.coefficients
    assert got.index[0] == "(constant)" and got.index[1] == "age"
    np.testing.assert_allclose(got["value"], beta, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(got["standard_error"], se, rtol=1e-3)
    s = fit.summary.iloc[0]
    assert s["n"] == len(y) and s["degrees_of_freedom"] == df
    assert s["r_squared"] == pytest.approx(1 - rss[0] / ((y - y.mean()) ** 2).sum(), abs=1e-4)
    groups = owner.stats(server, "the cohort", stored, where="id % 11 <> 1", group_by=["ward"])
    by_ward = groups.regress("weight", on=["age"])
    for ward, part in kept[kept["ward"] != "C"].groupby("ward"):
        slope = np.polyfit(part["age"], part["weight"], 1)[0]
        assert by_ward.coefficients.loc[(ward, "age"), "value"] == pytest.approx(slope, abs=1e-3)
        assert by_ward.summary.loc[ward, "n"] == len(part)
    assert len(by_ward.summary) == 2 and "1 group of fewer than 5 rows, 3 in all" in by_ward.notes[-1]


def test_tables(server, owner, stored, cohort) -> None:
    stats = owner.stats(server, "the cohort", stored)
    bands = pd.cut(cohort["age"], [-np.inf, 40, 50, 60, np.inf], right=False, labels=False)
    expected = pd.crosstab(bands, cohort["smoker"])
    table = stats.crosstab("age", "smoker")
    assert table.counts.columns.name == "smoker" and list(table.counts.columns) == list(expected.columns)
    np.testing.assert_array_equal(table.counts.to_numpy(), expected.to_numpy())
    outer = np.outer(expected.sum(axis=1), expected.sum(axis=0)) / len(cohort)
    chi2 = ((expected - outer) ** 2 / outer).to_numpy().sum()
    assert table.summary["chi_squared"].iloc[0] == pytest.approx(chi2, rel=1e-6)
    h = stats.histogram("age")
    assert h.counts["rows"].tolist() == bands.value_counts().sort_index().tolist()
    assert h.summary["n"].iloc[0] == len(cohort) and 40 < h.summary["quantile_0.5"].iloc[0] < 60


def test_small_groups_and_bad_questions(server, owner, stored, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    stats = owner.stats(server, "the cohort", group_by="ward")  # the feature file is found beside the key
    assert stats.encoding.id == stored.id
    df = stats.describe(["weight"], deviations=False)
    assert df.index.tolist() == [("A", "weight"), ("B", "weight")] and df.index.names == ["ward", "column"]
    with pytest.raises(ppdl.PpdlError, match="fewer than 5 rows"):
        owner.stats(server, "the cohort", stored, where="ward = 'C'").describe()
    three = owner.stats(server, "the cohort", stored, where="ward = 'C'", min_count=3).histogram("smoker")
    assert three.counts["rows"].sum() == 3 and any("fewer than 3 rows" in n for n in three.notes)
    with pytest.raises(ppdl.PpdlError, match="meets the condition"):
        owner.stats(server, "the cohort", stored, where="false").describe()
    with pytest.raises(ppdl.FormatError, match="height"):
        stats.regress("height")
    with pytest.raises(ppdl.FormatError, match="weight.*is a number"):
        stats.histogram("weight")
    with pytest.raises(ppdl.FormatError, match='no column "cells" of type lwe_cipher; it has features'):
        owner.stats(server, "the cohort", stored, column="cells")
    with pytest.raises(ppdl.FormatError, match="min_count is 0"):
        owner.stats(server, "the cohort", stored, min_count=0)
    with ppdl.Owner.generate("another") as other, pytest.raises(ppdl.KeyFileError):
        other.stats(server, "the cohort", stored).describe(["age"], deviations=False)
