"""Every asset contributes the same share, or its budget, of the portfolio's downside variance."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.constraints import box
from portfolio.feasibility import absorb
from portfolio.risk_budgeting import budget_downside_risk
from schemas.baseline_parameters import DownsideRiskParityParameters
from schemas.errors import DataError
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import certified_allocation
from strategies.budgets import budget_notes, budgets_of
from strategies.registry import register


@register
class DownsideRiskParity(BaseStrategy[DownsideRiskParityParameters]):
    """w_i ∂_i f(w) in proportion to the risk budgets, as far as the bounds allow."""

    parameters_type = DownsideRiskParityParameters

    @property
    def minimum_acceptable_return(self) -> float:
        """Where downside begins: b, fraction a day."""
        return self.parameters.minimum_acceptable_return

    def target_weights(self, window: Window) -> Allocation:
        """Certified weights; what the upper bounds cannot absorb stays in cash, and a note says so.

        Raises:
            DataError: An asset never fell, so that no weight gives it a share of the risk; names it and the dates.
            ConfigError: An asset has no risk budget.
            InfeasibleError: The bounds contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        p, b, held = self.parameters, self.minimum_acceptable_return, window.current_weights
        budgets = budgets_of(window.symbols, p.risk_budgets)
        absorbed = absorb(box(window.symbols, 1.0 - p.cash_buffer, lower=p.min_weight, upper=p.max_weight))
        _require_losses(window, b / absorbed.constraints.budget, budgets)
        solution = budget_downside_risk(
            window.returns, absorbed.constraints, budgets, b, start=held if held.any() else None
        )
        notes = budget_notes(window.symbols, p.risk_budgets)
        return certified_allocation(window, absorbed, solution, notes=notes)


def _require_losses(window: Window, hurdle: float, budgets: FloatArray | None) -> None:
    wanted = np.ones(len(window.symbols)) if budgets is None else budgets
    safe = (window.returns.min(axis=0) >= hurdle) & (wanted > 0)
    if safe.any():
        names = ", ".join(s for s, never in zip(window.symbols, safe, strict=True) if never)
        raise DataError(
            f"{names} never fell from {window.sessions[0]} to {window.sessions[-1]}: "
            "no weight gives it a share of the downside risk",
            figures={"sessions": len(window.sessions), "least daily return": window.returns[:, safe].min()},
            remedy="Leave it out of the universe, give it a risk budget of zero, or take a longer lookback.",
        )
