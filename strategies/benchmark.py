"""One asset alone: what everything else has to be better than."""

from __future__ import annotations

import numpy as np

from schemas.baseline_parameters import BenchmarkParameters
from schemas.errors import ConfigError
from strategies.base import Allocation, BaseStrategy, Window
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
