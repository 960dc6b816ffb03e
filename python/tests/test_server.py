"""Against a server: rows go in, averages, sums and predictions come out."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from types import FrameType

import numpy as np
import pandas as pd
import psycopg
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ppdl
from conftest import PASSPHRASE, ROOT, tool
from ppdl.models import from_sklearn
from ppdl.owner import _polling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
COLUMNS = ["id", "gender", "features", "label"]


@pytest.fixture(scope="module")
def table(server, owner, features, patients):
    """All patients, encrypted."""
    server.execute(
        "CREATE TABLE patients (id int PRIMARY KEY, gender text, features lwe_cipher(18), label lwe_cipher(1))"
    )
    n = owner.copy(server, "patients", patients, features, columns=COLUMNS, keep=["Id", "Gender"], labels=True)
    assert n == len(patients) == server.execute("SELECT count(*) FROM patients").fetchone()[0]
    return "patients"


def store(server, model: ppdl.models.Model) -> None:
    """The levels are those that the model says."""
    assert model.create(server) == f"{model.name}@1"
    needed, available = server.execute("SELECT * FROM ppdl_model_levels(%s)", [model.name]).fetchone()
    assert (needed, available) == (model.levels, ppdl.models.ROW_LEVELS)


def test_averages(server, table, owner, features, patients) -> None:
    sql = "SELECT gender, count(*), avg(features) FROM patients GROUP BY gender ORDER BY gender"
    df = owner.query(server, sql, features=features)
    expected = patients.groupby("Gender")["Age"].agg(["mean", "size"])
    assert df["gender"].tolist() == expected.index.tolist() and df["count"].tolist() == expected["size"].tolist()
    errors = df.attrs["errors"]
    np.testing.assert_allclose(df["avg.Age"], expected["mean"], atol=6 * errors["avg.Age"])
    assert 0 < errors["avg.Age"] < 0.01
    share = patients.groupby("Gender")["Smoking"].agg(lambda s: (s == "Yes").mean())
    smoking = next(c for c in df.columns if c.startswith("avg.Smoking"))
    np.testing.assert_allclose(df[smoking], share if smoking.endswith("Yes") else 1 - share, atol=1e-3)
    raw = owner.query(server, "SELECT avg(features), sum(label) AS total FROM patients")
    np.testing.assert_allclose(raw["avg"][0], owner.encode(patients, features).mean(), atol=1e-5)
    coded = ppdl.Encoding(features).labels(patients)["Osteoporosis"].sum()
    assert raw["total"][0] == pytest.approx(coded, abs=1e-2)


def test_sums_and_differences(server, table, owner, features, patients) -> None:
    sql = """SELECT count(*) AS n, sum(features), avg(features) FILTER (WHERE gender = 'Male') -
        avg(features) FILTER (WHERE gender = 'Female') AS diff FROM patients"""
    df = owner.query(server, sql, features=features)
    errors, ages = df.attrs["errors"], patients.groupby("Gender")["Age"].mean()
    assert df["sum.Age"][0] == pytest.approx(patients["Age"].sum(), abs=6 * errors["sum.Age"])
    smoking = next(c for c in df.columns if c.startswith("sum.Smoking"))
    expected = (patients["Smoking"] == smoking.split(" = ")[1]).sum()
    assert df[smoking][0] == pytest.approx(expected, abs=6 * errors[smoking])
    assert df["diff.Age"][0] == pytest.approx(ages["Male"] - ages["Female"], abs=6 * errors["diff.Age"])
    scaled = "SELECT count(*) AS n, 0.0003 * sum(features) AS part FROM patients"
    with pytest.raises(ppdl.FormatError, match='column "part": a sum of how many rows'):
        owner.query(server, scaled, features=features, decode={"part": "sum"})


class Stop(Exception):
    pass


def test_decryption_can_be_interrupted(server, table, owner) -> None:
    """A handler that raises while the library decrypts ends that; the key decrypts on."""
    value = server.execute("SELECT lwe_gram(features) FROM patients").fetchone()[0]

    def handler(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_name == "_polling":
                raise Stop
            frame = frame.f_back

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        with pytest.raises(Stop):
            for _ in range(200):
                owner.decrypt(value)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert owner.decrypt(value).shape == (18, 18)


def test_handlers_may_raise_again(owner) -> None:
    """What is raised while something that was raised is noted is noted, too; and a poll that ended is set anew."""

    class Twice(list):
        def append(self, e: BaseException) -> None:
            super().append(e)
            if len(self) == 1:
                raise Stop

    raised: list[BaseException] = Twice()
    polling = _polling(raised)
    next(polling)
    assert polling.throw(Stop()) == 2
    assert next(polling) == 2
    owner._polling.close()
    with owner._interruptible():
        assert owner._polling.send(None) == 0


@pytest.mark.parametrize("kind", ["network", "pipeline", "logistic"])
def test_scikit_learn_predicts_on_encrypted_rows(server, table, owner, features, patients, kind) -> None:
    """The server's answers are scikit-learn's within the stated errors, of the polynomials and of the ciphertexts."""
    x = owner.encode(patients, features).to_numpy()
    y = patients["Osteoporosis"].to_numpy()
    train = x[::2], y[::2]
    network = MLPClassifier((8,), activation="tanh", alpha=1.0, max_iter=30, random_state=1)
    estimator = {
        "network": network,
        "pipeline": make_pipeline(StandardScaler(), network),
        "logistic": LogisticRegression(),
    }[kind].fit(*train)
    model = from_sklearn(estimator, train[0], degree=7, name=f"sk_{kind}")
    assert model.check() == []
    store(server, model)
    agg = f"ppdl_predict_agg('{model.name}', features ORDER BY id)"
    sql = f"SELECT array_agg(id ORDER BY id) AS id, {agg} AS score FROM patients"
    df = owner.query(server, sql, decode={"score": lambda z: z}).set_index("id")
    outputs = np.array(df["score"].tolist()).reshape(len(x), -1)
    noise = df.attrs["errors"]["score"]
    order = np.argsort(patients["Id"].to_numpy(), kind="stable")
    # what the server computes is what the model says that it does
    np.testing.assert_allclose(outputs, model.predict(x[order]), atol=6 * noise)
    assert noise < 1e-3
    # ... and what scikit-learn says, within the stated error
    report = model.error_on(x)
    if kind == "logistic":
        decision = estimator.decision_function(x[order])
        assert report.largest == 0
    else:
        p = estimator.predict_proba(x[order])[:, 1]
        decision = np.log(p / (1 - p))
    np.testing.assert_allclose(
        model.answer.unscaled(outputs)[:, 0], decision, atol=report.largest + 6 * noise * model.answer.scale + 1e-6
    )
    same = model.answer(outputs) == estimator.predict(x[order])
    assert same.mean() == pytest.approx(report.agreement, abs=0.002) and same.mean() > 0.9
    np.testing.assert_allclose(model.answer.probabilities(outputs).sum(axis=1), 1)
    result = ppdl.evaluate(y[order], outputs[:, 0])
    assert result["metrics"]["accuracy"] == pytest.approx(estimator.score(x, y), abs=1 - report.agreement + 0.002)


def test_predictions_become_words(server, table, owner, features, patients) -> None:
    x = owner.encode(patients, features).to_numpy()
    estimator = LogisticRegression(C=0.01).fit(x, patients["Osteoporosis"])
    model = from_sklearn(estimator, name="words")
    store(server, model)
    sql = "SELECT array_agg(id) AS id, ppdl_predict_agg('words', features) AS label FROM patients WHERE id < 100010"
    df = owner.query(server, sql, features=features).set_index("id")
    expected = pd.Series(estimator.predict(x).astype(str), patients["Id"])
    assert df["label"].tolist() == expected.loc[df.index].tolist() and (df["label.lead"] > 0).all()
    answers = owner.query(server, sql, decode={"label": model.answer}).set_index("id")
    assert answers["label"].tolist() == [int(v) for v in df["label"]]
    one = owner.query(server, "SELECT id, ppdl_predict('words', features) AS label FROM patients WHERE id = 100003")
    decision = estimator.decision_function(x[patients["Id"] == 100003])[0]
    assert one["label"][0] * model.answer.scale == pytest.approx(decision, abs=1e-3)
    packed = owner.query(server, sql, expand=False)
    assert packed["label"][0].shape == (len(df), 1) and len(packed["id"][0]) == len(df)


def test_rows_of_another_encoding(server, table, owner, features, patients, tmp_path) -> None:
    """Rows, models and feature files say what they are of: mixing them is an error, not a wrong number."""
    tool(
        "encode",
        ROOT / "contrib-data/patients.csv",
        "--id",
        "Id",
        "--label",
        "Osteoporosis",
        "-o",
        tmp_path / "other.json",
    )
    other = ppdl.Encoding(tmp_path / "other.json")
    sql = "SELECT avg(features) FROM patients"
    assert ppdl.describe(server.execute(sql).fetchone()[0])["encoding"] == ppdl.Encoding(features).id != other.id
    with pytest.raises(ppdl.FormatError, match=f"{ppdl.Encoding(features).id:012x}, .*other.json is {other.id:012x}"):
        owner.query(server, sql, features=other)
    x = other.encode(patients)
    model = from_sklearn(LogisticRegression(C=0.01).fit(x.to_numpy(), patients["Osteoporosis"]), x, name="other")
    assert model.spec()["encoding"] == f"{other.id:012x}"
    assert ppdl.models.Model.from_json(model.json()).encoding == other.id
    store(server, model)
    with pytest.raises(psycopg.Error, match=f"{other.id:012x}"):
        owner.query(server, "SELECT ppdl_predict_agg('other', features) FROM patients")


def test_regression_in_its_own_units(server, owner, features, patients) -> None:
    """Rows without id or label, an array; targets of hundreds."""
    x = np.random.default_rng(2).uniform(-1, 1, (500, 8))
    y = 300 + 200 * x[:, 0] * x[:, 1] + 50 * x[:, 2]
    estimator = MLPRegressor((6,), activation="logistic", max_iter=100, random_state=1).fit(x, y / 100)
    estimator.coefs_[-1] *= 100
    estimator.intercepts_[-1] *= 100
    model = from_sklearn(estimator, x, degree=7, name="regression")
    assert model.answer.scale > 1
    store(server, model)
    server.execute('CREATE SCHEMA other CREATE TABLE "Wide rows" (features lwe_cipher(8))')
    assert owner.copy(server, ("other", "Wide rows"), x) == 500
    sql = "SELECT ppdl_predict_agg('regression', features) AS y FROM other.\"Wide rows\""
    df = owner.query(server, sql, decode={"y": model.answer})
    noise = df.attrs["errors"]["y"] * model.answer.scale
    np.testing.assert_allclose(df["y"], estimator.predict(x), atol=model.error_on(x).largest + 6 * noise)
    assert model.error_on(x).largest < 10


def test_images_on_the_server(server, owner) -> None:
    rng = np.random.default_rng(3)
    m = ppdl.models
    conv = m.Conv2d(rng.normal(0, 0.3, (2, 1, 3, 3)), np.zeros(2), 1, (1, 8, 8), m.Activation.exact("quadratic"))
    pool = m.Pool(2, 2, conv.out, m.Activation.exact("identity"))
    dense = m.Dense(rng.normal(0, 0.3, (3, pool.units)), np.ones(3), m.Activation.exact("identity"))
    model = m.Model((conv, pool, dense), name="pictures")
    store(server, model)
    x = rng.uniform(-1, 1, (40, 64))
    server.execute("CREATE TABLE pictures (features lwe_cipher(64))")
    owner.copy(server, "pictures", x)
    server.execute("INSERT INTO pictures VALUES (NULL)")
    df = owner.query(
        server, "SELECT ppdl_predict_agg('pictures', features) AS y FROM pictures", decode={"y": lambda z: z}
    )
    np.testing.assert_allclose(np.array(df["y"].tolist()[:40]), model.predict(x), atol=1e-4)
    assert len(df) == 41 and df["y"][40] is None, "a row that is NULL keeps its place"


def test_import_by_the_tool(server, tmp_path) -> None:
    model = from_sklearn(LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]), name="imported")
    model.save(tmp_path / "m.json")
    dsn = f"dbname={server.info.dbname}"
    assert tool("model", "import", tmp_path / "m.json", "--dsn", dsn).strip() == "imported@1"
    exported = tool("model", "export", "imported", "--dsn", dsn)
    again = ppdl.models.Model.from_json(exported, model.answer)
    np.testing.assert_array_equal(again.predict([[0.3, 0.4]]), model.predict([[0.3, 0.4]]))


def test_results_without_ciphertexts_and_bad_queries(server, table, owner, features) -> None:
    df = owner.query(server, "SELECT gender, count(*) FROM patients WHERE gender = %s GROUP BY 1", ["Male"])
    assert df.columns.tolist() == ["gender", "count"] and len(df) == 1
    empty = owner.query(server, "SELECT id, features FROM patients WHERE false")
    assert empty.columns.tolist() == ["id", "features"] and len(empty) == 0
    nothing = owner.query(server, "SELECT avg(features) FROM patients WHERE false", features=features)
    assert nothing["avg"][0] is None
    with pytest.raises(ppdl.FormatError, match="returns no rows"):
        owner.query(server, "SET work_mem = '8MB'")
    with pytest.raises(ppdl.FormatError, match='function for "avg" made'):
        owner.query(server, "SELECT avg(features) FROM patients", decode={"avg": lambda z: z.sum()})
    with pytest.raises(ppdl.FormatError, match='no column "score"'):
        owner.query(server, "SELECT 1 AS a", decode={"score": "raw"})
    with pytest.raises(ppdl.FormatError, match='two columns "a"'):
        owner.query(server, "SELECT 1 AS a, 2 AS a")
    with pytest.raises(ppdl.FormatError, match="columns: 1 names for 2 columns"):
        owner.copy(server, "patients", np.zeros((1, 18)), columns=["features"], labels=[1.0])


def test_ten_lines_of_the_readme(server, keys, features, tmp_path, monkeypatch, capsys) -> None:
    """The README's Python session runs, in a directory as it has it, and prints a decrypted table."""
    text = (ROOT / "README.md").read_text()
    code = re.search(r"```python\n(import pandas.*?)```", text, re.S)[1]
    assert code.count("\n") <= 12
    monkeypatch.chdir(tmp_path)
    for name, path in {
        "hospital.key": keys / "hospital.key",
        "features.json": features,
        "contrib-data": ROOT / "contrib-data",
    }.items():
        Path(name).symlink_to(path)
    monkeypatch.setenv("PPDL_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("PGDATABASE", server.info.dbname)
    server.execute("DROP TABLE IF EXISTS patients")
    server.execute(
        "CREATE TABLE patients (id int PRIMARY KEY, gender text, features lwe_cipher(18), label lwe_cipher(1))"
    )
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "avg.Age" in printed and "Female" in printed
