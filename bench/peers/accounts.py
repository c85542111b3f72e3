"""Who simulates an account that is rebalanced to given weights: each adapter prepares, and what it returns is timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_account import CAPITAL, simulate
from schemas.simulation_parameters import Costs, Rules

Run = Callable[[], FloatArray]
"""Equity at each close from the first decision on."""
RULES = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)
"""Everybody trades to the weights themselves, at the close after the one that was decided on."""


@dataclass(frozen=True, eq=False)
class Task:
    """Prices, decisions and weights, as arrays and as frames."""

    history: PriceHistory
    schedule: Schedule
    weights: FloatArray
    """(W, N)"""
    bps: float
    """Cost of a trade, basis points of its value."""

    @cached_property
    def prices(self) -> pd.DataFrame:
        """(T, N) closes."""
        sessions = pd.DatetimeIndex(self.history.sessions)
        return pd.DataFrame(self.history.close, index=sessions, columns=list(self.history.symbols))

    @cached_property
    def targets(self) -> pd.DataFrame:
        """(W, N) weights on the days of their trades."""
        return pd.DataFrame(
            self.weights, index=self.prices.index[self.schedule.executed], columns=self.prices.columns
        )


def ours(task: Task) -> Run:
    """The whole result is made; weights by day, trades and lots are derived from it when somebody asks."""
    costs = Costs(slippage_bps=task.bps)
    _ = task.history.filled, task.history.leaving, task.history.listed
    return lambda: simulate(task.history, task.schedule, task.weights, RULES, costs).equity


def by_vectorbt(task: Task) -> Run:
    """One group that shares its cash, sales first; its orders cost what they cost, out of the cash that is there."""
    import vectorbt as vbt  # noqa: PLC0415 - left out when it is not installed

    size = task.targets.reindex(task.prices.index)

    def run() -> FloatArray:
        portfolio = vbt.Portfolio.from_orders(
            task.prices,
            size,
            size_type="targetpercent",
            group_by=True,
            cash_sharing=True,
            call_seq="auto",
            fees=1e-4 * task.bps,
            init_cash=CAPITAL,
            freq="1D",
        )
        return np.asarray(portfolio.value())[task.schedule.decided[0] :]

    return run


def by_bt(task: Task) -> Run:
    """Fractional shares, a commission of the value traded."""
    import bt  # noqa: PLC0415 - left out when it is not installed

    rate = 1e-4 * task.bps

    def run() -> FloatArray:
        rebalance = [bt.algos.WeighTarget(task.targets), bt.algos.Rebalance()]
        test = bt.Backtest(
            bt.Strategy("account", rebalance),
            task.prices,
            initial_capital=CAPITAL,
            integer_positions=False,
            commissions=lambda quantity, price: abs(quantity) * price * rate,
            progress_bar=False,
        )
        test.run()
        return np.asarray(test.strategy.values)[
            1 + task.schedule.decided[0] :
        ]  # its first row is the day before

    return run


def by_cvxportfolio(task: Task) -> Run:
    """Without costs: its transaction costs are another model."""
    import cvxportfolio as cvx  # noqa: PLC0415 - left out when it is not installed

    returns = task.prices.pct_change().shift(-1).iloc[:-1].assign(cash=0.0)
    data = cvx.UserProvidedMarketData(returns=returns, cash_key="cash", min_history=pd.Timedelta(0))
    simulator = cvx.MarketSimulator(market_data=data, costs=[], round_trades=False)
    policy = cvx.FixedWeights(task.targets.assign(cash=1.0 - task.weights.sum(axis=1)))

    def run() -> FloatArray:
        result = simulator.run_backtest(
            policy,
            start_time=returns.index[task.schedule.decided[0]],
            end_time=returns.index[-1],
            initial_value=CAPITAL,
        )
        return np.asarray(result.v)

    return run


OURS, VECTORBT, BT, CVXPORTFOLIO = "ours", "vectorbt", "bt", "cvxportfolio"
ACCOUNTS: Mapping[str, Callable[[Task], Run]] = {
    OURS: ours,
    VECTORBT: by_vectorbt,
    BT: by_bt,
    CVXPORTFOLIO: by_cvxportfolio,
}
