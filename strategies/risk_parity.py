"""Weights of least downside variance, with bands on asset classes and on the assets that have been falling."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from portfolio.arrays import BoolArray
from portfolio.constraints import Band, Constraints, TurnoverLimit
from portfolio.explanation import shadow_prices
from portfolio.feasibility import absorb
from portfolio.solver import Solution, minimise_downside_variance
from portfolio.target_volatility import ScaledOptimum, minimise_at_volatility
from schemas.errors import InfeasibleError
from schemas.risk_parity_parameters import SLEEVE, RiskParityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import binding_rows, cash_notes
from strategies.fallback import keep_current
from strategies.groups import group_bands, group_notes
from strategies.registry import register
from strategies.sleeve import falling_assets, sleeve_notes

_NOTICEABLE = 1e-6
"""Annual volatilities nearer than this are the same."""


class _Decision(NamedTuple):
    """Certified weights, the programme they solve, and what is to be said of it."""

    solution: Solution
    constraints: Constraints
    notes: tuple[str, ...]


@register
class RiskParity(BaseStrategy[RiskParityParameters]):
    """min f(w) over Σw = 1 - cash buffer, bounds, bands of the negative-return sleeve and of asset classes.

    Optionally within a turnover limit, and scaled into cash to a target volatility.
    """

    parameters_type = RiskParityParameters

    @property
    def minimum_acceptable_return(self) -> float:
        """The objective's b, fraction a day."""
        return self.parameters.minimum_acceptable_return

    def target_weights(self, window: Window) -> Allocation:
        """Certified weights; what the upper bounds cannot absorb stays in cash, and a note says so.

        Raises:
            DataError: An asset does not move; names it and the dates.
            InfeasibleError: The constraints contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        window.require_movement()
        members = self._members(window)
        notes = (*sleeve_notes(window, members), *group_notes(self.parameters.groups, window.symbols))
        try:
            absorbed = absorb(self._constraints(window.symbols, members))
            decided = self._solve(window, absorbed.constraints)
        except InfeasibleError as conflict:
            if self.parameters.on_infeasible == "refuse" or not window.current_weights.any():
                raise
            return keep_current(window, members, conflict, notes)
        certificate = decided.solution.certificate
        return Allocation(
            symbols=window.symbols,
            weights=decided.solution.weights,
            lower=decided.constraints.lower,
            upper=decided.constraints.upper,
            in_sleeve=members,
            binding=binding_rows(decided.constraints, certificate),
            certificate=certificate,
            shadow_prices=shadow_prices(decided.constraints, certificate),
            notes=(*notes, *cash_notes(absorbed.to_cash), *decided.notes),
        )

    def _members(self, window: Window) -> BoolArray:
        named = self.parameters.negative_sleeve
        if named is None:
            return falling_assets(window, self.parameters.sleeve_hysteresis)
        return np.isin(window.symbols, named)

    def _constraints(self, symbols: tuple[str, ...], members: BoolArray) -> Constraints:
        p = self.parameters
        capped = members & (p.sleeve_max_weight < p.max_weight)
        # without members there is nothing to hold between floor and ceiling
        sleeve = (Band(SLEEVE, members, p.sleeve_min, p.sleeve_max),) if members.any() else ()
        return Constraints(
            symbols=symbols,
            budget=1.0 - p.cash_buffer,
            lower=np.full(len(symbols), p.min_weight),
            upper=np.where(capped, p.sleeve_max_weight, p.max_weight),
            bands=(*sleeve, *group_bands(p.groups, symbols)),
            upper_rules=tuple("sleeve_max_weight" if cap else "max_weight" for cap in capped),
        )

    def _solve(self, window: Window, constraints: Constraints) -> _Decision:
        """The optimum within the turnover limit, scaled to the target volatility where there is one."""
        p, b, held = self.parameters, self.minimum_acceptable_return, window.current_weights
        start, notes = held if held.any() else None, tuple[str, ...]()
        if p.turnover_limit is not None:
            if start is None:
                notes = (f"first funding, exempt from the turnover limit of {p.turnover_limit:.2%}",)
            else:
                constraints = replace(constraints, turnover=TurnoverLimit(held, p.turnover_limit))
        if p.target_volatility is None:
            return _Decision(
                minimise_downside_variance(window.returns, constraints, b, start), constraints, notes
            )
        scaled = minimise_at_volatility(window.returns, constraints, b, p.target_volatility, start)
        notes += _scale_notes(scaled, p.target_volatility)
        return _Decision(scaled.solution, scaled.constraints, notes)


def _scale_notes(scaled: ScaledOptimum, target: float) -> tuple[str, ...]:
    wanted = min(target, scaled.full_volatility)
    notes = []
    if scaled.scale < 1.0:
        notes.append(
            f"every limit is scaled to {scaled.scale:.1%} and the rest is cash: target volatility {target:.2%} a year, "
            f"fully invested {scaled.full_volatility:.2%}"
        )
    if abs(scaled.volatility - wanted) > _NOTICEABLE:
        notes.append(
            f"the turnover limit outranks the target volatility: {scaled.volatility:.2%} a year results "
            f"instead of {wanted:.2%}"
        )
    return tuple(notes)
