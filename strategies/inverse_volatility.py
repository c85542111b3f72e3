"""Weights in proportion to one over volatility: risk parity that ignores correlations."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import PriceHistory
from schemas.baseline_parameters import InverseVolatilityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.history import DecisionWindows, Holdings, TargetHistory, in_proportion
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class InverseVolatility(BaseStrategy[InverseVolatilityParameters]):
    """w_i ∝ 1 / σ_i, with σ_i the sample standard deviation over the lookback."""

    parameters_type = InverseVolatilityParameters

    def target_weights(self, window: Window) -> Allocation:
        """Scores by volatility.

        Raises:
            DataError: An asset does not move, its score would be infinite; names it and the dates.
        """
        window.require_movement()
        volatility = window.returns.std(axis=0, ddof=1)
        return unconstrained(window, 1.0 / volatility, 1.0 - self.parameters.cash_buffer)

    def target_history(self, history: PriceHistory, decided: IntArray, holdings: Holdings) -> TargetHistory:
        """All at once, unless an asset stands still in one of the windows."""
        windows = DecisionWindows(history, decided, self.lookback)
        if not (windows.moments.moves | ~windows.usable).all():
            return super().target_history(history, decided, holdings)
        volatility = np.where(windows.usable, windows.moments.deviation, np.inf)
        return in_proportion(windows, 1.0 / volatility, 1.0 - self.parameters.cash_buffer)
