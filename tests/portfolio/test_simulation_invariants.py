"""What holds for every simulated account, whatever the prices, weights, costs and rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.rebalance import decide_rebalance
from portfolio.simulated_account import simulate
from portfolio.step import step_towards
from schemas.simulation_parameters import Costs, Rules
from tests.price_histories import come_and_go, history_of, irregular, random_weights

T, N, CAPITAL = 160, 5, 100_000.0
EXACT = Rules(execution="next_close", drift_threshold=0.0, max_turnover=10.0)

seeds = st.integers(0, 10_000)
rules = st.builds(
    Rules,
    execution=st.sampled_from(["next_open", "next_close"]),
    drift_threshold=st.sampled_from([0.0, 0.05, 0.3]),
    max_turnover=st.sampled_from([0.1, 0.5, 10.0]),
    leverage=st.sampled_from([0.5, 1.0, 1.8]),
)
taxes = st.sampled_from([0.0, 0.15, 0.4])
costs = st.builds(
    Costs,
    slippage_bps=st.sampled_from([0.0, 5.0, 300.0]),
    short_term_tax=taxes,
    long_term_tax=taxes,
    lots=st.sampled_from(["fifo", "highest_cost"]),
)
several = settings(max_examples=25, deadline=None)


def world(seed):
    """Everything at once: assets that come and go, dividends, interest."""
    rng = np.random.default_rng(seed)
    history = history_of(
        seed,
        T,
        N,
        listed=come_and_go(seed, T, N),
        cash_yield=np.full(T, 1e-4),
        dividends=np.where(rng.random((T, N)) < 0.02, 0.5, 0.0),
    )
    schedule = irregular(seed, T)
    return history, schedule, random_weights(seed, history, schedule)


@several
@given(seeds, rules, costs)
def test_the_books_close(seed, rules, costs):
    history, schedule, targets = world(seed)
    account = simulate(history, schedule, targets, rules, costs)
    positions = (account.shares * history.filled[1][account.first :]).sum(axis=1)
    np.testing.assert_allclose(account.cash + positions, account.equity, rtol=1e-12)
    np.testing.assert_allclose(account.weights.sum(axis=1) + account.cash / account.equity, 1.0, rtol=1e-12)

    trades = account.trades
    paid = (trades.shares * trades.prices).sum() + trades.costs.sum()
    came = account.interest.sum() + account.dividends.sum() - account.tax.sum()
    assert account.cash[-1] == pytest.approx(CAPITAL - paid + came, rel=1e-11, abs=1e-6)
    assert account.costs.sum() == pytest.approx(trades.costs.sum(), abs=1e-8)
    assert account.costs.sum() == pytest.approx(
        costs.rate * np.abs(trades.shares * trades.prices).sum(), abs=1e-8
    )

    # start + realised and unrealised gains + income - tax = end, where gains are after costs
    sold, bought = trades.shares < 0, trades.shares > 0
    proceeds = -(trades.shares * trades.prices)[sold].sum() - trades.costs[sold].sum()
    basis = (trades.shares * trades.prices)[bought].sum() + trades.costs[bought].sum()
    basis_of_sold = proceeds - account.realised.gains.sum()
    unrealised = positions[-1] - (basis - basis_of_sold)
    end = CAPITAL + account.realised.gains.sum() + unrealised + came
    assert account.equity[-1] == pytest.approx(end, rel=1e-9)


@several
@given(seeds, rules, costs, st.integers(1, T - 2))
def test_nothing_is_known_before_it_happens(seed, rules, costs, today):
    """Later prices crash and assets vanish: what was decided and owned until today stays the same to the last bit."""
    history, schedule, targets = world(seed)
    later = (np.arange(T) > today)[:, None]
    gone = np.where(later, np.array([np.nan, 0.4, 0.6, 0.5, 0.7]), 1.0)
    changed = replace(history, close=history.close * gone, open=history.open * gone)
    targets = np.where(np.isnan(changed.close[schedule.decided]), 0.0, targets)
    one, other = (simulate(h, schedule, targets, rules, costs) for h in (history, changed))
    # at the end of its history an account pays the tax that is due by then, and so does neither here before today
    known = slice(None, max(0, today + 1 - one.first))
    np.testing.assert_array_equal(one.equity[known], other.equity[known])
    np.testing.assert_array_equal(one.cash[known], other.cash[known])
    decided = schedule.decided <= today
    for figure in ("held", "drift", "step"):
        np.testing.assert_array_equal(
            getattr(one.decisions, figure)[decided], getattr(other.decisions, figure)[decided]
        )


@several
@given(seeds, rules, st.integers(0, 8))
def test_the_day_of_the_trade_does_not_move_the_decision(seed, rules, k):
    history, schedule, targets = world(seed)
    crash = np.ones((T, 1))
    crash[schedule.executed[k]] = 0.5
    changed = replace(history, close=history.close * crash, open=history.open * crash)
    one, other = (simulate(h, schedule, targets, rules).decisions for h in (history, changed))
    np.testing.assert_array_equal(one.held[k], other.held[k])
    np.testing.assert_array_equal(one.traded[k], other.traded[k])
    assert one.marks[k] == other.marks[k]


@several
@given(seeds, rules, costs, st.sampled_from([1e-3, 7.0, 1e6]))
def test_everything_is_in_proportion_to_the_capital(seed, rules, costs, factor):
    history, schedule, targets = world(seed)
    one = simulate(history, schedule, targets, rules, costs)
    other = simulate(history, schedule, targets, rules, costs, capital=factor * CAPITAL)
    np.testing.assert_allclose(other.equity, factor * one.equity, rtol=1e-11)
    np.testing.assert_allclose(other.tax, factor * one.tax, rtol=1e-9, atol=1e-9 * factor * CAPITAL)
    assert one.decisions.marks == other.decisions.marks


@several
@given(seeds, rules, costs)
def test_the_order_of_the_assets_does_not_matter(seed, rules, costs):
    history, schedule, targets = world(seed)
    order = np.random.default_rng(seed).permutation(N)
    shuffled = replace(
        history,
        symbols=tuple(history.symbols[i] for i in order),
        close=history.close[:, order],
        open=history.open[:, order],
        dividends=history.dividends[:, order],
    )
    one = simulate(history, schedule, targets, rules, costs)
    other = simulate(shuffled, schedule, targets[:, order], rules, costs)
    np.testing.assert_allclose(one.equity, other.equity, rtol=1e-11)
    np.testing.assert_allclose(one.weights[:, order], other.weights, atol=1e-11)


@several
@given(seeds, st.sampled_from([1.0, 20.0, 500.0]))
def test_costs_never_raise_equity(seed, bps):
    history, schedule, targets = world(seed)
    cheap, dear = (
        simulate(history, schedule, targets, EXACT, Costs(slippage_bps=x)) for x in (0.5 * bps, bps)
    )
    assert np.all(dear.equity <= cheap.equity * (1 + 1e-12))


@several
@given(seeds)
def test_rebalanced_each_day_for_nothing_it_earns_the_weighted_returns(seed):
    history = history_of(seed, T, N)
    rows = np.arange(T - 1)
    schedule = irregular(seed, T)._replace(decided=rows, executed=rows)
    targets = random_weights(seed, history, schedule)
    account = simulate(
        history,
        schedule,
        targets,
        EXACT.model_copy(update={"execution": "same_close"}),
        Costs(slippage_bps=0),
    )
    growth = np.cumprod(1.0 + (targets * history.returns[1:]).sum(axis=1))
    np.testing.assert_allclose(account.equity[1:] / CAPITAL, growth, rtol=1e-12)


@several
@given(seeds, rules)
def test_marks_and_steps_are_those_of_the_live_rule(seed, rules):
    history, schedule, targets = world(seed)
    decisions = simulate(history, schedule, targets, rules).decisions
    limits = {"drift_threshold": rules.drift_threshold, "max_turnover": rules.max_turnover}
    for k, mark in enumerate(decisions.marks):
        held, wanted = decisions.held[k], decisions.targets[k]
        assert decisions.step[k] == pytest.approx(step_towards(held, wanted, *limits.values()), abs=1e-12)
        if rules.leverage > 1.0:
            continue  # live, what is owed is paid back first; who simulates leverage means to owe
        live = decide_rebalance(history.symbols, held, wanted, **limits)
        assert (mark == "done") == (live.decision == "rebalance")
        assert decisions.step[k] == pytest.approx(live.step, abs=1e-12)
        np.testing.assert_allclose(decisions.traded[k], live.weights, atol=1e-12)
