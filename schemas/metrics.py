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
    """Formula in words that a reader can compute with; r is the return of a session, a year has 252 returns."""
    source: str
    digits: int = 1
    """Decimals that a report writes."""


METRICS: dict[str, Metric] = {
    "cagr": Metric(
        "CAGR",
        "signed_percent",
        "Compound annual growth: (last equity / first equity)^(252 / number of returns) - 1; there is one return less than closes, and a year is 252 of them, not one of the calendar.",
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
        "Mean of e over its standard deviation (divisor n - 1), times √252; e is r less what cash earned in the session.",
        "Sharpe (1994)",
        digits=2,
    ),
    "sharpe_difference": Metric(
        "Sharpe less benchmark's",
        "ratio",
        "Sharpe ratio less that of the benchmark; its interval is of the difference, both on the same resampled sessions, and not studentised as in the source.",
        "Ledoit & Wolf (2008)",
        digits=2,
    ),
    "sortino": Metric(
        "Sortino ratio",
        "ratio",
        "Mean of e over the square root of the mean of min(e, 0)² over all sessions, times √252; e is r less what cash earned in the session, which is the target.",
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
        "Calmar ratio",
        "ratio",
        "CAGR over the size of the maximum drawdown, both of the whole period; the source takes the last 36 months.",
        "Young (1991)",
        digits=2,
    ),
    "cvar": Metric(
        "CVaR 95%, a day",
        "percent",
        "Mean of the worst 5% of all r, nothing interpolated: when 5% is no whole number of sessions, the last of them counts with the fraction that is left. It is a return, negative for a loss.",
        "Rockafellar & Uryasev (2002)",
        digits=2,
    ),
    "hit_rate": Metric(
        "Hit rate", "percent", "Share of sessions, not of weeks or trades, with r > 0.", "Bacon (2008)"
    ),
    "beta": Metric(
        "Beta",
        "ratio",
        "Slope of the least-squares line of e on the benchmark's e, session by session; e is r less what cash earned in the session.",
        "Jensen (1968)",
        digits=2,
    ),
    "alpha": Metric(
        "Alpha, a year",
        "signed_percent",
        "Intercept of the same line, times 252, not compounded.",
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
