"""Why each weight: how its change splits into drift and signal, what it adds to risk, what stops it and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray
from portfolio.certificate import Certificate
from portfolio.constraints import Constraints
from portfolio.downside import downside_deviation, downside_gradient

_GRID = 2.0**-50
_BP_PER_PP = 100.0
"""One percentage point of weight, 0.01, times one over a basis point, 1e4."""
_NOTHING_HELD = 1e-9
"""Weights below this are not held (fraction of equity)."""
_LEAST_SHOWN = 5e-4
"""Costs (bp per pp) below this are written as next to nothing."""


@dataclass(frozen=True, eq=False)
class WeightChange:
    """The way from held weights to target weights, (N,) each, fractions: drift + signal = change, exactly."""

    current: FloatArray
    previous_target: FloatArray | None
    """None when there was no decision before."""
    target: FloatArray
    drift: FloatArray
    """previous target - current: undoes what the market moved since, and what was not traded then."""
    signal: FloatArray
    """target - previous target: what the new decision wants otherwise than the last one."""
    change: FloatArray
    """target - current."""


class ShadowPrice(NamedTuple):
    """What one binding constraint costs."""

    constraint_name: str
    """Its name, as in the certificate."""
    kind: str
    """The rule behind it: max_weight, min_weight, band_max, band_min, turnover_limit, budget, ..."""
    symbol: str | None
    """The asset it limits; none when it limits several."""
    limit_value: float
    """Where it stands, fraction of equity."""
    multiplier: float
    """Fall of f per unit of room, fraction² per unit; of the budget, rise of f per unit more to invest."""
    cost_bp_per_pp: float
    """The same of √f, in basis points a day per percentage point."""
    measure: str
    """What √f is: downside deviation, or volatility."""
    free_at: float | None
    """Marginal risk (bp per pp) at which the asset would leave its bound by itself; none for other rows, and where f is
    not what is minimised."""
    sentence: str


def weight_change(current: ArrayLike, previous_target: ArrayLike | None, target: ArrayLike) -> WeightChange:
    """Split the change of weights into drift and signal.

    Without a previous decision nothing has drifted from it: all of the change is signal.

    Weights are first put on the grid of multiples of 2^-50. A number k 2^-50 with |k| <= 2^53 is a double, and
    a sum or difference of two such numbers is another multiple of 2^-50; as long as it is below 8 it needs no
    rounding. So sums over the assets are exact too, in whatever order.

    >>> split = weight_change([0.3], [0.1], [0.7])
    >>> bool(split.drift + split.signal == split.change)
    True
    """
    now, then = _on_grid(current), _on_grid(target)
    before = None if previous_target is None else _on_grid(previous_target)
    begin = now if before is None else before
    return WeightChange(now, before, then, drift=begin - now, signal=then - begin, change=then - now)


def marginal_risk(
    returns: FloatArray, weights: FloatArray, minimum_acceptable_return: float = 0.0
) -> FloatArray:
    """Daily downside deviation √f that one more percentage point of each asset adds, (N,), bp.

    ∂√f/∂w_i = ∂_i f / (2 √f); zeros when there is no shortfall.

    >>> marginal_risk(np.array([[-0.02], [0.0]]), np.array([1.0])).round(3).tolist()
    [1.414]
    """
    deviation = downside_deviation(returns, weights, minimum_acceptable_return)
    return _of_deviation(downside_gradient(returns, weights, minimum_acceptable_return), deviation)


def shadow_prices(
    constraints: Constraints,
    certificate: Certificate,
    *,
    measure: str = "downside deviation",
    marginal: FloatArray | None = None,
) -> tuple[ShadowPrice, ...]:
    """What each binding constraint costs, the dearest first, the budget last.

    A multiplier μ says how fast f falls as its row gives way, so √f falls by μ / (2 √f).

    Args:
        constraints: Those the certificate was made for.
        certificate: Proof of optimality with the multipliers.
        measure: What the square root of the certificate's objective is called.
        marginal: Marginal risk of each asset (N,), bp per pp, when f is what was minimised.
    """
    deviation = float(np.sqrt(certificate.objective))
    alone = {} if marginal is None else dict(zip(constraints.symbols, marginal.tolist(), strict=True))
    prices = []
    for name, (kind, symbol, limit) in _rows(constraints).items():
        if name not in certificate.multipliers:
            continue
        multiplier = certificate.multipliers[name]
        if kind == "min_weight" and limit == 0.0 and _not_held(constraints, symbol):
            # the multiplier is that of selling below the floor; to enter, others must be sold to stay within the limit
            multiplier += certificate.multipliers.get("turnover_limit", 0.0)
        cost = float(_of_deviation(np.array(multiplier), deviation))
        adds = alone.get(symbol or "")
        free_at = None if adds is None else adds - cost if kind == "min_weight" else adds + cost
        words = _sentence(kind, symbol or name, limit, cost, measure)
        prices.append(ShadowPrice(name, kind, symbol, limit, multiplier, cost, measure, free_at, words))
    return tuple(sorted(prices, key=lambda price: (price.kind == "budget", -price.cost_bp_per_pp)))


def _not_held(constraints: Constraints, symbol: str | None) -> bool:
    if constraints.turnover is None or symbol is None:
        return False
    return bool(abs(constraints.turnover.held[constraints.symbols.index(symbol)]) <= _NOTHING_HELD)


def _on_grid(weights: ArrayLike) -> FloatArray:
    return np.asarray(np.round(np.asarray(weights, dtype=np.float64) / _GRID) * _GRID)


def _of_deviation(of_variance: FloatArray, deviation: float) -> FloatArray:
    if deviation == 0.0:
        return np.zeros_like(of_variance)
    return np.asarray(_BP_PER_PP * of_variance / (2.0 * deviation))


def _rows(constraints: Constraints) -> dict[str, tuple[str, str | None, float]]:
    """Kind, asset and limit of every row by its name; of bounds that fix a weight both sides."""
    N, symbols = len(constraints.symbols), constraints.symbols
    bands = range(N, N + len(constraints.bands))
    low, high = constraints.low.tolist(), constraints.high.tolist()
    floors = {constraints.low_names[i]: ("min_weight", symbols[i], low[i]) for i in range(N)}
    caps = {constraints.high_names[i]: (constraints.upper_rules[i], symbols[i], high[i]) for i in range(N)}
    band_floors = {constraints.low_names[k]: ("band_min", None, low[k]) for k in bands}
    band_caps = {constraints.high_names[k]: ("band_max", None, high[k]) for k in bands}
    limit = constraints.turnover.limit if constraints.turnover else 0.0
    whole = {
        "turnover_limit": ("turnover_limit", None, limit),
        "budget": ("budget", None, constraints.budget),
    }
    return {**floors, **caps, **band_floors, **band_caps, **whole}


def _sentence(kind: str, name: str, limit: float, cost: float, measure: str) -> str:
    at, price = f"{100 * limit:.4g}%", f"{_bp(cost)} of daily {measure}"
    adds = "adds" if cost >= 0 else "takes away"
    if kind == "budget":
        return f"1 pp more invested instead of cash {adds} {price}"
    if kind == "min_weight" and limit == 0.0:
        return f"{name} is left out: 1 pp of it in place of others {adds} {price}"
    row = {
        "max_weight": f"{at} cap on {name}",
        "min_weight": f"{at} floor of {name}",
        "band_max": f"{at} ceiling of the {name.removesuffix(' max')}",
        "band_min": f"{at} floor of the {name.removesuffix(' min')}",
        "turnover_limit": f"turnover limit of {at}",
    }.get(kind, f"{at} cap on {name} ({kind})")
    return f"the {row} {'costs' if cost >= 0 else 'saves'} {price} per 1 pp"


def _bp(cost: float) -> str:
    size = abs(cost)
    if size < _LEAST_SHOWN:
        return "less than 0.001 bp"
    return f"{size:.0f} bp" if size >= 10 else f"{size:.2g} bp"  # noqa: PLR2004 - two digits at least
