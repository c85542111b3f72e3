"""What a simulated account has lived through, day by day and decision by decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.price_history import Sessions

Mark = Literal["done", "held", "skipped", "fallback"]
"""done: traded. held: the drift was below the threshold. skipped: no weights could be decided. fallback: a configured
substitute stood in for the strategy's weights, whether or not it traded."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """W decisions: when, what for, how far. Weights are fractions of equity, leverage included."""

    decided: Sessions
    """(W,) session on whose close the decision rests."""
    executed: Sessions
    """(W,) session at whose open or close it was traded."""
    marks: tuple[Mark, ...]
    targets: FloatArray
    """(W, N) what the strategy wants; NaN when skipped."""
    held: FloatArray
    """(W, N) drifted weights at the close that was decided on."""
    traded: FloatArray
    """(W, N) weights that the trades went for: the target, a point on the way, or the held ones."""
    drift: FloatArray
    """(W,) largest |target - held|; NaN when skipped."""
    turnover: FloatArray
    """(W,) half the value traded over the equity before."""
    costs: FloatArray
    """(W,) USD."""
    reasons: tuple[str, ...]
    """Why skipped or fallen back; empty otherwise."""


@dataclass(frozen=True, eq=False)
class Trades:
    """K changes of holdings, in order."""

    sessions: Sessions
    assets: IntArray
    """(K,) columns of the symbols."""
    shares: FloatArray
    """(K,) bought, negative when sold; of adjusted prices, so fractions of what was traded then."""
    prices: FloatArray
    """(K,) before costs, USD."""
    costs: FloatArray
    """(K,) USD."""
    decisions: IntArray
    """(K,) row of the decision; -1 for an asset that vanished and was sold at its last close."""


@dataclass(frozen=True, eq=False)
class Realised:
    """L lots or parts of lots that were sold, in order."""

    sessions: Sessions
    assets: IntArray
    """(L,) columns of the symbols."""
    bought: Sessions
    shares: FloatArray
    gains: FloatArray
    """(L,) proceeds minus what was paid, both after the costs of their trades, USD."""
    long_term: BoolArray
    """(L,) held for more than a year."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """An account from the close of its first decision on, T sessions of N assets.

    ``equity[0] + gains of the assets + interest + dividends - costs - tax = equity[-1]``, and cash and positions make up
    the equity at every close.
    """

    symbols: tuple[str, ...]
    sessions: Sessions
    equity: FloatArray
    """(T,) at the close, USD."""
    cash: FloatArray
    """(T,) at the close, USD; negative when borrowed."""
    shares: FloatArray
    """(T, N) at the close."""
    weights: FloatArray
    """(T, N) at the close, fractions of equity."""
    interest: FloatArray
    """(T,) earned on cash, negative when paid on debts, USD."""
    dividends: FloatArray
    """(T,) paid in cash, USD."""
    costs: FloatArray
    """(T,) of trades, USD."""
    tax: FloatArray
    """(T,) paid at the last close of a year on its net gains, and at the end, USD."""
    decisions: Decisions
    trades: Trades
    realised: Realised
