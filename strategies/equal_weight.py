"""The same weight for every asset: the baseline that is hard to beat."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import PriceHistory
from schemas.baseline_parameters import EqualWeightParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.history import DecisionWindows, Holdings, TargetHistory, in_proportion
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class EqualWeight(BaseStrategy[EqualWeightParameters]):
    """w_i = (1 - cash buffer) / N."""

    parameters_type = EqualWeightParameters

    def target_weights(self, window: Window) -> Allocation:
        """Ignores returns; assets without the history have no column in the window."""
        return unconstrained(window, np.ones(len(window.symbols)), 1.0 - self.parameters.cash_buffer)

    def target_history(
        self,
        history: PriceHistory,
        decided: IntArray,
        holdings: Holdings,  # noqa: ARG002 - equal, whatever is held
    ) -> TargetHistory:
        """All at once."""
        windows = DecisionWindows(history, decided, self.lookback)
        return in_proportion(windows, windows.usable.astype(np.float64), 1.0 - self.parameters.cash_buffer)
