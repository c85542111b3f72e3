"""From a certified solution to an allocation: what stopped each weight, at what cost, and what stays in cash."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import FloatArray
from portfolio.certificate import Certificate
from portfolio.constraints import Constraints
from portfolio.explanation import shadow_prices
from portfolio.feasibility import Absorbed
from portfolio.solver import Solution
from strategies.window import Allocation, Window


def certified_allocation(
    window: Window,
    absorbed: Absorbed,
    solution: Solution,
    *,
    measure: str = "downside deviation",
    marginal: FloatArray | None = None,
    notes: tuple[str, ...] = (),
) -> Allocation:
    """The allocation of a solution over the absorbed constraints, for strategies without a sleeve.

    Args:
        window: What was decided on.
        absorbed: Constraints of the solution, and what they left in cash.
        solution: Certified weights.
        measure: What the square root of the certificate's objective is called.
        marginal: Marginal risk of each asset (N,), bp per pp, when the objective is what was minimised.
        notes: What else a person should know.
    """
    constraints, certificate = absorbed.constraints, solution.certificate
    return Allocation(
        symbols=window.symbols,
        weights=solution.weights,
        lower=constraints.lower,
        upper=constraints.upper,
        in_sleeve=np.zeros(len(window.symbols), dtype=np.bool_),
        binding=binding_rows(constraints, certificate),
        certificate=certificate,
        shadow_prices=shadow_prices(constraints, certificate, measure=measure, marginal=marginal),
        notes=(*notes, *cash_notes(absorbed.to_cash)),
    )


def binding_rows(constraints: Constraints, certificate: Certificate) -> tuple[tuple[str, ...], ...]:
    """Active rows by asset, in the order of the symbols; a band's row stands with each of its members."""
    N, active = len(constraints.symbols), set(certificate.active)
    rows = np.vstack([np.eye(N), constraints.membership]).astype(bool)
    return tuple(
        tuple(
            names[row]
            for names in (constraints.low_names, constraints.high_names)
            for row in np.flatnonzero(rows[:, asset])
            if names[row] in active
        )
        for asset in range(N)
    )


def cash_notes(to_cash: float) -> tuple[str, ...]:
    """A note about budget that the limits cannot absorb, fraction of equity; none when they can."""
    if to_cash == 0.0:
        return ()
    return (f"{to_cash:.2%} of equity stays in cash beyond the buffer: the limits leave no room for more",)
