"""What polynomials in place of activations cost on given data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerError:
    """One layer's polynomial against its function, at the sums that the data give."""

    layer: int  # from 1
    function: str
    degree: int
    interval: tuple[float, float] | None
    seen: tuple[float, float]  # smallest and largest sum of the data
    outside: float  # share of sums outside the interval
    largest: float  # |polynomial - function|
    rms: float


@dataclass(frozen=True)
class ErrorReport:
    """`layers`: each on its own. `largest`, `rms`: of the outputs, in the units of the original, where all work
    together. `agreement`: share of rows that get the class that the original gives them; None without classes."""

    rows: int
    layers: tuple[LayerError, ...]
    largest: float
    rms: float
    agreement: float | None

    def __str__(self) -> str:
        row = "{:>5}  {:10}  {:>6}  {:18}  {:18}  {:>7}  {:>8}  {:>8}".format
        lines = [
            f"{self.rows} rows",
            row("layer", "function", "degree", "interval", "seen", "outside", "largest", "rms"),
        ]
        for e in self.layers:
            interval = f"[{e.interval[0]:.3g}, {e.interval[1]:.3g}]" if e.interval else "exact"
            seen = f"[{e.seen[0]:.3g}, {e.seen[1]:.3g}]"
            figures = f"{e.outside:.2%}", f"{e.largest:.2g}", f"{e.rms:.2g}"
            lines.append(row(e.layer, e.function, e.degree, interval, seen, *figures))
        lines.append(f"outputs: largest error {self.largest:.3g}, rms {self.rms:.3g}")
        if self.agreement is not None:
            lines.append(f"same class: {self.agreement:.2%} of rows")
        return "\n".join(lines)
