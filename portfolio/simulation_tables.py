"""What simulated accounts have lived through and decided, as long tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.simulation import Simulation

_NOTHING = 1e-12


class SimulationTables(NamedTuple):
    """One row a session, decision, weight, trade or lot, with the account's name in ``series``."""

    equity: pd.DataFrame
    decisions: pd.DataFrame
    weights: pd.DataFrame
    trades: pd.DataFrame
    gains: pd.DataFrame


def simulation_tables(
    accounts: Mapping[str, Simulation], risk_shares: Mapping[str, FloatArray]
) -> SimulationTables:
    """The tables of all accounts, one after the other.

    Args:
        accounts: By name.
        risk_shares: (W, N) share of each asset in the risk of each decision's target, of the accounts for which it is known.
    """
    parts = [
        SimulationTables(
            _equity(account),
            _decisions(account),
            _weights(account, risk_shares.get(name)),
            _trades(account),
            _gains(account),
        )
        for name, account in accounts.items()
    ]
    names = list(accounts)
    tables = (
        pd.concat(
            [frame.assign(series=name) for name, frame in zip(names, frames, strict=True)], ignore_index=True
        )
        for frames in zip(*parts, strict=True)
    )
    return SimulationTables(*(table[["series", *table.columns.drop("series")]] for table in tables))


def _equity(account: Simulation) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "session": account.sessions.astype("datetime64[s]"),
            "equity": account.equity,
            "cash": account.cash,
            "costs": account.costs,
            "tax": account.tax,
        }
    )


def _decisions(account: Simulation) -> pd.DataFrame:
    made = account.decisions
    return pd.DataFrame(
        {
            "decided": made.decided.astype("datetime64[s]"),
            "executed": made.executed.astype("datetime64[s]"),
            "mark": list(made.marks),
            "drift": made.drift,
            "turnover": made.turnover,
            "costs": made.costs,
            "reason": list(made.reasons),
        }
    )


def _weights(account: Simulation, risk_shares: FloatArray | None) -> pd.DataFrame:
    made = account.decisions
    targets = np.nan_to_num(made.targets)
    k, i = np.nonzero((np.abs(targets) > _NOTHING) | (np.abs(made.held) > _NOTHING))
    return pd.DataFrame(
        {
            "decided": made.decided[k].astype("datetime64[s]"),
            "symbol": np.array(account.symbols, dtype=object)[i],
            "target": made.targets[k, i],
            "held": made.held[k, i],
            "traded": made.traded[k, i],
            "risk_share": np.full(len(k), np.nan) if risk_shares is None else risk_shares[k, i],
        }
    )


def _trades(account: Simulation) -> pd.DataFrame:
    made, trades = account.decisions, account.trades
    decided = made.decided[np.maximum(trades.decisions, 0)].astype("datetime64[s]")
    return pd.DataFrame(
        {
            "session": trades.sessions.astype("datetime64[s]"),
            "symbol": np.array(account.symbols, dtype=object)[trades.assets],
            "shares": trades.shares,
            "price": trades.prices,
            "costs": trades.costs,
            "decided": np.where(trades.decisions >= 0, decided, np.datetime64("NaT", "s")),
        }
    )


def _gains(account: Simulation) -> pd.DataFrame:
    sold = account.realised
    return pd.DataFrame(
        {
            "session": sold.sessions.astype("datetime64[s]"),
            "symbol": np.array(account.symbols, dtype=object)[sold.assets],
            "bought": sold.bought.astype("datetime64[s]"),
            "shares": sold.shares,
            "gain": sold.gains,
            "long_term": sold.long_term,
        }
    )
