"""Weights of least variance."""

from __future__ import annotations

from portfolio.constraints import box
from portfolio.covariance import covariance
from portfolio.explanation import marginal_risk
from portfolio.feasibility import absorb
from portfolio.minimum_variance import minimise_variance
from portfolio.reflection import scenarios_of
from schemas.baseline_parameters import MinimumVarianceParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import certified_allocation
from strategies.registry import register


@register
class MinimumVariance(BaseStrategy[MinimumVarianceParameters]):
    """min wᵀΣw over Σw = 1 - cash buffer and bounds."""

    parameters_type = MinimumVarianceParameters

    def target_weights(self, window: Window) -> Allocation:
        """Certified weights; what the upper bounds cannot absorb stays in cash, and a note says so.

        Raises:
            DataError: An asset does not move; names it and the dates.
            InfeasibleError: The bounds contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        window.require_movement()
        p, symbols, held = self.parameters, window.symbols, window.current_weights
        absorbed = absorb(box(symbols, 1.0 - p.cash_buffer, lower=p.min_weight, upper=p.max_weight))
        V = covariance(window.returns, symbols, p.covariance, p.half_life)
        solution = minimise_variance(V, absorbed.constraints, start=held if held.any() else None)
        marginal = marginal_risk(scenarios_of(V, symbols), solution.weights)
        return certified_allocation(window, absorbed, solution, measure="volatility", marginal=marginal)
