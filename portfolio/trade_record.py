"""From the ledger of a simulated account to its trades and realised gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.lots import sold_lots
from portfolio.price_history import Sessions
from portfolio.simulated_days import EVENTS, RUINED, VANISHED, Ledger, Market, Terms


@dataclass(frozen=True, eq=False)
class Trades:
    """K changes of holdings, in order."""

    sessions: Sessions
    assets: IntArray
    """(K,) columns of the symbols."""
    shares: FloatArray
    """(K,) bought, negative when sold; at adjusted prices these are not the shares of the time."""
    prices: FloatArray
    """(K,) before costs, USD."""
    costs: FloatArray
    """(K,) USD."""
    decisions: IntArray
    """(K,) row of the decision; -1 for an asset that vanished and was sold at its last close, -2 for one sold because
    the account owed more than it had."""


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


def trades_of(ledger: Ledger, market: Market, terms: Terms, sessions: Sessions) -> Trades:
    """Every change of holdings on record."""
    M = ledger.counts[EVENTS]
    rows, kinds = ledger.events.rows[:M], ledger.events.kinds[:M]
    changes = np.diff(ledger.events.after[:M], axis=0, prepend=0.0)
    event, asset = np.nonzero(changes)
    at_open = terms.at_open & (kinds >= 0)
    prices = np.where(at_open[:, None], market.open[rows], market.close[rows - (kinds == VANISHED)])
    shares, price = changes[event, asset], prices[event, asset]
    rate = np.where(kinds == RUINED, 0.0, terms.rate)
    return Trades(
        sessions[rows[event]], asset, shares, price, rate[event] * np.abs(shares * price), kinds[event]
    )


def realised_of(trades: Trades, *, highest_cost: bool) -> Realised:
    """What each sale gained, lot by lot."""
    paid = trades.prices + np.divide(
        trades.costs, trades.shares, out=np.zeros_like(trades.costs), where=trades.shares != 0
    )
    sale, purchase, shares, gains = sold_lots(trades.assets, trades.shares, paid, highest_cost)
    order = np.argsort(sale, kind="stable")
    sale, purchase = sale[order], purchase[order]
    sold, bought = trades.sessions[sale], trades.sessions[purchase]
    return Realised(
        sold, trades.assets[sale], bought, shares[order], gains[order], sold > _a_year_after(bought)
    )


def _a_year_after(days: Sessions) -> Sessions:
    months = days.astype("datetime64[M]")
    return np.asarray((months + 12).astype("datetime64[D]") + (days - months.astype("datetime64[D]")))
