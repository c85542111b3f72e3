"""Riskfolio-Lib with the risk measure SLPM (second lower partial moment) about zero.

It minimises the square root of Σd²/(T - 1): the same weights.
"""

from __future__ import annotations

import pandas as pd
import riskfolio

from bench.timing import Answer, Solve
from bench.windows import Shape, Window


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance."""

    def solve(window: Window) -> Answer:
        model = _portfolio(window, shape.cap)
        return _answer(model.optimization(model="Classic", rm="SLPM", obj="MinRisk", rf=0, hist=True))

    return solve


def parity(_shape: Shape) -> Solve:
    """Downside risk parity."""

    def solve(window: Window) -> Answer:
        return _answer(_portfolio(window, 1.0).rp_optimization(model="Classic", rm="SLPM", rf=0, hist=True))

    return solve


def _portfolio(window: Window, cap: float) -> riskfolio.Portfolio:
    model = riskfolio.Portfolio(returns=window.frame, upperlng=cap)
    model.assets_stats(method_mu="hist", method_cov="hist")
    return model


def _answer(weights: pd.DataFrame | None) -> Answer:
    if weights is None:
        raise RuntimeError("Riskfolio-Lib found no solution")
    return Answer(weights.to_numpy().ravel(), "no error")
