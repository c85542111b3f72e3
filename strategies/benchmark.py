"""One asset alone: what everything else has to be better than."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import IntArray
from portfolio.price_history import PriceHistory
from schemas.baseline_parameters import BenchmarkParameters
from schemas.errors import ConfigError
from strategies.base import Allocation, BaseStrategy, Window
from strategies.history import DecisionWindows, Holdings, TargetHistory, in_proportion
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class Benchmark(BaseStrategy[BenchmarkParameters]):
    """w = 1 - cash buffer for one asset, zero for all others."""

    parameters_type = BenchmarkParameters

    def target_weights(self, window: Window) -> Allocation:
        """Ignores returns.

        Raises:
            ConfigError: The asset is not among those that can be held.
        """
        symbol, symbols = self.parameters.symbol, window.symbols
        if symbol not in symbols:
            raise ConfigError(
                f"The benchmark {symbol} is not among the assets",
                figures={"assets": ", ".join(symbols)},
                remedy="Add it to the universe, or choose another (--set strategy.symbol=...).",
            )
        chosen = np.array([s == symbol for s in symbols], dtype=np.float64)
        return unconstrained(window, chosen, 1.0 - self.parameters.cash_buffer)

    def target_history(self, history: PriceHistory, decided: IntArray, holdings: Holdings) -> TargetHistory:
        """All at once, unless the asset is missing."""
        windows = DecisionWindows(history, decided, self.lookback)
        chosen = windows.usable & (np.array(history.symbols) == self.parameters.symbol)
        if not chosen.any(axis=1).all():
            return super().target_history(history, decided, holdings)
        return in_proportion(windows, chosen.astype(np.float64), 1.0 - self.parameters.cash_buffer)
