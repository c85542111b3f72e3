"""Who takes part: one module a library, each adapter a function from a shape to ``window -> answer``.

Libraries are imported when their turn comes, so that one that is not installed is left out with the reason said.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from bench.timing import Solve
from bench.windows import Shape, windows

COLD, WARM, FLOOR = "ours, cold", "ours, warm", "one Gram matrix RᵀR"
SLSQP, CLARABEL, CVXPY = "SciPy SLSQP, exact gradient", "Clarabel direct", "cvxpy (DPP) + Clarabel"
SKFOLIO, PYPFOPT, RISKFOLIO = "skfolio", "PyPortfolioOpt", "Riskfolio-Lib"

MINIMUM: Mapping[str, str] = {
    FLOOR: "by_us.gram",
    WARM: "by_us.warm",
    COLD: "by_us.cold",
    SLSQP: "by_scipy.minimum",
    CLARABEL: "by_clarabel.minimum",
    CVXPY: "by_cvxpy.minimum",
    SKFOLIO: "by_skfolio.minimum",
    PYPFOPT: "by_pypfopt.minimum",
    RISKFOLIO: "by_riskfolio.minimum",
}
"""Minimum downside variance: name and adapter."""

PARITY: Mapping[str, str] = {
    FLOOR: "by_us.gram",
    WARM: "by_us.parity_warm",
    COLD: "by_us.parity_cold",
    CVXPY: "by_cvxpy.parity",
    SKFOLIO: "by_skfolio.parity",
    RISKFOLIO: "by_riskfolio.parity",
}
"""Downside risk parity: name and adapter."""

_REFERENCES = (FLOOR, WARM, COLD)
_WARM_UP = Shape(N=6, T=60)


@dataclass
class Entrants:
    """Solvers for one shape, by name, and why others are absent."""

    solvers: dict[str, Solve] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


@dataclass
class Experience:
    """What solves took so far, so that one beyond all patience is not begun: nobody can stop it from inside.

    Args:
        patience: CPU seconds that a single solve may take.
    """

    patience: float
    _seen: dict[str, tuple[Shape, float]] = field(default_factory=dict)

    def note(self, name: str, shape: Shape, seconds: float) -> None:
        """Remember the latest solve."""
        self._seen[name] = (shape, seconds)

    def objection(self, name: str, shape: Shape) -> str:
        """Why not to begin, or nothing; cost is taken to grow like T N², that of the linear algebra inside.

        Ours and the floor, to which all are compared, always take part.
        """
        if name in _REFERENCES or name not in self._seen:
            return ""
        known, seconds = self._seen[name]
        expected = seconds * max(1.0, shape.T * shape.N**2 / (known.T * known.N**2))
        if expected <= self.patience:
            return ""
        return f"one solve would take about {expected:.0f} s, patience is {self.patience:.0f} s"


def enter(
    adapters: Mapping[str, str], shape: Shape, experience: Experience, names: Iterable[str] | None = None
) -> Entrants:
    """Solvers for one shape, warmed up: imports, machine code and compiled models are not timed.

    Args:
        adapters: MINIMUM or PARITY.
        shape: Of the windows to come.
        experience: Of earlier shapes.
        names: Who is asked; all when left out.
    """
    entrants = Entrants()
    for name in adapters if names is None else names:
        if objection := experience.objection(name, shape):
            entrants.absent[name] = objection
            continue
        try:
            _warm_up(adapters[name])
            entrants.solvers[name] = _built(adapters[name], shape)
        except ImportError as error:
            entrants.absent[name] = f"not installed: {error.name}"
    return entrants


def _built(adapter: str, shape: Shape) -> Solve:
    module, factory = adapter.split(".")
    solve: Solve = getattr(importlib.import_module(f"bench.peers.{module}"), factory)(shape)
    return solve


@cache
def _warm_up(adapter: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for window in windows(_WARM_UP, 2, lambda R: np.full(R.shape[1], 1.0 / R.shape[1])):
            _built(adapter, _WARM_UP)(window)
