from __future__ import annotations

import numpy as np
import pytest

from portfolio.bootstrap import headline_intervals, stationary_blocks
from portfolio.statistics import Sample, headline
from schemas.metrics import METRICS


def _sample(returns, benchmark=None):
    still = np.zeros(len(returns))
    return Sample(returns, returns, returns if benchmark is None else benchmark, still + 0.01, still + 1e-4)


def _rows(sessions, draws, mean_block=21, seed=0):
    return np.hstack(list(stationary_blocks(sessions, draws=draws, mean_block=mean_block, seed=seed)))


def test_blocks_are_consecutive_sessions_of_the_mean_length():
    rows = _rows(2000, 200)
    goes_on = rows[1:] == (rows[:-1] + 1) % 2000
    # a block that happens to begin where the last one ended goes on as well
    assert goes_on.mean() == pytest.approx(1 - (1 - 1 / 2000) / 21, abs=1e-3)


def test_every_session_is_drawn_equally_often():
    counts = np.bincount(_rows(50, 4000, mean_block=5).ravel(), minlength=50) / 4000
    assert counts == pytest.approx(np.ones(50), abs=0.15)


def test_means_spread_as_politis_and_romano_computed():
    """Politis & Romano (1994), lemma 1: the variance of a resample's mean, given the series, in closed form."""
    rng = np.random.default_rng(3)
    shocks = rng.normal(size=300)
    series = np.convolve(shocks, 0.7 ** np.arange(10))[:300]
    T, p = len(series), 1 / 8
    moved = series - series.mean()
    circular = [np.mean(moved * np.roll(moved, -k)) for k in range(T)]
    k = np.arange(1, T)
    shares = (1 - k / T) * (1 - p) ** k + (k / T) * (1 - p) ** (T - k)
    linear = [np.sum(moved[: T - k] * moved[k:]) / T for k in range(T)]
    expected = (linear[0] + 2 * np.sum(shares * linear[1:])) / T
    assert circular[0] == pytest.approx(linear[0])
    means = series[_rows(T, 6000, mean_block=8)].mean(axis=0)
    assert means.var() == pytest.approx(expected, rel=0.06)
    assert means.var() > 2 * series.var() / T  # that of sessions drawn one by one


def test_the_interval_of_independent_returns_is_the_textbooks():
    """Lo (2002): the standard error of a Sharpe ratio a session is √((1 + S²/2) / T)."""
    r = np.random.default_rng(4).normal(0.0005, 0.01, 2520)
    interval = headline_intervals({"a": _sample(r)}, mean_block=1)["a"]["sharpe"]
    daily = interval.estimate / np.sqrt(252)
    width = 2 * 1.96 * np.sqrt(252 * (1 + daily**2 / 2) / len(r))
    assert interval.high - interval.low == pytest.approx(width, rel=0.08)
    assert interval.low < interval.estimate < interval.high


def test_the_estimate_is_that_of_the_series_and_every_figure_has_its_interval():
    r = np.random.default_rng(5).normal(0, 0.01, 400)
    sample = _sample(r, np.roll(r, 1))
    intervals = headline_intervals({"a": sample}, draws=50)["a"]
    assert list(intervals) == list(METRICS)
    for key, interval in intervals.items():
        assert interval.estimate == headline(sample)[key], key
        assert interval.low <= interval.high, key
    assert intervals["turnover"] == pytest.approx((2.52, 2.52, 2.52))


def test_the_same_seed_gives_the_same_interval_in_whatever_company():
    rng = np.random.default_rng(6)
    a, b = (_sample(rng.normal(0, 0.01, 300)) for _ in range(2))
    alone = headline_intervals({"a": a}, draws=60, seed=7)
    together = headline_intervals({"b": b, "a": a}, draws=60, seed=7)
    assert together["a"] == alone["a"]
    assert headline_intervals({"a": a}, draws=60, seed=8) != alone


def test_accounts_are_compared_on_the_same_sessions():
    r = np.random.default_rng(7).normal(0.0004, 0.01, 800)
    twin = _sample(r + 1e-5, benchmark=r)  # moves as its benchmark does, a little better
    difference = headline_intervals({"twin": twin}, draws=200)["twin"]["sharpe_difference"]
    assert 0 < difference.low < difference.high < 0.03
    assert difference.estimate == pytest.approx(1e-5 / r.std(ddof=1) * np.sqrt(252), rel=1e-6)


def test_what_does_not_exist_has_no_interval():
    intervals = headline_intervals({"cash": _sample(np.full(30, 1e-4))}, draws=10)["cash"]
    assert np.isnan(intervals["sharpe"]).all()
    assert intervals["cagr"].estimate == pytest.approx(1.0001**252 - 1)
