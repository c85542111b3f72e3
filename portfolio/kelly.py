"""How much to borrow: growth by leverage, the Kelly fraction, and when the broker calls.

Kelly (1956); Thorp (2006), The Kelly criterion in blackjack, sports betting and the stock market, section 7. Interest is
paid at one rate on debts and earned at another on cash, so the best leverage has a kink at one.
"""

from __future__ import annotations

import numpy as np
import scipy

from portfolio.arrays import FloatArray, IntArray
from schemas.metrics import SESSIONS_A_YEAR


def growth_rate(
    returns: FloatArray,
    leverage: float,
    *,
    cash: float,
    margin: float,
    a_year: float = SESSIONS_A_YEAR,
) -> float:
    """A · mean log(1 + L r_t + (1 - L) i/A), a year: what equity grows by when leverage is set anew every session.

    i is what cash earns for L <= 1, and what debts cost above. Minus infinity once everything is lost.

    Args:
        returns: (T,) of the portfolio without leverage, fractions a session.
        leverage: L.
        cash: What cash earns, fraction a year.
        margin: What debts cost, fraction a year.
        a_year: Sessions a year.

    >>> round(growth_rate(np.array([0.1, 0.1]), 1.0, cash=0.0, margin=0.07, a_year=1), 6)
    0.09531
    """
    rate = cash if leverage <= 1.0 else margin
    wealth = 1.0 + leverage * returns + (1.0 - leverage) * rate / a_year
    return float(a_year * np.mean(np.log(wealth))) if wealth.min() > 0.0 else float("-inf")


def kelly_leverage(mean: float, volatility: float, *, cash: float, margin: float) -> float:
    """The leverage of greatest growth in continuous time: (μ - i) / σ², never below zero.

    g(L) = i + L (μ - i) - ½ L² σ². Below one i is what cash earns, above one what debts cost: when cash asks for more than
    one and debts for less, it is one.

    Args:
        mean: μ, arithmetic mean of the portfolio's return, a year.
        volatility: σ, a year.
        cash: What cash earns, fraction a year.
        margin: What debts cost, fraction a year.

    >>> round(kelly_leverage(0.08, 0.2, cash=0.0, margin=0.0), 6)
    2.0
    >>> kelly_leverage(0.08, 0.2, cash=0.0, margin=0.07)
    1.0
    """
    lent, borrowed = (mean - cash) / volatility**2, (mean - margin) / volatility**2
    return float(max(borrowed, min(max(lent, 0.0), 1.0)))


def best_leverage(returns: FloatArray, *, cash: float, margin: float, most: float) -> float:
    """The leverage between 0 and ``most`` that would have grown fastest on these very returns; see ``growth_rate``.

    Growth is concave on either side of one, so each side has one best.
    """
    sides = [(0.0, min(1.0, most)), (1.0, most)] if most > 1.0 else [(0.0, most)]
    found = [_best_between(returns, low, high, cash=cash, margin=margin) for low, high in sides]
    return max(found, key=lambda L: growth_rate(returns, L, cash=cash, margin=margin))


def margin_calls(equity: FloatArray, cash: FloatArray, maintenance: float) -> IntArray:
    """Rows of the closes at which equity is less than ``maintenance`` of what is held, while something is owed.

    Args:
        equity: (T,) USD.
        cash: (T,) USD, negative when borrowed.
        maintenance: Least equity, fraction of the positions' value.

    >>> margin_calls(np.array([100.0, 40.0, 20.0]), np.array([-100.0, -100.0, -100.0]), 0.25).tolist()
    [2]
    """
    return np.flatnonzero((cash < 0.0) & (equity < maintenance * (equity - cash)))


def _best_between(returns: FloatArray, low: float, high: float, *, cash: float, margin: float) -> float:
    # above this leverage the worst day has taken everything; a little below the logarithm is still finite
    high = min(high, max(low, 0.999 / max(-float(returns.min()), 1e-12)))
    search = scipy.optimize.minimize_scalar(
        lambda L: -growth_rate(returns, L, cash=cash, margin=margin),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-6},
    )
    found = (low, float(search.x), high)
    return max(found, key=lambda L: growth_rate(returns, L, cash=cash, margin=margin))
