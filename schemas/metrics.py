"""The headline figures of a return series: their names, units and definitions, as a report prints them.

How they are computed stands in ``portfolio.statistics``, under the same keys.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Unit = Literal["percent", "signed_percent", "ratio", "bp"]

SESSIONS_A_YEAR = 252
"""Every annual figure counts a year as 252 sessions; XNYS had 251.7 a year from 1990 to 2024."""


class Metric(NamedTuple):
    """One figure of a return series."""

    name: str
    unit: Unit
    definition: str
    """Formula in words that a reader can compute with; r is the return of a session, a year has 252 sessions."""
    source: str
    digits: int = 1
    """Decimals that a report writes."""


METRICS: dict[str, Metric] = {
    "cagr": Metric(
        "CAGR",
        "signed_percent",
        "Compound annual growth: (last equity / first equity)^(252 / sessions) - 1.",
        "Bacon (2008)",
    ),
    "volatility": Metric(
        "Volatility",
        "percent",
        "Standard deviation of r (divisor n - 1), times √252.",
        "Bacon (2008)",
    ),
    "downside_deviation": Metric(
        "Downside deviation",
        "percent",
        "Square root of the mean of min(r, 0)² over all sessions, times √252: what the strategy minimises, with a minimum acceptable return of zero.",
        "Sortino & van der Meer (1991)",
    ),
    "sharpe": Metric(
        "Sharpe ratio",
        "ratio",
        "Mean of r less the return of cash, over the standard deviation of that difference, times √252.",
        "Sharpe (1994)",
        digits=2,
    ),
    "sharpe_difference": Metric(
        "Sharpe less benchmark's",
        "ratio",
        "Sharpe ratio less that of the benchmark; its interval compares both on the same resampled sessions.",
        "Ledoit & Wolf (2008)",
        digits=2,
    ),
    "sortino": Metric(
        "Sortino ratio",
        "ratio",
        "Mean of r less the return of cash, over the downside deviation of that difference, times √252.",
        "Sortino & van der Meer (1991)",
        digits=2,
    ),
    "max_drawdown": Metric(
        "Max drawdown",
        "percent",
        "Lowest of equity / highest equity so far - 1, at the closes.",
        "Magdon-Ismail & Atiya (2004)",
    ),
    "calmar": Metric(
        "Calmar ratio", "ratio", "CAGR over the size of the maximum drawdown.", "Young (1991)", digits=2
    ),
    "cvar": Metric(
        "CVaR 95%, a day",
        "percent",
        "Mean of the worst 5% of sessions' returns; the session on the border counts with its fraction.",
        "Rockafellar & Uryasev (2002)",
        digits=2,
    ),
    "hit_rate": Metric("Hit rate", "percent", "Share of sessions with a gain, r > 0.", "Bacon (2008)"),
    "beta": Metric(
        "Beta",
        "ratio",
        "Slope of the regression of r less cash on the benchmark's return less cash.",
        "Jensen (1968)",
        digits=2,
    ),
    "alpha": Metric(
        "Alpha, a year",
        "signed_percent",
        "Intercept of the same regression, times 252.",
        "Jensen (1968)",
    ),
    "turnover": Metric(
        "Turnover, a year",
        "percent",
        "Half of the value bought and sold over the equity before the trade, summed over the trades but the first funding of the account, times 252 over the number of returns; buying from cash counts half its value.",
        "SEC Form N-1A takes the lesser of purchases and sales instead of their mean",
    ),
    "costs": Metric(
        "Costs, a year",
        "bp",
        "Commissions, half spreads and slippage over equity at the close before, summed over the same trades, times 252 over the number of returns; in basis points. What the first funding costs is in the returns alone.",
        "the rates stand under Assumptions",
    ),
}
"""By key, in the order of the report's table."""
