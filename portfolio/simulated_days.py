"""Compiled: the days of a simulated account."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
from portfolio.compiled import compiled
from portfolio.step import step_towards

DAY, DECISIONS, EVENTS = 0, 1, 2
"""Places in ``Ledger.counts``: the last day lived through, decisions taken, changes of holdings."""
VANISHED, RUINED = -1, -2
"""Kinds of events that no decision caused; the kind of all others is the row of the decision."""

_ROUNDING, _AT_MOST = 1e-15, 64
_SUM = 1e-9
"""By how much weights may sum to more than one."""


class Market(NamedTuple):
    """What happens to everybody, T sessions of N assets."""

    open: FloatArray
    """(T, N), zero where an asset is not listed, the last close where it is halted."""
    close: FloatArray
    """(T, N), likewise."""
    halted: BoolArray
    """(T, N) assets that cannot be traded and will be again; (0, N) when none ever is."""
    dividends: FloatArray
    """(T, N) a share; (0, N) when there are none."""
    cash_yield: FloatArray
    """(T,) since the session before, fraction."""
    debt_yield: FloatArray
    """(T,) the same for negative cash."""
    leaving: BoolArray
    """(T,) whether an asset left for good since the session before."""


class Plan(NamedTuple):
    """W decisions of N weights."""

    decided: IntArray
    executed: IntArray
    targets: FloatArray
    skipped: BoolArray
    """(W,) nothing could be decided."""


class Terms(NamedTuple):
    """How trades are made."""

    rate: float
    """Cost, fraction of the value traded."""
    drift_threshold: float
    max_turnover: float
    at_open: bool
    at_once: bool
    """At the very close that was decided on."""


class Events(NamedTuple):
    """M changes of holdings, written in place."""

    rows: IntArray
    """(M,) session."""
    kinds: IntArray
    costs: FloatArray
    """(M,) USD."""
    after: FloatArray
    """(M, N) shares held then."""


class Ledger(NamedTuple):
    """The account and its record, written in place."""

    counts: IntArray
    shares: FloatArray
    """(N,) now."""
    aim: FloatArray
    """(N,) weights that are traded to next."""
    equity: FloatArray
    """(T,) at the close."""
    cash: FloatArray
    """(T,) at the close."""
    step: FloatArray
    """(W,) share of the way to the target that was traded."""
    turnover: FloatArray
    """(W,) half the value traded over the equity before."""
    held_since: IntArray
    """(W,) events before the decision."""
    events: Events


@compiled
def live(market: Market, plan: Plan, terms: Terms, ledger: Ledger, stop: int, last: int) -> None:
    """Days and decisions in order: all decisions before ``stop``, then days up to and with the close of ``last``.

    A day is interest first, then what vanished, then dividends, then the trades decided on before. What is halted is
    kept through it, worth its last close.
    """
    # taken apart once: each look into a record counts references, which takes longer than a day's sums
    opens, close, halted, dividends, cash_yield, debt_yield, leaving = market
    counts, shares, aim, equity, cash, step, turnover, held_since = ledger[:8]
    decided, executed, targets, skipped = plan
    events = ledger.events
    rate, prices = terms.rate, opens if terms.at_open else close
    day, count = counts[DAY], counts[EVENTS]
    for k in range(counts[DECISIONS], stop + 1):
        until = decided[k] if k < stop else last
        due = executed[k - 1] if k > 0 and step[k - 1] > 0.0 else -1
        for t in range(day + 1, until + 1):
            money = cash[t - 1]
            money *= 1.0 + (cash_yield[t] if money > 0.0 else debt_yield[t])
            if leaving[t]:
                gained, count = _sell_vanished(close, t, shares, rate, events, count)
                money += gained
            money += _paid(dividends, t, shares)
            if t == due:
                money, cost, turnover[k - 1] = _trade_around(prices, t, shares, aim, rate, money, halted)
                count = _record(events, count, t, k - 1, cost, shares)
            value = money
            for i in range(len(shares)):
                value += shares[i] * close[t, i]
            equity[t], cash[t] = value, money
            if value <= 0.0 and shares.max() > 0.0:
                cash[t], shares[:] = value, 0.0
                count = _record(events, count, t, RUINED, 0.0, shares)
        day = max(day, until)
        if k < stop:
            held_since[k] = count
            if not skipped[k] and equity[day] > 0.0:
                step[k] = _decide(close, day, shares, equity[day], targets, k, aim, terms, halted)
                if terms.at_once and step[k] > 0.0:
                    cash[day], cost, turnover[k] = _trade_around(
                        close, day, shares, aim, rate, cash[day], halted
                    )
                    count = _record(events, count, day, k, cost, shares)
                    equity[day] -= cost
    counts[DAY], counts[DECISIONS], counts[EVENTS] = day, max(stop, counts[DECISIONS]), count


@compiled
def _decide(
    close: FloatArray,
    t: int,
    shares: FloatArray,
    equity: float,
    targets: FloatArray,
    k: int,
    aim: FloatArray,
    terms: Terms,
    halted: BoolArray,
) -> float:
    """The step at the close of day ``t``, and the weights to trade to into ``aim``; targets become what can be reached."""
    for i in range(len(shares)):
        aim[i] = shares[i] * close[t, i] / equity
    target = targets[k]
    if _some(halted, t):
        target[:] = _within_reach(target, aim, halted[t])
    step = step_towards(aim, target, terms.drift_threshold, terms.max_turnover)
    for i in range(len(shares)):
        aim[i] = target[i] if step == 1.0 else aim[i] + step * (target[i] - aim[i])
    return step


@compiled
def _some(halted: BoolArray, t: int) -> bool:
    return len(halted) > 0 and bool(halted[t].any())


@compiled
def _within_reach(target: FloatArray, held: FloatArray, halted: BoolArray) -> FloatArray:
    """The weights (N,) nearest to the target in kind: what is halted stays, the others make room for it."""
    kept, wanted, free = 0.0, 0.0, 0.0
    for i in range(len(target)):
        wanted += target[i]
        kept += held[i] if halted[i] else 0.0
        free += 0.0 if halted[i] else target[i]
    share = min(1.0, max(0.0, wanted - kept) / free) if free > 0.0 else 0.0
    return np.where(halted, held, share * target)


@compiled
def _trade_around(
    prices: FloatArray,
    t: int,
    shares: FloatArray,
    aim: FloatArray,
    rate: float,
    money: float,
    halted: BoolArray,
) -> tuple[float, float, float]:
    """``_trade`` with what is not halted; what is, is set aside meanwhile."""
    if not _some(halted, t):
        return _trade(prices, t, shares, aim, rate, money)
    kept = np.where(halted[t], shares, 0.0)
    rest, whole = money, money
    for i in range(len(shares)):
        whole += shares[i] * prices[t, i]
        shares[i] -= kept[i]
        rest += shares[i] * prices[t, i]
    if rest <= 0.0:
        shares += kept
        return money, 0.0, 0.0
    held = kept * prices[t] / whole
    aim[:] = np.where(halted[t], 0.0, _within_reach(aim, held, halted[t])) * (whole / rest)
    money, cost, turnover = _trade(prices, t, shares, aim, rate, money)
    shares += kept
    return money, cost, turnover * (rest / whole)


@compiled
def _trade(
    prices: FloatArray, t: int, shares: FloatArray, aim: FloatArray, rate: float, money: float
) -> tuple[float, float, float]:
    """Trade to the weights aimed at, of the equity that is left after the costs of doing so.

    That equity E solves E = before - rate Σ|w_i E - v_i|, where v_i is what is held: piecewise linear, so that Newton's
    method ends at the solution itself. What vanished overnight is not bought.

    Returns:
        Cash, costs and turnover.
    """
    before = money
    for i in range(len(shares)):
        shares[i] *= prices[t, i]  # for now, values
        before += shares[i]
        aim[i] = aim[i] if prices[t, i] > 0.0 else 0.0
    after = _after_costs(shares, aim, rate, before) if before > 0.0 else 0.0
    traded = 0.0
    for i in range(len(shares)):
        change = aim[i] * after - shares[i]
        traded += abs(change)
        money -= change
        shares[i] = aim[i] * after / prices[t, i] if aim[i] > 0.0 else 0.0
    return money - rate * traded, rate * traded, 0.5 * traded / before


@compiled
def _after_costs(values: FloatArray, aim: FloatArray, rate: float, before: float) -> float:
    after = before
    for _ in range(_AT_MOST):
        known, slope = before, 1.0
        for i in range(len(values)):
            sign = rate if aim[i] * after > values[i] else -rate
            known += sign * values[i]
            slope += sign * aim[i]
        if known >= after * slope * (1.0 - _ROUNDING):
            break
        after = known / slope
    return after


@compiled
def _sell_vanished(
    close: FloatArray, t: int, shares: FloatArray, rate: float, events: Events, count: int
) -> tuple[float, int]:
    """Sell what is no longer listed at its last close; returns what that brings, and the events on record."""
    proceeds = 0.0
    for i in range(len(shares)):
        if shares[i] > 0.0 and close[t, i] == 0.0:
            proceeds += shares[i] * close[t - 1, i]
            shares[i] = 0.0
    if proceeds > 0.0:
        count = _record(events, count, t, VANISHED, rate * proceeds, shares)
    return (1.0 - rate) * proceeds, count


@compiled
def _paid(dividends: FloatArray, t: int, shares: FloatArray) -> float:
    paid = 0.0
    for i in range(len(shares) if len(dividends) > 0 else 0):
        paid += shares[i] * dividends[t, i]
    return paid


@compiled
def _record(events: Events, count: int, t: int, kind: int, cost: float, shares: FloatArray) -> int:
    events.rows[count], events.kinds[count], events.costs[count] = t, kind, cost
    for i in range(len(shares)):
        events.after[count, i] = shares[i]
    return count + 1


@compiled
def first_fault(targets: FloatArray, listed: BoolArray, rows: IntArray) -> int:
    """The first decision whose weights cannot be held, or -1; one that is NaN throughout was skipped."""
    for k in range(len(targets)):
        total, missing, wrong = 0.0, 0, 0
        for i in range(targets.shape[1]):
            w = targets[k, i]
            total += w
            missing += np.isnan(w)
            wrong += (w < 0.0) | ((w > 0.0) & ~listed[rows[k], i])
        if wrong > 0 or not (missing == targets.shape[1] or total <= 1.0 + _SUM):
            return k
    return -1
