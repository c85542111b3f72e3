"""Every asset contributes the same share, or its budget, of the portfolio's variance."""

from __future__ import annotations

from portfolio.constraints import box
from portfolio.covariance import covariance
from portfolio.feasibility import absorb
from portfolio.risk_budgeting import budget_variance
from schemas.baseline_parameters import VarianceRiskParityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import certified_allocation
from strategies.budgets import budget_notes, budgets_of
from strategies.registry import register


@register
class VarianceRiskParity(BaseStrategy[VarianceRiskParityParameters]):
    """w_i (Σw)_i in proportion to the risk budgets, as far as the bounds allow."""

    parameters_type = VarianceRiskParityParameters

    def target_weights(self, window: Window) -> Allocation:
        """Certified weights; what the upper bounds cannot absorb stays in cash, and a note says so.

        Raises:
            DataError: An asset does not move; names it and the dates.
            ConfigError: An asset has no risk budget.
            InfeasibleError: The bounds contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        window.require_movement()
        p, symbols, held = self.parameters, window.symbols, window.current_weights
        absorbed = absorb(box(symbols, 1.0 - p.cash_buffer, lower=p.min_weight, upper=p.max_weight))
        solution = budget_variance(
            covariance(window.returns, symbols, p.covariance, p.half_life),
            absorbed.constraints,
            budgets_of(symbols, p.risk_budgets),
            start=held if held.any() else None,
        )
        notes = budget_notes(symbols, p.risk_budgets)
        return certified_allocation(window, absorbed, solution, measure="volatility", notes=notes)
