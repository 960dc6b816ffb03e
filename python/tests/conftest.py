"""Fixtures: a key, a feature file and, where PGHOST says where, a server with the extension.

Everything that is needed must be there: PPDL_LIBRARY and PPDL_TOOL name what make built.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("PPDL_LIBRARY", str(ROOT / "build/lib/libppdl.so.0"))
os.environ.setdefault("PPDL_TOOL", str(ROOT / "ppdl"))

PASSPHRASE = "only for tests"
PATIENTS = ROOT / "contrib-data/patients.csv"


def tool(*arguments: str | Path) -> str:
    env = {**os.environ, "PPDL_PASSPHRASE": PASSPHRASE}
    command = [os.environ["PPDL_TOOL"], *map(str, arguments)]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory with hospital.key and hospital.pub, for predictions."""
    home = tmp_path_factory.mktemp("keys")
    tool("keygen", "--out", home / "hospital")
    return home


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("features") / "features.json"
    tool("encode", PATIENTS, "--id", "Id", "--label", "Osteoporosis", "-o", path)
    return path


@pytest.fixture(scope="session")
def patients() -> pd.DataFrame:
    return pd.read_csv(PATIENTS, keep_default_na=False)


@pytest.fixture(scope="session")
def owner(keys: Path):
    import ppdl

    with ppdl.Owner.open(keys / "hospital.key", PASSPHRASE) as o:
        yield o


@pytest.fixture(scope="session")
def server(keys: Path):
    """A psycopg connection to a database that has the extension and the key's parts for predictions."""
    if "PGHOST" not in os.environ:
        if os.environ.get("CI"):
            pytest.fail("PGHOST is not set: there is no server to test with")
        pytest.skip("PGHOST is not set: test/scripts/with_server.sh test/scripts/check_python.sh has a server")
    import psycopg

    name = f"ppdl_python_{os.getpid()}"
    with psycopg.connect(dbname="postgres", autocommit=True) as first:
        first.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(dbname=name, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION ppdl")
        tool("publish", keys / "hospital.pub", "--for", "predict", "--dsn", f"dbname={name}")
        yield conn
    with psycopg.connect(dbname="postgres", autocommit=True) as last:
        last.execute(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def cohort() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 400
    age = rng.integers(20, 80, n)
    smoker = rng.random(n) < 0.2 + 0.005 * age
    weight = 60 + 0.2 * age + 5 * smoker + rng.normal(0, 8, n)
    df = pd.DataFrame({"id": np.arange(1, n + 1), "ward": np.where(np.arange(n) < 397, "A", "C")})
    df.loc[df.index % 3 == 0, "ward"] = "B"
    df.loc[397:, "ward"] = "C"
    df["age"], df["weight"] = age.astype(float), weight.round(1)
    df["smoker"] = np.where(smoker, "yes", "no")
    df.loc[df.index % 11 == 0, "weight"] = np.nan
    return df


@pytest.fixture(scope="session")
def stored(server, owner, keys, cohort):
    """The cohort, encrypted; its feature file lies beside the key."""
    path = keys / "cohort.csv"
    cohort.to_csv(path, index=False, na_rep="")
    tool(
        "encode", path, "--id", "id", "--exclude", "ward", "--thermometer", "age:40,50,60", "--moments=age,weight,smoker",
        "-o", keys / "cohort.json",
    )  # fmt: skip
    import ppdl

    features = ppdl.Encoding(keys / "cohort.json")
    server.execute('CREATE TABLE "the cohort" (id int, ward text, features lwe_cipher)')
    table = cohort.astype({"weight": object}).where(cohort.notna(), None)
    owner.copy(server, "the cohort", table, features, keep=["id", "ward"])
    return features
