"""How well predictions tell classes apart: the tool's `ppdl evaluate`, so that there is one way to compute it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .errors import PpdlError


def evaluate(
    y: ArrayLike,
    scores: ArrayLike,
    *,
    positive: Any = None,
    threshold: float = 0.0,
    level: float = 0.95,
    tool: str | None = None,
) -> dict[str, Any]:
    """Metrics with confidence intervals, confusion matrix, ROC curve and calibration, as `ppdl evaluate --format
    json` gives them.

    y          labels, a row each; rows where they are missing are left out and counted
    scores     outputs of a network: rows, above the threshold the second of two classes; or rows x classes, the
               largest wins
    positive   the class that sensitivity and ROC are about (the second of two)
    tool       path of ppdl; None: PPDL_TOOL, or the one on the PATH
    """
    program = tool or os.environ.get("PPDL_TOOL") or shutil.which("ppdl")
    if not program:
        raise PpdlError("the tool ppdl is not on the PATH", hint="Install it, or name its file in PPDL_TOOL.")
    s = np.asarray(scores, dtype=np.float64)
    s = s.reshape(-1, 1) if s.ndim == 1 else s
    labels = pd.Series(np.asarray(y, dtype=object))
    if s.ndim != 2 or len(labels) != len(s):
        raise PpdlError(f"{len(labels)} labels for scores of shape {s.shape}")
    names = [f"score{i}" for i in range(s.shape[1])]
    table = pd.DataFrame(s, columns=names)
    table.insert(0, "label", labels)
    command = [program, "evaluate", "--label", "label", "--score", ",".join(names), "--format", "json", "-"]
    command += ["--threshold", repr(float(threshold)), "--level", repr(float(level))]
    if positive is not None:
        command += ["--positive", str(positive)]
    done = subprocess.run(command, input=table.to_csv(index=False), capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        raise PpdlError(
            done.stderr.strip().removeprefix("ppdl evaluate: ") or f"ppdl evaluate ended with {done.returncode}"
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result
