"""What a simulated account pays, and when and how far it trades."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.forms import Fraction, Parameters

_BasisPoints = Annotated[float, Field(ge=0, le=1000)]


class Costs(Parameters):
    """What trading, gains and debts cost."""

    commission_bps: _BasisPoints = 0.0
    """Commission (basis points of the value traded)."""
    slippage_bps: _BasisPoints = 2.0
    """Half the spread and whatever else a market order loses (basis points of the value traded)."""
    short_term_tax: Fraction = 0.0
    """Tax on net gains of lots held for a year or less (fraction)."""
    long_term_tax: Fraction = 0.0
    """Tax on net gains of lots held for more than a year (fraction)."""
    lots: Literal["fifo", "highest_cost"] = "fifo"
    """Which lots are sold first: the oldest, or the dearest."""
    margin_rate: Annotated[float, Field(ge=0, le=1)] = 0.07
    """Interest on negative cash (fraction a year of 360 days, by calendar days)."""

    @property
    def rate(self) -> float:
        """Cost of a trade, fraction of its value."""
        return 1e-4 * (self.commission_bps + self.slippage_bps)


class Rules(Parameters):
    """When a simulated account trades, and how far."""

    frequency: Literal["daily", "weekly", "monthly", "quarterly"] = "weekly"
    """How often a rebalance is due; weekly means once an ISO week, as live."""
    weekday: Annotated[int, Field(ge=0, le=4)] = 0
    """Of weekly: trade on the first session from this day of the week on, or on the last of a week that has none left
    (0 = Monday)."""
    execution: Literal["next_open", "next_close", "same_close"] = "next_open"
    """Where trades fill: at the open or the close of the session after the decision, or at the very close that was decided
    on, which nobody can do."""
    drift_threshold: Fraction = 0.005
    """Largest |current - target| weight below which nothing is traded (fraction)."""
    max_turnover: Annotated[float, Field(gt=0)] = 0.5
    """Greatest turnover of one rebalance, half the sum of |weight changes|; the first funding is exempt (fraction)."""
    leverage: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Factor on all weights; what it invests beyond the equity is borrowed."""
