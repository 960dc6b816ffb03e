"""Questions on encrypted columns, in braces, against pandas on the plain table; totals of few rows."""

from __future__ import annotations

import pandas as pd
import pytest
from psycopg import sql

import ppdl


def test_questions_by_group(server, owner, stored, cohort) -> None:
    """Counts are exact, averages are the table's within the stated error; other columns stay as they are."""
    df = owner.query(
        server,
        """SELECT ward, {count where age >= 50 and smoker = 'yes'} AS n, {avg(age) where smoker = 'yes'}, count(*) AS rows,
        {sum(weight) where not smoker = 'yes'} FROM "the cohort" WHERE id <= %s GROUP BY ward ORDER BY ward""",
        [60],
        features=stored,
    )
    kept = cohort[cohort["id"] <= 60]
    yes = kept["smoker"] == "yes"
    by = kept["ward"]
    assert df["ward"].tolist() == ["A", "B"] and df["rows"].tolist() == kept.groupby("ward").size().tolist()
    assert df["n"].tolist() == (yes & (kept["age"] >= 50)).groupby(by).sum().tolist()
    errors = df.attrs["errors"]
    assert df.columns[2] == "avg(age)" and df.columns[4] == "sum(weight)" and errors["n"] == 0
    expected = kept[yes].groupby("ward")["age"].mean()
    assert df["avg(age)"].tolist() == pytest.approx(expected.tolist(), abs=6 * errors["avg(age)"])
    total = kept[~yes].groupby("ward")["weight"].sum()
    assert df["sum(weight)"].tolist() == pytest.approx(total.tolist(), abs=6 * errors["sum(weight)"])
    assert 0 < errors["avg(age)"] < 0.01 and 0 < errors["sum(weight)"] < 1


def test_few_rows(server, owner, stored, cohort) -> None:
    server.execute('CREATE VIEW last AS SELECT * FROM "the cohort" WHERE id > 340')
    last = cohort[340:]
    text = "SELECT ward, {count where smoker = 'yes'} AS n, avg(features) FROM last GROUP BY ward ORDER BY ward"
    df = owner.query(server, text, features=stored)
    assert (cohort["smoker"][397:] == "yes").any(), "a group with some"
    assert df["n"][:2].notna().all() and pd.isna(df["n"][2])
    assert df["avg.age"][:2].notna().all() and pd.isna(df["avg.age"][2])
    assert "fewer than 5 rows" in df.attrs["notes"][-1]
    composed = sql.SQL(text.replace("{", "{{").replace("}", "}}") + " OFFSET {}").format(0)
    shown = owner.query(server, composed, features=stored, min_count=1)
    assert shown["n"].tolist() == (last["smoker"] == "yes").groupby(last["ward"]).sum().tolist()
    assert shown["avg.age"][2] == pytest.approx(cohort["age"][397:].mean(), abs=1e-3)
    assert not any("fewer" in n for n in shown.attrs["notes"])
    text = "SELECT {count where smoker = 'yes'}, {avg(age) where smoker = 'yes'} FROM \"the cohort\" WHERE false"
    count, average = owner.query(server, text, features=stored).iloc[0]
    assert count == 0 and pd.isna(average)


def test_bad_questions(server, owner, stored, features) -> None:
    def refused(text: str, match: str, **more: object) -> None:
        with pytest.raises(ppdl.FormatError, match=match):
            owner.query(server, text, **{"features": stored, **more})

    refused("SELECT {count where age >= 50} FROM t", "none was given", features=None)
    refused("SELECT {count where height > 3} FROM t", "height")
    refused("SELECT {count where age >= } FROM t", "line 1, column")
    refused("SELECT {count where smoker = 'maybe'} FROM t", "maybe")
    refused('SELECT {count where smoker = \'yes\'}::text || \'x\' FROM "the cohort"', "go on with it|part of another")
    refused('SELECT json_build_array({count where smoker = \'yes\'}) FROM "the cohort" WHERE id < 3', "part of another")
    refused('SELECT {count where "Smoking" = \'Yes\'} FROM "the cohort"', "encoding", features=features)
    refused("SELECT 1 AS a", "min_count is 0", min_count=0)
    df = owner.query(server, "SELECT '{count where age > 3}' AS a")
    assert df["a"][0] == "{count where age > 3}"
