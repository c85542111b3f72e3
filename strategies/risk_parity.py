"""Weights of least downside variance, with bands on asset classes and on the assets that have been falling."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.constraints import Band, Constraints, TurnoverLimit
from portfolio.explanation import marginal_risk, shadow_prices
from portfolio.feasibility import absorb
from portfolio.price_history import PriceHistory
from portfolio.solver import Solution, minimise_downside_variance
from portfolio.target_volatility import ScaledOptimum, minimise_at_volatility
from schemas.errors import InfeasibleError
from schemas.risk_parity_parameters import SLEEVE, RiskParityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import binding_rows, cash_notes
from strategies.fallback import keep_current
from strategies.groups import group_bands, group_notes
from strategies.history import REFUSALS, Holdings, TargetHistory, decision_windows
from strategies.minimised_history import minimised_history
from strategies.registry import register
from strategies.sleeve import falling_assets, sleeve_notes

_NOTICEABLE = 1e-6
"""Annual volatilities nearer than this are the same."""


class _Solved(NamedTuple):
    """Certified weights, the programme they solve, and what is to be said of it."""

    solution: Solution
    constraints: Constraints
    scale: float
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
        """Certified weights; what the limits leave no room for stays in cash, and a note says so.

        Raises:
            DataError: An asset does not move; names it and the dates.
            InfeasibleError: The constraints contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        window.require_movement()
        members = self._members(window)
        notes = (*sleeve_notes(window, members), *group_notes(self.parameters.groups, window.symbols))
        try:
            solved = self._solve(window, self._constraints(window.symbols, members, window.current_weights))
        except InfeasibleError as conflict:
            if self.parameters.on_infeasible == "refuse" or not window.current_weights.any():
                raise
            return keep_current(window, members, conflict, notes)
        return self._allocation(window, members, solved, notes)

    def target_history(self, history: PriceHistory, decided: IntArray, holdings: Holdings) -> TargetHistory:
        """In one compiled pass, unless decisions depend on what is held or one of them is refused."""
        p = self.parameters
        if p.turnover_limit is None and p.target_volatility is None:
            windows = decision_windows(history, decided, self.lookback)
            with suppress(*REFUSALS):
                return minimised_history(windows, p, self._constraints)
        return super().target_history(history, decided, holdings)

    def _members(self, window: Window) -> BoolArray:
        named = self.parameters.negative_sleeve
        if named is None:
            return falling_assets(window, self.parameters.sleeve_hysteresis)
        return np.isin(window.symbols, named)

    def _constraints(self, symbols: tuple[str, ...], members: BoolArray, held: FloatArray) -> Constraints:
        p = self.parameters
        capped = members & (p.sleeve_max_weight < p.max_weight)
        # without members there is nothing to hold between floor and ceiling
        sleeve = (Band(SLEEVE, members, p.sleeve_min, p.sleeve_max),) if members.any() else ()
        limit = p.turnover_limit if held.any() else None
        return Constraints(
            symbols=symbols,
            budget=1.0 - p.cash_buffer,
            lower=np.full(len(symbols), p.min_weight),
            upper=np.where(capped, p.sleeve_max_weight, p.max_weight),
            bands=(*sleeve, *group_bands(p.groups, symbols)),
            upper_rules=tuple("sleeve_max_weight" if cap else "max_weight" for cap in capped),
            turnover=None if limit is None else TurnoverLimit(held, limit),
        )

    def _solve(self, window: Window, constraints: Constraints) -> _Solved:
        """Absorb what does not fit into cash, then the optimum: fully invested, or scaled to the target volatility."""
        p, b, held = self.parameters, self.minimum_acceptable_return, window.current_weights
        start = held if held.any() else None
        exempt = _funding_notes(p.turnover_limit) if start is None else ()
        if p.target_volatility is None:
            absorbed = absorb(constraints)
            solution = minimise_downside_variance(window.returns, absorbed.constraints, b, start)
            return _Solved(solution, absorbed.constraints, 1.0, (*exempt, *cash_notes(absorbed.to_cash)))
        # the turnover limit is for the shrunk programme, not for the one that is shrunk
        absorbed = absorb(replace(constraints, turnover=None))
        full = replace(absorbed.constraints, turnover=constraints.turnover)
        scaled = minimise_at_volatility(window.returns, full, b, p.target_volatility, start)
        notes = (*exempt, *cash_notes(absorbed.to_cash), *_scale_notes(scaled, p.target_volatility))
        return _Solved(scaled.solution, scaled.constraints, scaled.scale, notes)

    def _allocation(
        self, window: Window, members: BoolArray, solved: _Solved, notes: tuple[str, ...]
    ) -> Allocation:
        weights, certificate = solved.solution.weights, solved.solution.certificate
        hurdle = solved.scale * self.minimum_acceptable_return
        marginal = marginal_risk(window.returns, weights, hurdle)
        return Allocation(
            symbols=window.symbols,
            weights=weights,
            lower=solved.constraints.lower,
            upper=solved.constraints.upper,
            in_sleeve=members,
            binding=binding_rows(solved.constraints, certificate),
            certificate=certificate,
            scale=solved.scale,
            shadow_prices=shadow_prices(solved.constraints, certificate, marginal=marginal),
            notes=(*notes, *solved.notes),
        )


def _funding_notes(turnover_limit: float | None) -> tuple[str, ...]:
    if turnover_limit is None:
        return ()
    return (f"first funding, exempt from the turnover limit of {turnover_limit:.2%}",)


def _scale_notes(scaled: ScaledOptimum, target: float) -> tuple[str, ...]:
    wanted = target if scaled.volatility > target else min(target, scaled.full_volatility)
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
