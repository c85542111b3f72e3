"""An account that trades towards decided weights through a price history, without looking ahead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from portfolio.arrays import FloatArray
from portfolio.price_history import PriceHistory
from portfolio.schedule import Schedule
from portfolio.simulated_days import DECISIONS, Events, Ledger, Market, Plan, Terms, first_fault, live
from portfolio.simulation import Simulation
from portfolio.taxes import Losses, tax_of_year
from portfolio.trade_record import realised_of, trades_of
from schemas.errors import DataError
from schemas.simulation_parameters import Costs, Rules

CAPITAL = 100_000.0
"""USD."""
_BANK_YEAR = 360


def simulate(
    history: PriceHistory,
    schedule: Schedule,
    targets: ArrayLike,
    rules: Rules | None = None,
    costs: Costs | None = None,
    *,
    capital: float = CAPITAL,
) -> Simulation:
    """An account that follows weights known beforehand (W, N), one row a decision of the schedule.

    Raises:
        DataError: Weights that cannot be held, or opens that are needed and missing.
    """
    return SimulatedAccount(
        history, schedule, rules or Rules(), costs or Costs(), capital=capital
    ).simulation(targets)


class SimulatedAccount:
    """Holds cash until the first decision; ``held`` for strategies that look at what they hold, ``simulation`` at the end.

    Args:
        history: Prices; the account begins at the close of the first decision and ends with the history.
        schedule: When is decided and traded.
        rules: Where trades fill, how far they go, leverage. The schedule is already made.
        costs: Of trades, gains and debts.
        capital: USD.
    """

    def __init__(
        self,
        history: PriceHistory,
        schedule: Schedule,
        rules: Rules,
        costs: Costs,
        *,
        capital: float = CAPITAL,
    ) -> None:
        if rules.execution == "next_open" and history.open is None:
            raise DataError(
                "Trades at the open need opens, and only closes are known",
                remedy="Add opens, or trade at the next close (--set rules.execution=next_close).",
            )
        self._history, self._costs, self._leverage = history, costs, rules.leverage
        self._market = _market(history, costs)
        self._terms = Terms(
            costs.rate,
            rules.drift_threshold,
            rules.max_turnover,
            rules.execution == "next_open",
            rules.execution == "same_close",
        )
        W, N = len(schedule.decided), len(history.symbols)
        self._plan = Plan(*schedule, np.empty((W, N)), np.empty(W, dtype=np.bool_))
        self._ledger = _empty_ledger(history, schedule, capital)
        self._tax, self._losses = np.zeros(len(history.sessions)), Losses()
        self._taxed = costs.short_term_tax + costs.long_term_tax > 0.0
        self._settlements = _settlements(history, schedule) if self._taxed else []

    def held(self, targets: FloatArray) -> FloatArray:
        """Weights (N,) at the close of the next decision, as a strategy sees them: leverage taken out.

        Args:
            targets: Weights decided so far (k, N), NaN where nothing could be decided.
        """
        k, ledger = len(targets), self._ledger
        self._adopt(targets)
        self._live_until(k)
        t = self._plan.decided[k]
        equity = ledger.equity[t] * self._leverage
        return np.asarray(ledger.shares * self._market.close[t] / equity)

    def simulation(self, targets: ArrayLike, remarks: Sequence[str] = ()) -> Simulation:
        """The whole of it.

        Args:
            targets: All W decisions (W, N), fractions of equity without leverage; NaN where nothing could be decided.
            remarks: Why a decision was skipped or fell back, empty where it did not (W,).

        Raises:
            DataError: Misaligned weights, negative ones, more than the equity, or for an asset that is not listed.
        """
        weights = _checked(targets, self._plan, self._history)
        self._adopt(weights)
        self._live_until(len(weights))
        if self._taxed:
            self._settle(len(self._ledger.equity) - 1, self._history.sessions[-1])
        return Simulation(
            self._history,
            int(self._plan.decided[0]),
            self._market,
            self._plan,
            self._terms,
            self._ledger,
            self._tax,
            self._costs.lots == "highest_cost",
            self._leverage,
            tuple(remarks) or ("",) * len(weights),
        )

    def _adopt(self, targets: FloatArray) -> None:
        """Decisions that were taken stay as they are."""
        new = slice(self._ledger.counts[DECISIONS], len(targets))
        np.multiply(targets[new], self._leverage, out=self._plan.targets[new])
        self._plan.skipped[new] = np.isnan(targets[new, 0])

    def _live_until(self, k: int) -> None:
        """Take all decisions before ``k`` and live until its close, or the end; pay the years' taxes in between."""
        market, plan, terms, ledger = self._market, self._plan, self._terms, self._ledger
        until = int(plan.decided[k]) if k < len(plan.decided) else len(ledger.equity) - 1
        while self._settlements and self._settlements[0] <= until:
            row = self._settlements.pop(0)
            live(market, plan, terms, ledger, int(np.searchsorted(plan.decided, row)), row)
            self._settle(row, self._history.sessions[row - 1])
        live(market, plan, terms, ledger, k, until)

    def _settle(self, row: int, day: np.datetime64) -> None:
        """Pay at the close of ``row`` the tax on what was gained in the year of ``day``."""
        trades = trades_of(self._ledger, self._market, self._terms, self._history.sessions)
        realised = realised_of(trades, highest_cost=self._costs.lots == "highest_cost")
        tax, self._losses = tax_of_year(realised, day, self._costs, self._losses)
        for account in (self._tax, self._ledger.cash, self._ledger.equity):
            account[row] += tax if account is self._tax else -tax


def _market(history: PriceHistory, costs: Costs) -> Market:
    opens, closes = history.filled
    T, N = closes.shape
    days = np.diff(history.sessions, prepend=history.sessions[:1]).astype(np.float64)
    return Market(
        opens,
        closes,
        history.halted if history.halted.any() else history.halted[:0],
        np.zeros((0, N)) if history.dividends is None else history.dividends,
        np.zeros(T) if history.cash_yield is None else history.cash_yield,
        days * (costs.margin_rate / _BANK_YEAR),
        history.leaving,
    )


def _empty_ledger(history: PriceHistory, schedule: Schedule, capital: float) -> Ledger:
    """All in cash at the close of the first decision."""
    (T, N), W, first = history.close.shape, len(schedule.decided), int(schedule.decided[0])
    M = W + int(history.leaving.sum()) + 1
    equity, cash = np.full(T, np.nan), np.full(T, np.nan)
    equity[first] = cash[first] = capital
    return Ledger(
        counts=np.array([first, 0, 0]),
        shares=np.zeros(N),
        aim=np.zeros(N),
        equity=equity,
        cash=cash,
        step=np.zeros(W),
        turnover=np.zeros(W),
        held_since=np.zeros(W, dtype=np.int64),
        events=Events(
            np.zeros(M, dtype=np.int64), np.zeros(M, dtype=np.int64), np.zeros(M), np.empty((M, N))
        ),
    )


def _settlements(history: PriceHistory, schedule: Schedule) -> list[int]:
    """Rows of the first sessions of years after the account began."""
    years = history.sessions.astype("datetime64[Y]").astype(np.int64)
    first = np.flatnonzero(np.diff(years)) + 1
    return [int(row) for row in first if row > schedule.decided[0]]


def _checked(targets: ArrayLike, plan: Plan, history: PriceHistory) -> FloatArray:
    weights = np.require(targets, dtype=np.float64, requirements=["C", "W"])
    if weights.shape != plan.targets.shape:
        raise DataError(
            "Targets do not match the decisions and assets",
            figures={"shape": weights.shape, "wanted": plan.targets.shape},
            remedy="Pass one row of weights a decision and one column an asset.",
        )
    k = first_fault(weights, history.listed, plan.decided)
    if k < 0:
        return weights
    row = plan.decided[k]
    raise DataError(
        f"The weights decided on {history.sessions[row]} cannot be held",
        figures={
            "weights": dict(zip(history.symbols, weights[k].tolist(), strict=True)),
            "sum": weights[k].sum(),
            "not listed": ", ".join(np.array(history.symbols)[~history.listed[row]]) or "none",
        },
        remedy="Weights are zero or more, of listed assets, and sum to at most one; borrow with leverage.",
    )
