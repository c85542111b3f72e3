"""What becomes of the points of a sweep: each a backtest, with what neighbours have in common done once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from portfolio.arrays import FloatArray, IntArray
from portfolio.higher_moments import higher_moments
from portfolio.performance import period_returns
from portfolio.price_history import PriceHistory, Sessions
from portfolio.schedule import week_ends
from portfolio.simulation import Simulation
from portfolio.statistics import headline
from portfolio.track_record import sample_of
from schemas.errors import DataError
from strategies.base import BaseStrategy
from strategies.history import Holdings, TargetHistory
from strategies.registry import create
from strategies.sweep_design import Point
from strategies.walk_forward import Decide, walk_forward

Told = dict[str, object]
STATISTICS = (
    "cagr", "volatility", "downside_deviation", "sharpe", "sortino", "max_drawdown", "calmar", "cvar",
    "turnover", "costs",
)  # fmt: skip
"""Keys of ``schemas.metrics`` that need no benchmark."""


class Lived(NamedTuple):
    """One point that did not fail."""

    account: Told
    """When it began and ended, how many decisions there were, and the figures of ``schemas.metrics``."""
    weeks: Sessions
    """(K,) last session of each week."""
    weekly_return: FloatArray
    """(K,)"""
    excess_return: FloatArray
    """(K,) less what cash earned."""
    mean_target: FloatArray
    """(N,) over all decisions."""
    last_target: FloatArray
    """(N,)"""


class Evaluator:
    """Evaluates points one after the other; quickest when neighbours of the design follow each other.

    Args:
        histories: Prices by outlier rule.
        weeks_from: Close at which the weekly returns begin.
    """

    def __init__(self, histories: Mapping[float, PriceHistory], weeks_from: dt.date) -> None:
        self._histories = histories
        self._weeks_from = np.datetime64(weeks_from)
        self._universe: tuple[float, tuple[str, ...]] | None = None
        self._history: PriceHistory | None = None
        self._decisions = RememberedDecisions()

    def evaluate(self, point: Point) -> Lived:
        """Live one point.

        Raises:
            RiskParityError: It cannot be lived: constraints that contradict each other, a strategy whose asset was left out.
        """
        history, parameters = self._history_of(point), point.parameters
        strategy = create(parameters.strategy)
        account = walk_forward(
            strategy,
            history,
            parameters.rules,
            parameters.costs,
            capital=parameters.capital,
            start=parameters.start,
            decide=self._decisions.of(strategy),
        )
        _require_decisions(account)
        return _lived(account, history, self._weeks_from)

    def _history_of(self, point: Point) -> PriceHistory:
        """What a history knows of itself, such as its returns, is kept as long as points have the same universe."""
        rule = point.parameters.cleaning.spike_threshold
        if self._history is None or self._universe != (rule, point.symbols):
            self._history = self._histories[rule].of(point.symbols)
            self._universe = rule, point.symbols
        return self._history


class RememberedDecisions:
    """The last strategy's answers: accounts that differ in costs or drift band alone follow the same targets.

    Unless the strategy asked what is held: then its answers are those of one account.
    """

    def __init__(self) -> None:
        self._history: PriceHistory | None = None
        self._asked: tuple[object, ...] = ()
        self._answer: TargetHistory | None = None

    def of(self, strategy: BaseStrategy[Any]) -> Decide:
        """``strategy.target_history``, not computed again when the same was asked just before."""

        def decide(history: PriceHistory, decided: IntArray, holdings: Holdings) -> TargetHistory:
            asked = (strategy.parameters, decided.tobytes())
            if self._answer is not None and self._history is history and self._asked == asked:
                return self._answer
            listening = _Listening(holdings)
            answer = strategy.target_history(history, decided, listening)
            self._history, self._asked = history, asked
            self._answer = None if listening.heard else answer
            return answer

        return decide


class _Listening:
    """Tells what is held, and whether anybody asked."""

    def __init__(self, holdings: Callable[[FloatArray], FloatArray]) -> None:
        self._holdings = holdings
        self.heard = False

    def __call__(self, targets: FloatArray) -> FloatArray:
        self.heard = True
        return self._holdings(targets)


def _require_decisions(account: Simulation) -> None:
    if account.plan.skipped.all():
        raise DataError(
            "No decision could be taken",
            figures={"decisions": len(account.plan.skipped), "the first one": account.remarks[0]},
            remedy="Widen the constraint that is named, or leave this point out.",
        )


def _lived(account: Simulation, history: PriceHistory, weeks_from: np.datetime64) -> Lived:
    cash = np.zeros(len(history.sessions)) if history.cash_yield is None else history.cash_yield
    earned = cash[account.first + 1 :]
    sample = sample_of(account, earned, np.zeros_like(earned))
    figures, moments = headline(sample), higher_moments(sample.excess)
    ends = week_ends(account.sessions)
    ends = ends[account.sessions[ends] >= weeks_from]
    weekly = period_returns(account.equity[ends])
    in_bank = period_returns(np.cumprod(1.0 + cash[account.first :])[ends])
    targets = np.where(account.plan.skipped[:, None], 0.0, account.plan.targets)
    decided = targets[~account.plan.skipped]
    return Lived(
        account={
            "first": account.sessions[0].item(),
            "last": account.sessions[-1].item(),
            "sessions": len(account.sessions),
            "decisions": len(targets),
            "skipped": int(account.plan.skipped.sum()),
            "traded": int((account.ledger.step > 0.0).sum()),
            **{name: float(figures[name]) for name in STATISTICS},
            **moments._asdict(),
        },
        weeks=account.sessions[ends[1:]],
        weekly_return=weekly,
        excess_return=weekly - in_bank,
        mean_target=decided.mean(axis=0),
        last_target=decided[-1],
    )
