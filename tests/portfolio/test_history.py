"""A history solved in one pass is the same decisions, made one by one."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import Band, box
from portfolio.history import minimise_over_history
from portfolio.solver import minimise_downside_variance
from schemas.errors import DataError, InfeasibleError

SYMBOLS = ("SPY", "TLT", "GLD", "EEM", "IEF", "DBC")
LOOKBACK = 120
ENDS = np.arange(LOOKBACK, 400, 5)


@pytest.fixture(scope="module")
def returns():
    rng = np.random.default_rng(4)
    common = rng.standard_t(4, size=(400, 1)) * 0.006
    return common * rng.uniform(-0.3, 1.2, 6) + rng.standard_t(4, size=(400, 6)) * 0.006


def banded(low, high):
    members = np.array([0, 1, 0, 0, 1, 0], dtype=bool)
    return box(SYMBOLS, upper=0.5, bands=[Band("bonds", members, low, high)])


def one_by_one(returns, rules):
    return np.array(
        [
            minimise_downside_variance(returns[end - LOOKBACK : end], rule).weights
            for end, rule in zip(ENDS, rules, strict=True)
        ]
    )


def test_every_decision_is_the_one_made_alone(returns):
    rules = banded(0.2, 0.4)
    history = minimise_over_history(returns, ENDS, LOOKBACK, rules)
    assert history.weights == pytest.approx(one_by_one(returns, [rules] * len(ENDS)), abs=1e-7)
    assert history.relative_gap.max() <= 1e-9
    assert history.violation.max() <= 1e-12


def test_each_decision_may_have_constraints_of_its_own(returns):
    rules = [banded(0.1 + 0.001 * k, 0.3 + 0.001 * k) for k in range(len(ENDS))]
    history = minimise_over_history(returns, ENDS, LOOKBACK, rules)
    assert history.weights == pytest.approx(one_by_one(returns, rules), abs=1e-7)


def test_what_comes_after_a_window_does_not_move_its_decision(returns):
    changed = returns.copy()
    changed[ENDS[10] :] *= 3.0
    before = minimise_over_history(returns, ENDS, LOOKBACK, box(SYMBOLS))
    after = minimise_over_history(changed, ENDS, LOOKBACK, box(SYMBOLS))
    assert np.array_equal(before.weights[:11], after.weights[:11])
    assert not np.allclose(before.weights[11:], after.weights[11:])


def test_windows_whose_squares_are_too_small_are_decided_all_the_same(returns):
    history = minimise_over_history(returns * 1e-120, ENDS, LOOKBACK, box(SYMBOLS))
    usual = minimise_over_history(returns, ENDS, LOOKBACK, box(SYMBOLS))
    assert history.weights == pytest.approx(usual.weights, abs=1e-6)


def test_constraints_without_a_solution_are_named(returns):
    bonds = banded(0.2, 0.4).bands
    with pytest.raises(InfeasibleError, match="bonds min"):
        minimise_over_history(returns, ENDS, LOOKBACK, box(SYMBOLS, upper=0.05, bands=bonds))


@pytest.mark.parametrize("ends", [[], [LOOKBACK - 1], [401]])
def test_a_window_outside_the_history_is_refused(returns, ends):
    with pytest.raises(DataError, match="outside the history"):
        minimise_over_history(returns, ends, LOOKBACK, box(SYMBOLS))


def test_a_missing_return_is_named(returns):
    broken = returns.copy()
    broken[7, 2] = np.nan
    with pytest.raises(DataError, match="GLD in row 7"):
        minimise_over_history(broken, ENDS, LOOKBACK, box(SYMBOLS))


def test_constraints_that_do_not_fit_are_refused(returns):
    with pytest.raises(DataError, match="do not fit"):
        minimise_over_history(returns, ENDS, LOOKBACK, [box(SYMBOLS), banded(0.1, 0.5)])
