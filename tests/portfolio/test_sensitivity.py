from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.resampled_scores import sharpe_scores
from portfolio.sensitivity import (
    average_over_others,
    judge,
    peak_among_neighbours,
    share_explained,
    slice_through,
    weight_distance,
)

WEEKS = 520
LOOKBACKS = np.array([63.0, 126.0, 189.0, 252.0, 315.0])
CHOSEN_LEVEL = 2


def _returns(sharpes, seed=0, own=0.1):
    """Weekly returns with these Sharpe ratios on average: one market, and ``own`` times as much of each point's own."""
    rng = np.random.default_rng(seed)
    market, each = rng.normal(size=(WEEKS, 1)), rng.normal(size=(WEEKS, len(sharpes)))
    moved = market + own * each
    moved -= moved.mean(axis=0)  # what is planted is there exactly
    return 0.02 * (moved / moved.std(axis=0, ddof=1) + np.asarray(sharpes) / np.sqrt(52))


def _along(sharpes, values=LOOKBACKS, at=CHOSEN_LEVEL, **noise):
    scores = sharpe_scores(_returns(sharpes, **noise), draws=400)
    codes = np.arange(len(sharpes))[:, None]
    return judge(slice_through(codes, at, 0, scores), values)


def _rounded(said):
    return [said.verdict, said.best, *np.round(np.hstack(list(said[2:])), 9).astype(str)]


@pytest.mark.parametrize(
    ("sharpes", "verdict"),
    [
        ([0.70, 0.72, 0.71, 0.72, 0.70], "plateau"),
        ([0.35, 0.60, 0.65, 0.60, 0.35], "plateau"),  # a broad hill, and we are on it
        ([0.40, 0.41, 0.90, 0.42, 0.40], "spike"),
        ([0.30, 0.45, 0.60, 0.75, 0.90], "edge"),  # goes on rising where the grid ends
        ([0.90, 0.75, 0.60, 0.45, 0.30], "edge"),
        ([0.40, 0.41, 0.60, 0.90, 0.60], "slope"),  # the hill is elsewhere
        ([0.10, 0.70, 0.70, 0.70, 0.71], "plateau"),  # best at the edge, and by nothing
        ([0.70, 0.30, 0.70, 0.68, 0.70], "uneven"),  # a hole beside it: no spike, no plateau either
    ],
)
def test_what_was_planted_is_said(sharpes, verdict):
    assert _along(sharpes).verdict == verdict


def test_the_figures_behind_a_verdict_are_those_of_the_scores():
    sharpes = [0.40, 0.44, 0.90, 0.42, 0.40]
    said = _along(sharpes)
    assert said.above_neighbours.size == pytest.approx(0.90 - 0.44)
    assert said.below_best.size == 0.0
    assert said.best == CHOSEN_LEVEL
    assert np.isnan(said.beyond_edge.size)
    assert said.level_with == pytest.approx(1 / 5)
    assert (said.beside, said.from_beside.size) == (3, pytest.approx(0.42 - 0.90))
    line = np.polyfit(LOOKBACKS, sharpes, 1)
    assert said.slope.size == pytest.approx(line[0])


def test_two_points_that_hold_nearly_the_same_differ_less_by_luck_than_either_of_them():
    said = _along([0.40, 0.41, 0.90, 0.42, 0.40], own=0.05)
    apart = _along([0.40, 0.41, 0.90, 0.42, 0.40], own=5.0)
    assert said.above_neighbours.error < 0.3 * said.noise < 0.3 * apart.above_neighbours.error


def test_the_same_spike_among_points_that_differ_by_luck_anyway_is_none():
    assert _along([0.40, 0.41, 0.90, 0.42, 0.40], own=5.0).verdict == "uneven"


def test_where_all_are_equal_luck_is_seldom_called_anything_else():
    """A hundred flat lines, their differences luck alone."""
    rng = np.random.default_rng(11)
    verdicts = []
    for _ in range(100):
        market, each = rng.normal(size=(WEEKS, 1)), rng.normal(size=(WEEKS, 5))
        scores = sharpe_scores(0.001 + 0.02 * (market + 0.5 * each), draws=150)
        verdicts.append(judge(slice_through(np.arange(5)[:, None], 2, 0, scores), LOOKBACKS).verdict)
    assert verdicts.count("plateau") + verdicts.count("uneven") >= 85


def test_a_value_without_order_is_compared_with_all_others():
    """Universes: better than each of those that leave one out, by more than luck."""
    said = _along([0.4, 0.5, 0.9, 0.3], values=None)
    assert said.verdict == "spike"
    assert said.above_neighbours.size == pytest.approx(0.9 - 0.5)
    assert np.isnan(said.slope.size)
    assert np.isnan(said.beyond_edge.size)


@pytest.mark.parametrize(
    ("sharpes", "values"), [([0.5], LOOKBACKS[:1]), ([0.5, 0.9], LOOKBACKS[:2]), ([0.5], None)]
)
def test_a_line_without_a_middle_is_no_evidence(sharpes, values):
    assert _along(sharpes, values=values, at=0).verdict == "too few values"


@pytest.fixture(scope="module")
def grid():
    """Lookback by cap: the score rises with the cap alone, 0.1 a step; chosen is the middle of both."""
    codes = np.array(list(itertools.product(range(5), range(3))))
    return (
        codes,
        sharpe_scores(_returns(0.5 + 0.1 * codes[:, 1]), draws=100),
        int(np.flatnonzero((codes == [2, 1]).all(1))[0]),
    )


def test_a_slice_keeps_all_else_as_chosen_and_an_average_lets_it_vary(grid):
    codes, scores, chosen = grid
    for curve_of in (slice_through, average_over_others):
        cap = curve_of(codes, chosen, 1, scores)
        assert cap.scores == pytest.approx([0.5, 0.6, 0.7])
        assert cap.at == 1
        assert judge(cap, np.array([0.2, 0.3, 0.4])).slope.size == pytest.approx(1.0)
    assert slice_through(codes, chosen, 1, scores).counts.tolist() == [1, 1, 1]
    assert average_over_others(codes, chosen, 1, scores).counts.tolist() == [5, 5, 5]


def test_a_point_tried_twice_stands_once_on_its_slice(grid):
    codes, scores, chosen = grid
    again = np.vstack([codes[chosen], codes])
    twice = type(scores)(np.r_[9.0, scores.values], np.c_[scores.draws[:, 0], scores.draws])
    curve = slice_through(again, chosen + 1, 0, twice)
    assert curve.counts.tolist() == [1] * 5
    assert curve.scores[curve.at] == scores.values[chosen]


def test_what_explains_the_scores_is_the_parameter_that_was_planted(grid):
    codes, scores, chosen = grid
    shares = [share_explained(average_over_others(codes, chosen, p, scores), scores) for p in (0, 1)]
    assert shares == pytest.approx([0.0, 1.0], abs=1e-9)


def test_the_neighbours_of_a_point_are_one_step_away_in_one_ordered_parameter(grid):
    codes, scores, chosen = grid
    both = peak_among_neighbours(codes, chosen, np.array([True, True]), scores)
    assert both.size == pytest.approx(0.0, abs=1e-9)  # two of them equal, one below, one above
    planted = type(scores)(scores.values + 0.3 * (np.arange(15) == chosen), scores.draws)
    assert peak_among_neighbours(codes, chosen, np.array([True, True]), planted).size == pytest.approx(0.3)
    assert np.isnan(peak_among_neighbours(codes, chosen, np.array([False, False]), scores).size)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_in_which_points_were_tried_is_of_no_consequence(grid, seed):
    codes, scores, chosen = grid
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    moved = type(scores)(scores.values[shuffled], scores.draws[:, shuffled])
    here = int(np.flatnonzero(shuffled == chosen)[0])
    for of in (slice_through, average_over_others):
        assert _rounded(judge(of(codes[shuffled], here, 1, moved), np.arange(3.0))) == _rounded(
            judge(of(codes, chosen, 1, scores), np.arange(3.0))
        )


@given(factor=st.floats(0.01, 100))
def test_the_unit_of_a_parameter_changes_its_slope_and_no_verdict(grid, factor):
    codes, scores, chosen = grid
    curve = slice_through(codes, chosen, 1, scores)
    plain, other = judge(curve, np.arange(3.0)), judge(curve, factor * np.arange(3.0))
    assert other.slope.size == pytest.approx(plain.slope.size / factor)
    assert other.slope.error == pytest.approx(plain.slope.error / factor)
    assert _rounded(other._replace(slope=plain.slope)) == _rounded(plain)


def test_leverage_changes_no_verdict():
    sharpes = [0.40, 0.41, 0.90, 0.42, 0.40]
    codes = np.arange(5)[:, None]
    said = [
        judge(slice_through(codes, 2, 0, sharpe_scores(leverage * _returns(sharpes), draws=200)), LOOKBACKS)
        for leverage in (1.0, 2.5)
    ]
    assert _rounded(said[0]) == _rounded(said[1])


@given(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.lists(st.floats(0.01, 1), min_size=3, max_size=3)
)
def test_the_distance_of_two_portfolios_is_what_has_to_be_traded(first, second):
    a, b = np.array(first) / sum(first), np.array(second) / sum(second)
    assert weight_distance(a, b) == pytest.approx(np.maximum(a - b, 0).sum())
    assert 0.0 <= weight_distance(a, b) <= 1.0
    assert weight_distance(np.stack([a, b]), b).shape == (2,)
