"""Weights of least downside variance, with a band on the assets that have been falling."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray
from portfolio.constraints import Band, Constraints
from portfolio.feasibility import absorb
from portfolio.solver import minimise_downside_variance
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.base import Allocation, BaseStrategy, Window
from strategies.binding import binding_rows, cash_notes
from strategies.registry import register
from strategies.sleeve import falling_assets

SLEEVE = "negative sleeve"


@register
class RiskParity(BaseStrategy[RiskParityParameters]):
    """min f(w) over Σw = 1 - cash buffer, bounds, and the band of the negative-return sleeve."""

    parameters_type = RiskParityParameters

    @property
    def minimum_acceptable_return(self) -> float:
        """The objective's b, fraction a day."""
        return self.parameters.minimum_acceptable_return

    def target_weights(self, window: Window) -> Allocation:
        """Certified weights; what the upper bounds cannot absorb stays in cash, and a note says so.

        Raises:
            InfeasibleError: Bounds and band contradict each other; names the rows.
            SolverError: The weights could not be certified.
        """
        members = self._members(window)
        absorbed = absorb(self._constraints(window.symbols, members))
        held = window.current_weights
        solution = minimise_downside_variance(
            window.returns,
            absorbed.constraints,
            self.minimum_acceptable_return,
            start=held if held.any() else None,
        )
        return Allocation(
            symbols=window.symbols,
            weights=solution.weights,
            lower=absorbed.constraints.lower,
            upper=absorbed.constraints.upper,
            in_sleeve=members,
            binding=binding_rows(absorbed.constraints, solution.certificate),
            certificate=solution.certificate,
            notes=(*self._sleeve_notes(window, members), *cash_notes(absorbed.to_cash)),
        )

    def _members(self, window: Window) -> BoolArray:
        named = self.parameters.negative_sleeve
        if named is None:
            return falling_assets(window, self.parameters.sleeve_hysteresis)
        return np.isin(window.symbols, named)

    def _constraints(self, symbols: tuple[str, ...], members: BoolArray) -> Constraints:
        p = self.parameters
        capped = members & (p.sleeve_max_weight < p.max_weight)
        band = Band(SLEEVE, members, p.sleeve_min, p.sleeve_max)
        return Constraints(
            symbols=symbols,
            budget=1.0 - p.cash_buffer,
            lower=np.full(len(symbols), p.min_weight),
            upper=np.where(capped, p.sleeve_max_weight, p.max_weight),
            # without members there is nothing to hold between floor and ceiling
            bands=(band,) if members.any() else (),
            upper_rules=tuple("sleeve_max_weight" if cap else "max_weight" for cap in capped),
        )

    def _sleeve_notes(self, window: Window, members: BoolArray) -> tuple[str, ...]:
        now = {s for s, member in zip(window.symbols, members, strict=True) if member}
        notes = []
        if not now:
            notes.append(f"{SLEEVE} is empty: its band does not apply")
        if entered := sorted(now - window.previous_sleeve):
            notes.append(f"entered the {SLEEVE}: {', '.join(entered)}")
        if left := sorted(window.previous_sleeve - now):
            notes.append(f"left the {SLEEVE}: {', '.join(left)}")
        return tuple(notes)
