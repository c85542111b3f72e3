"""Weights in proportion to one over volatility: risk parity that ignores correlations."""

from __future__ import annotations

import numpy as np

from schemas.baseline_parameters import InverseVolatilityParameters
from schemas.errors import DataError
from strategies.base import Allocation, BaseStrategy, Window
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class InverseVolatility(BaseStrategy[InverseVolatilityParameters]):
    """w_i ∝ 1 / σ_i, with σ_i the sample standard deviation over the lookback."""

    parameters_type = InverseVolatilityParameters

    def target_weights(self, window: Window) -> Allocation:
        """Scores by volatility.

        Raises:
            DataError: An asset does not move: its score would be infinite.
        """
        volatility = window.returns.std(axis=0, ddof=1)
        still = [
            s
            for s, moves in zip(window.symbols, np.ptp(window.returns, axis=0) > 0, strict=True)
            if not moves
        ]
        if still:
            raise DataError(
                f"{', '.join(still)} did not move in the window: inverse volatility is infinite",
                figures={"sessions": len(window.sessions)},
                remedy="Leave it out of the universe, or take a longer lookback.",
            )
        return unconstrained(window, 1.0 / volatility, 1.0 - self.parameters.cash_buffer)
