"""Weights that somebody once chose, such as 60/40."""

from __future__ import annotations

import numpy as np

from schemas.baseline_parameters import FixedWeightsParameters
from schemas.errors import ConfigError
from strategies.base import Allocation, BaseStrategy, Window
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class FixedWeights(BaseStrategy[FixedWeightsParameters]):
    """w_i = (1 - cash buffer) v_i / Σv for the weights v given, zero for all other assets."""

    parameters_type = FixedWeightsParameters

    def target_weights(self, window: Window) -> Allocation:
        """Ignores returns.

        Raises:
            ConfigError: An asset with a weight is not among those that can be held.
        """
        wanted, symbols = self.parameters.weights, window.symbols
        absent = sorted(wanted.keys() - set(symbols))
        if absent:
            raise ConfigError(
                f"{', '.join(absent)} has a weight and is not among the assets",
                figures={"assets": ", ".join(symbols)},
                remedy="Add it to the universe, or choose others (--set 'weights={SPY=0.6, TLT=0.4}').",
            )
        chosen = np.array([wanted.get(symbol, 0.0) for symbol in symbols])
        return unconstrained(window, chosen, 1.0 - self.parameters.cash_buffer)
