"""What a simulated account has lived through, day by day and decision by decision."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.price_history import PriceHistory, Sessions
from portfolio.simulated_days import EVENTS, Ledger, Market, Plan, Terms
from portfolio.trade_record import Realised, Trades, realised_of, trades_of

Mark = Literal["done", "held", "skipped", "fallback"]
"""done: traded. held: the drift was below the threshold. skipped: no weights could be decided. fallback: a configured
substitute stood in for the strategy's weights, whether or not it was traded."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """W decisions: when, what for, how far. Weights are fractions of equity, leverage included."""

    decided: Sessions
    """(W,) session on whose close the decision rests."""
    executed: Sessions
    """(W,) session at whose open or close it was traded."""
    marks: tuple[Mark, ...]
    targets: FloatArray
    """(W, N) what the strategy wants, as far as halted assets let it; NaN when skipped."""
    held: FloatArray
    """(W, N) drifted weights at the close that was decided on."""
    traded: FloatArray
    """(W, N) weights that the trades went for: the target, a point on the way, or the held ones."""
    drift: FloatArray
    """(W,) largest |target - held|; NaN when skipped."""
    step: FloatArray
    """(W,) share of the way to the target that was traded."""
    turnover: FloatArray
    """(W,) half the value traded over the equity before."""
    costs: FloatArray
    """(W,) USD."""
    reasons: tuple[str, ...]
    """Why skipped or fallen back; empty otherwise."""


@dataclass(frozen=True, eq=False)
class Simulation:
    """An account from the close of its first decision on: T sessions of N assets.

    At every close cash and positions make up the equity. What the assets gained, plus ``interest`` and ``dividends``, less
    ``costs`` and ``tax``, is the change of equity from the first close to the last.
    """

    history: PriceHistory
    first: int
    """Row of the history at which the account begins."""
    market: Market
    plan: Plan
    terms: Terms
    ledger: Ledger
    tax_paid: FloatArray
    """Of all rows of the history."""
    highest_cost: bool
    leverage: float
    remarks: tuple[str, ...]
    """(W,) why skipped or fallen back; empty otherwise."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the N assets."""
        return self.history.symbols

    @property
    def sessions(self) -> Sessions:
        """Of the account, (T,)."""
        return self.history.sessions[self.first :]

    @property
    def equity(self) -> FloatArray:
        """(T,) at the close, USD."""
        return self.ledger.equity[self.first :]

    @property
    def cash(self) -> FloatArray:
        """(T,) at the close, USD; negative when borrowed."""
        return self.ledger.cash[self.first :]

    @property
    def tax(self) -> FloatArray:
        """(T,) USD, paid on a year's net gains at the first close of the next year, and at the end."""
        return self.tax_paid[self.first :]

    @cached_property
    def shares(self) -> FloatArray:
        """(T, N) at the close."""
        M = self.ledger.counts[EVENTS]
        events = np.searchsorted(
            self.ledger.events.rows[:M], np.arange(self.first, len(self.history.sessions)), "right"
        )
        return self._shares_after(events)

    @cached_property
    def weights(self) -> FloatArray:
        """(T, N) at the close, fractions of equity."""
        return np.asarray(self.shares * self.market.close[self.first :] / self.equity[:, None])

    @cached_property
    def interest(self) -> FloatArray:
        """(T,) earned on cash since the session before, negative when paid on debts, USD."""
        before, rows = self.cash[:-1], slice(self.first + 1, None)
        rates = np.where(before > 0, self.market.cash_yield[rows], self.market.debt_yield[rows])
        return np.concatenate([[0.0], before * rates])

    @cached_property
    def dividends(self) -> FloatArray:
        """(T,) paid in cash, USD."""
        paid = np.zeros(len(self.sessions))
        if self.history.dividends is not None:
            there = self.history.listed | self.history.halted
            held = self.shares[:-1] * there[self.first + 1 :]
            paid[1:] = (held * self.history.dividends[self.first + 1 :]).sum(axis=1)
        return paid

    @cached_property
    def costs(self) -> FloatArray:
        """(T,) of trades, USD."""
        M, paid = self.ledger.counts[EVENTS], np.zeros(len(self.sessions))
        np.add.at(paid, self.ledger.events.rows[:M] - self.first, self.ledger.events.costs[:M])
        return paid

    @cached_property
    def trades(self) -> Trades:
        """Every change of holdings, in order."""
        return trades_of(self.ledger, self.market, self.terms, self.history.sessions)

    @cached_property
    def realised(self) -> Realised:
        """What each sale gained, lot by lot."""
        return realised_of(self.trades, highest_cost=self.highest_cost)

    @cached_property
    def decisions(self) -> Decisions:
        """What was decided, and what came of it."""
        plan, ledger, held = self.plan, self.ledger, self._held_when_decided()
        step = ledger.step[:, None]
        on_the_way = np.where(step == 1.0, plan.targets, held + step * (plan.targets - held))
        return Decisions(
            decided=self.history.sessions[plan.decided],
            executed=self.history.sessions[plan.executed],
            marks=tuple(map(self._mark, range(len(plan.decided)))),
            targets=plan.targets,
            held=held,
            traded=np.where(step > 0.0, on_the_way, held),
            drift=np.abs(plan.targets - held).max(axis=1),
            step=ledger.step,
            turnover=ledger.turnover,
            costs=self._costs_of_decisions(),
            reasons=self.remarks,
        )

    def _mark(self, k: int) -> Mark:
        if self.plan.skipped[k] or self.ledger.equity[self.plan.decided[k]] <= 0.0:
            return "skipped"
        if self.remarks[k]:
            return "fallback"
        return "done" if self.ledger.step[k] > 0.0 else "held"

    def _shares_after(self, events: IntArray) -> FloatArray:
        none = np.zeros((1, len(self.symbols)))
        return np.concatenate([none, self.ledger.events.after[: self.ledger.counts[EVENTS]]])[events]

    def _costs_of_decisions(self) -> FloatArray:
        M, W = self.ledger.counts[EVENTS], len(self.plan.decided)
        kinds = self.ledger.events.kinds[:M]
        paid = np.zeros(W)
        paid[kinds[kinds >= 0]] = self.ledger.events.costs[:M][kinds >= 0]
        return paid

    def _held_when_decided(self) -> FloatArray:
        rows = self.plan.decided
        values = self._shares_after(self.ledger.held_since) * self.market.close[rows]
        before = self.ledger.equity[rows] + (self._costs_of_decisions() if self.terms.at_once else 0.0)
        return np.asarray(values / before[:, None])
