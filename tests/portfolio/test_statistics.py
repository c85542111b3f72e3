from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress
from skfolio import measures

from portfolio.statistics import (
    Sample,
    alpha,
    beta,
    cagr,
    calmar_ratio,
    cvar,
    downside_deviation,
    headline,
    hit_rate,
    max_drawdown,
    sharpe_ratio,
    sortino_ratio,
    tracking_error,
    volatility,
    yearly_total,
)
from schemas.metrics import METRICS

PUBLISHED = json.loads((Path(__file__).parent / "published" / "performance_analytics.json").read_text())
MONTHLY = {name: np.array(returns) for name, returns in PUBLISHED["monthly"].items()}
PRINTED = 1.01e-4  # four decimals, truncated

MIXED = np.array([0.0, 0.01, 0.1, -0.04, 0.02, 0.03, 0.02, 0.01, -0.1])
NEGATIVE = np.array([0.0, -0.06, -0.07, -0.01, -0.09, -0.02, -0.06, -0.08, -0.05])

RETURNS = st.lists(st.floats(-0.5, 0.5).map(lambda r: round(r, 6)), min_size=3, max_size=60).map(np.array)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        # empyrical-reloaded, efe60664, tests/test_stats.py; it counts the missing first return as a period
        (lambda: max_drawdown(MIXED), -0.1),
        (lambda: max_drawdown(NEGATIVE), -0.365907303498736),
        (lambda: cagr(MIXED, 252), 1.9135925373194231),
        (lambda: cagr(MIXED, 52), 0.24690830513998208),
        (lambda: volatility(MIXED[1:], 252), 0.9136465399704637),
        (lambda: volatility(MIXED, 52), 0.38851569394870583),
        (lambda: calmar_ratio(cagr(MIXED), max_drawdown(MIXED)), 19.135925373194233),
        (lambda: sharpe_ratio(MIXED[1:]), 1.7238613961706866),
        (lambda: sharpe_ratio(NEGATIVE), -24.406808633910085),
        (lambda: downside_deviation(MIXED[1:]), 0.6044832503882965),
        (lambda: downside_deviation(MIXED[1:] - 0.1), 1.7161730681956295),
        (lambda: sortino_ratio(MIXED[1:]), 2.605531251673693),
        (lambda: sortino_ratio(NEGATIVE), -13.5327430750434),
    ],
)
def test_the_figures_that_empyrical_expects(figure, expected):
    assert figure() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", sorted(MONTHLY))
def test_the_figures_that_performance_analytics_prints(name):
    r, cash = MONTHLY[name], 0.035 / 12
    ours = {
        "annualized_return": cagr(r, 12),
        "annualized_std": volatility(r, 12),
        "sharpe_rf": sharpe_ratio(r - cash, 12),
        "max_drawdown": -max_drawdown(r),
        "downside_deviation": downside_deviation(r, 1),
        "downside_deviation_mar": downside_deviation(r - 0.04 / 12, 1),
        "sortino": sortino_ratio(r, 1),
        "calmar": calmar_ratio(cagr(r, 12), max_drawdown(r)),
        "tracking_error": tracking_error(r, MONTHLY["SP500 TR"], 12),
    }
    for figure, printed in PUBLISHED["printed"][name].items():
        assert ours[figure] == pytest.approx(printed, abs=PRINTED), figure


def test_bacons_own_example():
    """Practical Portfolio Performance Measurement and Attribution (2008), p. 96."""
    excess = np.array(PUBLISHED["bacon"]) - 0.005
    assert downside_deviation(excess, 1) == pytest.approx(0.0255, abs=PRINTED)
    assert sortino_ratio(excess, 1) == pytest.approx(0.1566, abs=PRINTED)


@pytest.mark.parametrize("seed", range(3))
def test_skfolio_measures_the_same(seed):
    r = np.random.default_rng(seed).standard_t(3, 501) * 0.01
    assert volatility(r, 1) == pytest.approx(measures.standard_deviation(r))
    assert downside_deviation(r, 1) == pytest.approx(
        measures.semi_deviation(r, min_acceptable_return=0.0, biased=True)
    )
    assert cvar(r) == pytest.approx(-measures.cvar(r, beta=0.95))
    assert cvar(r, tail=0.1) == pytest.approx(-measures.cvar(r, beta=0.9))
    drawdowns = measures.get_drawdowns(r, compounded=True)
    assert max_drawdown(r) == pytest.approx(min(0.0, drawdowns.min()), abs=1e-12)


def test_alpha_and_beta_are_the_regression_line():
    rng = np.random.default_rng(1)
    market = rng.normal(0, 0.01, 300)
    r = 0.0002 + 0.6 * market + rng.normal(0, 0.002, 300)
    line = linregress(market, r)
    assert beta(r, market) == pytest.approx(line.slope, rel=1e-12)
    assert alpha(r, market, beta(r, market)) == pytest.approx(252 * line.intercept, rel=1e-9)


def test_by_hand():
    assert hit_rate(np.array([0.1, -0.1, 0.0, 0.2])) == 0.5
    assert cvar(np.array([-0.2, -0.1] + [0.0] * 18)) == pytest.approx(-0.2)  # one session of twenty
    assert cvar(np.array([-0.2, -0.1] + [0.0] * 28)) == pytest.approx((-0.2 - 0.5 * 0.1) / 1.5)
    assert yearly_total(np.array([0.1, 0.0, 0.1, 0.0])) == pytest.approx(252 * 0.05)
    assert cagr(np.array([0.5, -1.0])) == -1.0
    assert max_drawdown(np.array([0.1, 0.2])) == 0.0


def test_every_definition_computed_as_its_words_say():
    """``schemas.metrics`` sentence by sentence, with what Python brings along, for 30 returns: 5% of them are one and a half."""
    rng = np.random.default_rng(3)
    market, cash = rng.normal(0.0005, 0.01, 30), np.full(30, 0.0001)
    r = 0.5 * market + rng.normal(0, 0.004, 30)
    traded, paid = np.zeros(30), np.zeros(30)
    traded[7], paid[7] = 0.2, 0.0004
    e, m, n, root = list(r - cash), list(market - cash), len(r), math.sqrt(252)
    worst, equity = sorted(r), [1.0, *np.cumprod(1 + r)]
    line = statistics.linear_regression(m, e)
    sharpe = root * statistics.mean(e) / statistics.stdev(e)
    in_words = {
        "cagr": (equity[-1] / equity[0]) ** (252 / n) - 1,
        "volatility": root * statistics.stdev(r),
        "downside_deviation": root * math.sqrt(sum(min(x, 0) ** 2 for x in r) / n),
        "sharpe": sharpe,
        "sharpe_difference": sharpe - root * statistics.mean(m) / statistics.stdev(m),
        "sortino": root * statistics.mean(e) / math.sqrt(sum(min(x, 0) ** 2 for x in e) / n),
        "max_drawdown": min(equity[k] / max(equity[: k + 1]) - 1 for k in range(n + 1)),
        "cvar": (worst[0] + 0.5 * worst[1]) / 1.5,
        "hit_rate": sum(x > 0 for x in r) / n,
        "beta": line.slope,
        "alpha": 252 * line.intercept,
        "turnover": 0.2 * 252 / n,
        "costs": 4 * 252 / n,
    }
    in_words["calmar"] = in_words["cagr"] / -in_words["max_drawdown"]

    figures = headline(Sample(r, r - cash, market - cash, traded, paid))

    assert set(in_words) == set(METRICS)
    assert {key: float(value) for key, value in figures.items()} == pytest.approx(in_words, rel=1e-12)


@pytest.mark.parametrize("level", [0.0, 0.01, 1 / 3])
def test_ratios_of_a_constant_do_not_exist(level):
    flat = np.full(9, level)
    assert np.isnan(sharpe_ratio(flat))
    assert np.isnan(sortino_ratio(flat))
    assert np.isnan(calmar_ratio(cagr(flat), max_drawdown(flat)))
    assert np.isnan(beta(MIXED, flat))


@given(RETURNS, st.randoms(use_true_random=False))
def test_only_drawdowns_know_the_order_of_the_sessions(r, random):
    shuffled = np.array(random.sample(list(r), len(r)))
    for figure in (cagr, volatility, downside_deviation, sharpe_ratio, sortino_ratio, cvar, hit_rate):
        np.testing.assert_allclose(figure(shuffled), figure(r), rtol=1e-7, atol=1e-12)


@given(RETURNS, st.floats(0.1, 1.5))
def test_leverage_scales_risk_and_leaves_ratios(r, k):
    for risk in (volatility, downside_deviation, cvar):
        np.testing.assert_allclose(risk(k * r), k * risk(r), rtol=1e-9, atol=1e-12)
    if volatility(r) > 1e-6:
        np.testing.assert_allclose(sharpe_ratio(k * r), sharpe_ratio(r), rtol=1e-6)


@given(RETURNS, st.floats(-0.01, 0.01))
def test_a_constant_more_shifts_tail_and_mean_but_no_spread(r, c):
    np.testing.assert_allclose(volatility(r + c), volatility(r), atol=1e-12)
    np.testing.assert_allclose(cvar(r + c), cvar(r) + c, atol=1e-12)
    assert downside_deviation(r + abs(c)) <= downside_deviation(r) + 1e-12


@given(RETURNS)
def test_a_drawdown_is_no_deeper_than_everything_and_no_shallower_than_the_worst_session(r):
    assert -1.0 < max_drawdown(r) <= min(0.0, r.min()) + 1e-12


@given(RETURNS)
def test_an_account_has_beta_one_and_no_alpha_against_itself(r):
    if volatility(r) > 1e-6:
        np.testing.assert_allclose([beta(r, r), alpha(r, r, beta(r, r))], [1.0, 0.0], atol=1e-9)


def test_every_figure_is_defined_and_computed_column_by_column():
    rng = np.random.default_rng(2)
    columns = Sample(*(rng.normal(0, 0.01, (50, 3)) for _ in Sample._fields))
    together = headline(columns)
    assert list(together) == list(METRICS)
    for k in range(3):
        alone = headline(Sample(*(values[:, k] for values in columns)))
        for key, figure in together.items():
            assert figure[k] == pytest.approx(float(alone[key]), rel=1e-9), key


def test_ratios_are_of_what_cash_is_beaten_by():
    r, cash = np.array([0.02, -0.01, 0.01]), np.full(3, 0.002)
    figures = headline(Sample(r, r - cash, 2 * r - cash, np.zeros(3), np.full(3, 1e-4)))
    assert figures["sharpe"] == sharpe_ratio(r - cash)
    assert figures["sortino"] == sortino_ratio(r - cash)
    assert figures["sharpe_difference"] == sharpe_ratio(r - cash) - sharpe_ratio(2 * r - cash)
    assert figures["volatility"] == volatility(r)
    assert figures["calmar"] == pytest.approx(float(cagr(r)) / 0.01)
    assert figures["costs"] == pytest.approx(252)  # 1 bp a session
