"""What weights are allowed, with a name on every row so that reports and errors can point at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import BoolArray, FloatArray, checked_vector
from portfolio.polytope import Polytope
from schemas.errors import DataError, InfeasibleError


@dataclass(frozen=True, eq=False)
class Band:
    """Limits on the total weight of a group of assets: low <= Σ_members w <= high.

    Its rows are called "<name> min" and "<name> max".
    """

    name: str
    members: BoolArray
    """(N,) mask."""
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class TurnoverLimit:
    """Limit on the trading that reaches the weights: ½ Σ |w - held| <= limit, cash not counted.

    Its row is called "turnover_limit". A first funding, from cash alone, has no such limit.
    """

    held: FloatArray
    """(N,) held weights, drifted, fractions of equity."""
    limit: float
    """Fraction of equity."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """The polytope Σw = budget, lower <= w <= upper, a band for each group, and a limit on turnover.

    Bounds and bands are treated alike as N+K rows low <= G w <= high, bounds first, so G = [I; M].

    Args:
        symbols: Names of the N assets.
        budget: Σw, fraction of equity.
        lower: (N,) least weights.
        upper: (N,) greatest weights.
        bands: Group limits.
        upper_rules: Rule behind each upper bound, e.g. "max_weight"; names the row "max_weight TLT".
        turnover: Limit on turnover against what is held; none when left out.

    Raises:
        DataError: Misaligned or not finite; names the asset or band.
        InfeasibleError: A least weight above a greatest, or a band with low above high; names both rows.
    """

    symbols: tuple[str, ...]
    budget: float
    lower: FloatArray
    upper: FloatArray
    bands: tuple[Band, ...] = ()
    upper_rules: tuple[str, ...] = ()
    turnover: TurnoverLimit | None = None

    def __post_init__(self) -> None:
        if not self.symbols:
            raise DataError("There are no assets to hold", remedy="Name at least one symbol.")
        object.__setattr__(self, "lower", checked_vector(self.lower, self.symbols, "Lower bound"))
        object.__setattr__(self, "upper", checked_vector(self.upper, self.symbols, "Upper bound"))
        if not self.upper_rules:
            object.__setattr__(self, "upper_rules", ("max_weight",) * len(self.symbols))
        if self.turnover is not None:
            held = checked_vector(self.turnover.held, self.symbols, "Held weight")
            object.__setattr__(self, "turnover", TurnoverLimit(held, self.turnover.limit))
        self._check_budget_and_bands()
        self._check_order()

    @cached_property
    def polytope(self) -> Polytope:
        """Bounds and rows as the compiled code takes them: the budget first, then the bands; no turnover limit."""
        return Polytope(
            self.lower.copy(),
            self.upper.copy(),
            np.vstack([np.ones(len(self.symbols)), self.membership]),
            np.array([self.budget, *(band.low for band in self.bands)]),
            np.array([self.budget, *(band.high for band in self.bands)]),
        )

    @cached_property
    def membership(self) -> FloatArray:
        """M (K, N): one row of ones and zeros a band."""
        rows = [band.members.astype(np.float64) for band in self.bands]
        return np.array(rows).reshape(len(rows), len(self.symbols))

    @cached_property
    def low(self) -> FloatArray:
        """(N+K,) least values of bounds, then bands."""
        return np.concatenate([self.lower, [band.low for band in self.bands]])

    @cached_property
    def high(self) -> FloatArray:
        """(N+K,) greatest values of bounds, then bands."""
        return np.concatenate([self.upper, [band.high for band in self.bands]])

    @cached_property
    def low_names(self) -> tuple[str, ...]:
        """Names of the N+K lower rows."""
        return (
            *(f"min_weight {symbol}" for symbol in self.symbols),
            *(f"{band.name} min" for band in self.bands),
        )

    @cached_property
    def high_names(self) -> tuple[str, ...]:
        """Names of the N+K upper rows."""
        return (
            *(f"{rule} {symbol}" for rule, symbol in zip(self.upper_rules, self.symbols, strict=True)),
            *(f"{band.name} max" for band in self.bands),
        )

    def row_values(self, weights: FloatArray) -> FloatArray:
        """G w, (N+K,): the weights, then the total of each band."""
        return np.concatenate([weights, self.membership @ weights])

    def violation(self, weights: FloatArray) -> float:
        """Largest amount by which a row is broken, fraction of equity; zero when all hold."""
        values = self.row_values(weights)
        rows = np.maximum(self.low - values, values - self.high)
        return float(max(0.0, rows.max(), abs(weights.sum() - self.budget), self.excess_turnover(weights)))

    def excess_turnover(self, weights: FloatArray) -> float:
        """By how much the trading to ``weights`` exceeds its limit, fraction of equity; negative when within."""
        if self.turnover is None:
            return -np.inf
        return 0.5 * float(np.abs(weights - self.turnover.held).sum()) - self.turnover.limit

    def _check_budget_and_bands(self) -> None:
        if len(self.upper_rules) != len(self.symbols):
            raise DataError(
                "Upper bounds are not named one by one",
                figures={"rules": len(self.upper_rules), "assets": len(self.symbols)},
                remedy="Pass one rule name for each asset, or none.",
            )
        if not (np.isfinite(self.budget) and self.budget >= 0):
            raise DataError(
                "The budget is not a fraction of equity",
                figures={"budget": self.budget},
                remedy="Pass a budget between 0 and 1.",
            )
        if self.turnover is not None and not 0.0 <= self.turnover.limit < np.inf:
            raise DataError(
                "The turnover limit is not a fraction of equity",
                figures={"limit": self.turnover.limit},
                remedy="Pass a limit between 0 and 1, or none.",
            )
        for band in self.bands:
            if np.shape(band.members) != (len(self.symbols),) or not np.isfinite([band.low, band.high]).all():
                raise DataError(
                    f"Band {band.name} does not fit the assets",
                    figures={"members": np.shape(band.members), "low": band.low, "high": band.high},
                    remedy="Pass one true or false for each asset, and finite limits.",
                )

    def _check_order(self) -> None:
        crossed = np.flatnonzero(self.low > self.high)
        if len(crossed):
            row = crossed[0]
            excess = self.low[row] - self.high[row]
            raise InfeasibleError(
                f"'{self.low_names[row]}' is above '{self.high_names[row]}'",
                figures={
                    self.low_names[row]: self.low[row],
                    self.high_names[row]: self.high[row],
                    "conflict": f"{excess:.6g}",
                },
                remedy=f"Lower the one or raise the other by {excess:.6g}.",
            )


def box(
    symbols: Sequence[str],
    budget: float = 1.0,
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike = 1.0,
    bands: Sequence[Band] = (),
) -> Constraints:
    """Constraints from bounds given per asset, or as one number for all.

    >>> box(["SPY", "TLT"], upper=0.6).high_names
    ('max_weight SPY', 'max_weight TLT')
    """
    shape = (len(symbols),)
    return Constraints(
        symbols=tuple(symbols),
        budget=budget,
        lower=np.broadcast_to(np.asarray(lower, dtype=np.float64), shape),
        upper=np.broadcast_to(np.asarray(upper, dtype=np.float64), shape),
        bands=tuple(bands),
    )
