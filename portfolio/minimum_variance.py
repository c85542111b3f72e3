"""Weights of least variance: the downside variance of mirrored scenarios, by the same solver."""

from __future__ import annotations

from numpy.typing import ArrayLike

from portfolio.constraints import Constraints
from portfolio.reflection import scenarios_of
from portfolio.solver import Solution, minimise_downside_variance


def minimise_variance(
    covariance: ArrayLike, constraints: Constraints, start: ArrayLike | None = None
) -> Solution:
    """Minimise wᵀΣw over the constraints; in the certificate f stands for wᵀΣw.

    Args:
        covariance: Σ (N, N), symmetric and positive semidefinite, of any unit.
        constraints: As for `portfolio.solver.minimise_downside_variance`.
        start: Weights (N,) to begin with.

    Raises:
        DataError: Covariance or start are not usable; names the asset.
        InfeasibleError: No weights satisfy the constraints; names the conflicting rows.
        SolverError: The answer could not be certified.
    """
    return minimise_downside_variance(scenarios_of(covariance, constraints.symbols), constraints, start=start)
