"""The owner's side of ppdl: encrypted rows for PostgreSQL, answers as tables, and models that predict on such rows.

    import ppdl
    owner = ppdl.Owner.open("hospital.key")
    owner.copy(conn, "patients", df, features="features.json")
    owner.query(conn, "SELECT avg(features) FROM patients", features="features.json")

doc/python.md has an introduction.
"""

from . import models
from .encoding import Encoding
from .errors import FormatError, KeyFileError, ModelError, PpdlError, PrecisionError, RangeError
from .evaluation import evaluate
from .owner import Decrypted, EncryptedRows, Owner, describe
from .receipts import Verify
from .stats import Components, Crosstab, Histogram, Regression, Stats

__version__ = "0.2.0"

__all__ = [
    "Components",
    "Crosstab",
    "Decrypted",
    "EncryptedRows",
    "Encoding",
    "FormatError",
    "Histogram",
    "KeyFileError",
    "ModelError",
    "Owner",
    "PpdlError",
    "PrecisionError",
    "RangeError",
    "Regression",
    "Stats",
    "Verify",
    "describe",
    "evaluate",
    "models",
]
