"""Writers: keys whose rows the owner reads."""

from __future__ import annotations

import numpy as np
import pytest

import ppdl
from conftest import PASSPHRASE, tool


def test_rows_of_a_writer(server, owner, keys, stored, cohort, tmp_path) -> None:
    """Made, saved and opened; its rows are the owner's, in sums and one by one, and of nobody else."""
    table = cohort[["id", "age", "weight", "smoker"]][:30]
    with ppdl.Owner.generate_writer("ward7", keys / "hospital.pub") as made:
        assert made.writes_for == owner.fingerprint and owner.writes_for == ""
        made.save(tmp_path / "ward7.key", PASSPHRASE)
        made.save_writer(keys / "hospital.pub", tmp_path / "ward7.pub")
        with pytest.raises(ppdl.KeyFileError, match="writer"):
            made.save_public(tmp_path / "not.pub")
    tool("publish", tmp_path / "ward7.pub", "--dsn", f"dbname={server.info.dbname}")
    server.execute("CREATE TABLE mixed (id int, features lwe_cipher)")
    plain = table.astype({"weight": object}).where(table.notna(), None)
    with ppdl.Owner.open(tmp_path / "ward7.key", PASSPHRASE) as writer:
        assert writer.writes_for == owner.fingerprint
        writer.copy(server, "mixed", plain[:10], stored, keep=["id"])
        owner.copy(server, "mixed", plain[10:], stored, keep=["id"])
        x = stored.encode(plain).to_numpy()
        df = owner.query(server, "SELECT id, features FROM mixed ORDER BY id")
        np.testing.assert_allclose(np.array(df["features"].tolist()), x, atol=1e-6)
        mean = owner.query(server, "SELECT avg(features) FROM mixed", features=stored)
        assert mean["avg.age"][0] == pytest.approx(table["age"].mean(), abs=1e-3)
        described = owner.stats(server, "mixed", stored).describe(["age"])
        assert described.loc["age", "std"] == pytest.approx(table["age"].std(), abs=1e-3)
        mine = writer.query(server, "SELECT features FROM mixed WHERE id IN (1, 20) ORDER BY id")
        np.testing.assert_allclose(mine["features"][0], x[0], atol=1e-6)
        assert mine["features"][1] == f"<lwe_cipher of key {owner.fingerprint}>"
        cell = server.execute("SELECT features FROM mixed WHERE id = 1").fetchone()[0]
    with ppdl.Owner.open(keys / "hospital.key", PASSPHRASE) as again:
        with pytest.raises(ppdl.KeyFileError):
            again.decrypt(cell)
        with pytest.raises(ppdl.KeyFileError, match="owner"):
            again.add_writer(keys / "hospital.pub")
        again.add_writer(tmp_path / "ward7.pub")
        np.testing.assert_allclose(again.decrypt(cell), x[0], atol=1e-6)
        with pytest.raises(ppdl.KeyFileError, match="owner's key"):
            again.save_writer(keys / "hospital.pub", tmp_path / "not.pub")
    with ppdl.Owner.generate("other") as other:
        other.add_writer(tmp_path / "ward7.pub")
        with pytest.raises(ppdl.KeyFileError):
            other.decrypt(cell)
