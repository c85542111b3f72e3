"""Risk budgeting: each asset contributes its share of the portfolio's downside variance, or of its variance.

Without bounds that press, w_i ∂_i f(w) = β_i Σ_j w_j ∂_j f(w): with equal β, equal contributions. In general
(Richard and Roncalli, 2019, Constrained Risk Budgeting Portfolios, arXiv:1902.05710, section 3) the weights are

    w = argmin ½ f(v) - λ Σ β_i log v_i  over  lower <= v <= upper,   with the λ at which Σw = budget.

What a bound leaves unspent of its asset's risk budget, or overdraws, the others share in proportion to theirs.

A minimum acceptable return b other than zero is carried in proportion to the weights, as in
`portfolio.downside.risk_contributions`: r_t·w - b = (r_t - b/Σw)·w. So f stays homogeneous of degree two.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray, checked_returns, checked_vector
from portfolio.certificate import Certificate, Multipliers, require
from portfolio.constraints import Constraints
from portfolio.feasibility import conflict
from portfolio.never_falling import never_falling
from portfolio.reflection import scenarios_of
from portfolio.risk_budgeting_box import budget_in_the_box
from portfolio.risk_budgeting_newton import CONVERGED, NO_DOWNSIDE, judged
from portfolio.risk_budgeting_prices import row_prices
from portfolio.risk_budgeting_ray import budget_on_the_ray
from portfolio.solver import Solution
from schemas.errors import ConfigError, DataError, InfeasibleError

_ROUNDING = 1e-12
"""Fraction of equity by which sums of bounds may miss the budget."""
_NO_START = np.zeros(0)


def budget_downside_risk(
    returns: ArrayLike,
    constraints: Constraints,
    budgets: ArrayLike | None = None,
    minimum_acceptable_return: float = 0.0,
    start: ArrayLike | None = None,
) -> Solution:
    """Weights whose contributions to downside variance are in the proportions of the budgets, as bounds allow.

    The certificate's gap is that of ½f - λ Σ β log w over the bounds, Σβ = 1, and its relative gap is
    gap / λ: both vanish where contributions meet their budgets. For the multipliers see
    `portfolio.risk_budgeting_prices`.

    Args:
        returns: (T, N) simple returns, fractions.
        constraints: Budget and bounds; bands and a turnover limit are refused.
        budgets: (N,) shares of the risk, in any unit, none negative; equal when left out. An asset with a budget
            of zero gets its least weight.
        minimum_acceptable_return: b, fraction a day.
        start: Weights (N,) to begin with, e.g. last week's; they save iterations and change nothing else.

    Raises:
        DataError: Returns, budgets or start are not usable; an asset, or a portfolio of them, never falls below b.
        ConfigError: Constraints that risk budgeting does not know.
        InfeasibleError: The bounds leave no room for the budget; names the rows.
        SolverError: The answer could not be certified.
    """
    R = checked_returns(returns, constraints.symbols)
    if not math.isfinite(minimum_acceptable_return):
        raise DataError(
            "The minimum acceptable return is not a finite number",
            figures={"minimum_acceptable_return": minimum_acceptable_return},
            remedy="Pass a daily return as a fraction, e.g. 0.",
        )
    _check_rows(constraints)
    if minimum_acceptable_return != 0.0:
        R = R - minimum_acceptable_return / constraints.budget
    return _budgeted(R, constraints, budgets, start)


def budget_variance(
    covariance: ArrayLike,
    constraints: Constraints,
    budgets: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> Solution:
    """Weights whose contributions w_i (Σw)_i to the variance are in the proportions of the budgets, as bounds allow.

    With equal budgets: equally weighted risk contributions (Maillard, Roncalli and Teiletche, 2010). All as in
    `budget_downside_risk`, with f(w) = wᵀΣw.

    Args:
        covariance: (N, N), symmetric and positive semidefinite, of any unit.
        constraints: Budget and bounds; bands and a turnover limit are refused.
        budgets: (N,) shares of the risk, none negative; equal when left out.
        start: Weights (N,) to begin with.

    Raises:
        DataError: Covariance, budgets or start are not usable; an asset, or a portfolio of them, has no variance.
        ConfigError: Constraints that risk budgeting does not know.
        InfeasibleError: The bounds leave no room for the budget; names the rows.
        SolverError: The answer could not be certified.
    """
    _check_rows(constraints)
    return _budgeted(scenarios_of(covariance, constraints.symbols), constraints, budgets, start)


class _Programme(NamedTuple):
    """½f - λ Σ β log w over bounds, with Σβ = 1."""

    R: FloatArray
    beta: FloatArray
    constraints: Constraints
    lower: FloatArray
    upper: FloatArray


def _budgeted(
    R: FloatArray, constraints: Constraints, budgets: ArrayLike | None, start: ArrayLike | None
) -> Solution:
    """Along the rays when that keeps the bounds, else, or when the start stands on one already, within them."""
    symbols, lower, upper = constraints.symbols, constraints.lower, constraints.upper
    beta = _checked_budgets(budgets, symbols)
    begin = _NO_START if start is None else checked_vector(start, symbols, "Start weight")
    programme = _Programme(R, beta, constraints, lower, upper)
    spent = 0
    on_bound = start is not None and ((begin <= lower) | (begin >= upper)).any()
    if (budgets is None or beta.all()) and not on_bound:
        outcome, spent, barrier, w = budget_on_the_ray(R, beta, constraints.budget, begin)
        if outcome == CONVERGED:
            certificate, presses = _certificate(programme, w, barrier, spent)
            if not presses:
                return Solution(w, require(certificate))
            begin = w
    _require_losses(programme)
    programme = _narrowed(programme)
    outcome, iterations, barrier, w = budget_in_the_box(
        R, beta, programme.lower, programme.upper, constraints.budget, begin
    )
    if outcome != CONVERGED and (error := _nothing_to_budget(programme, outcome)) is not None:
        raise error
    certificate, _ = _certificate(programme, w, barrier, spent + iterations)
    return Solution(w, require(certificate))


def _certificate(
    programme: _Programme, w: FloatArray, barrier: float, iterations: int
) -> tuple[Certificate, bool]:
    """The certificate, and whether the weights stand on a bound or beyond."""
    R, beta, rows = programme.R, programme.beta, programme.constraints
    objective, gap, violation, presses = judged(
        R, w, beta, barrier, programme.lower, programme.upper, rows.budget
    )
    certificate = Certificate(
        objective=objective,
        gap=gap,
        relative_gap=gap / barrier,
        violation=violation,
        multipliers=Multipliers(lambda: row_prices(R, rows, w, barrier * beta)),
        iterations=iterations,
    )
    return certificate, presses


def _check_rows(constraints: Constraints) -> None:
    if constraints.bands or constraints.turnover is not None:
        rows = [f"{band.name} min/max" for band in constraints.bands]
        rows += ["turnover_limit"] if constraints.turnover is not None else []
        raise ConfigError(
            "Risk budgeting takes a budget and bounds for each asset, but no other constraints",
            figures={"not taken": ", ".join(rows)},
            remedy="Leave them out, or choose the strategy risk_parity.",
        )
    if constraints.budget <= 0:
        raise DataError(
            "There is nothing to invest, so no risk to budget",
            figures={"budget": constraints.budget},
            remedy="Invest more than nothing: lower the cash buffer.",
        )


def _checked_budgets(budgets: ArrayLike | None, symbols: tuple[str, ...]) -> FloatArray:
    """Shares of the risk (N,) that sum to one."""
    if budgets is None:
        return np.full(len(symbols), 1.0 / len(symbols))
    beta = checked_vector(budgets, symbols, "Risk budget")
    if np.any(beta < 0) or not np.any(beta > 0):
        worst = int(np.argmin(beta))
        raise DataError(
            "Risk budgets are shares of the risk: none is negative, and one at least is positive",
            figures={f"risk budget of {symbols[worst]}": beta[worst]},
            remedy="Give each asset its share of the risk, zero for its least weight.",
        )
    return np.asarray(beta / beta.sum())


def _narrowed(programme: _Programme) -> _Programme:
    """Bounds within which the budget is to be spent; a single point where they leave no choice.

    An asset without a risk budget gets its least weight.
    """
    constraints, budget = programme.constraints, programme.constraints.budget
    lower = np.maximum(constraints.lower, 0.0)
    upper = np.where(programme.beta > 0, constraints.upper, lower)
    if lower.sum() > budget + _ROUNDING or constraints.upper.sum() < budget - _ROUNDING:
        raise conflict(constraints)
    if upper.sum() < budget - _ROUNDING:
        raise InfeasibleError(
            "Assets without a risk budget get their least weight, and the others cannot take the rest",
            figures={"to invest": budget, "room": f"{upper.sum():.6g}"},
            remedy="Give more assets a risk budget, or raise the greatest weights.",
        )
    for only in (lower, upper):
        if abs(only.sum() - budget) <= _ROUNDING:
            return programme._replace(lower=only, upper=only)
    return programme._replace(lower=lower, upper=upper)


def _require_losses(programme: _Programme) -> None:
    never = (programme.beta > 0) & (programme.R.min(axis=0) >= 0)
    if never.any():
        names = [symbol for symbol, safe in zip(programme.constraints.symbols, never, strict=True) if safe]
        raise DataError(
            f"{', '.join(names)} never lost in the window: no weight gives it its share of the risk",
            figures={"sessions": len(programme.R), "assets": len(never)},
            remedy="Leave it out of the universe, give it a risk budget of zero, or take a longer lookback.",
        )


def _nothing_to_budget(programme: _Programme, outcome: int) -> DataError | InfeasibleError | None:
    """Why more than the budget is invested even when hardly anything pulls towards larger weights."""
    hedge = never_falling(programme.R[:, programme.beta > 0])
    if hedge is not None:
        symbols = [
            s for s, share in zip(programme.constraints.symbols, programme.beta, strict=True) if share > 0
        ]
        parts = [f"{share:.1%} {symbol}" for symbol, share in zip(symbols, hedge, strict=True) if share > 0]
        return DataError(
            "A portfolio of these assets never lost in the window: there is no risk to budget",
            figures={"portfolio": ", ".join(parts), "sessions": len(programme.R)},
            remedy="Take a longer lookback, or fewer assets.",
        )
    if outcome != NO_DOWNSIDE:
        return None
    return InfeasibleError(
        "The least weights force hedges larger than the budget: the risk budgets have no say",
        figures={"least weights": programme.lower.tolist(), "budget": programme.constraints.budget},
        remedy="Lower the least weights of the assets that others hedge.",
    )
