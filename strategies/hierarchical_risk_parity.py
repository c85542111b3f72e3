"""Risk split evenly at each fork of a tree of what moves together."""

from __future__ import annotations

from portfolio.covariance import covariance
from portfolio.hierarchical import hierarchical_risk_parity
from schemas.baseline_parameters import HierarchicalRiskParityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.registry import register
from strategies.unconstrained import unconstrained


@register
class HierarchicalRiskParity(BaseStrategy[HierarchicalRiskParityParameters]):
    """Hierarchical risk parity of López de Prado (2016)."""

    parameters_type = HierarchicalRiskParityParameters

    def target_weights(self, window: Window) -> Allocation:
        """Splits the budget down the tree.

        Raises:
            DataError: An asset does not move; names it and the dates.
        """
        window.require_movement()
        p = self.parameters
        V = covariance(window.returns, window.symbols, p.covariance, p.half_life)
        return unconstrained(window, hierarchical_risk_parity(V, window.symbols), 1.0 - p.cash_buffer)
