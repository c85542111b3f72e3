"""What is left of a Sharpe ratio: published examples, two libraries, and a thousand searches through noise."""

import ffn
import numpy as np
import pandas as pd
import pytest
from skfolio.measures import deflated_sharpe_ratio, expected_max_sharpe_ratio, probabilistic_sharpe_ratio

from portfolio.higher_moments import higher_moments
from portfolio.luck import (
    deflated_sharpe,
    expected_maximum_sharpe,
    luck,
    minimum_track_record_length,
    probabilistic_sharpe,
)
from portfolio.statistics import sharpe_ratio

# Bailey & López de Prado (2014), "A numerical example": five years of 250 days, an annual ratio of 2.5, V of the trials 1/2.
FOUND, YEARS = {"sharpe": 2.5 / 250**0.5, "sessions": 1250}, 250
TRIED = {"variance": 0.5 / YEARS}


@pytest.fixture(scope="module")
def heavy_tailed() -> np.ndarray:
    return np.random.default_rng(3).standard_t(4, size=(700, 12)) * 0.01 + 0.0004


def test_the_hurdle_of_the_papers_hundred_trials():
    assert expected_maximum_sharpe(0.5 / YEARS, 100) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "published"),
    [(100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)],
)
def test_the_papers_deflated_ratios(trials, skewness, kurtosis, published):
    found = deflated_sharpe(**FOUND, skewness=skewness, kurtosis=kurtosis, trials=trials, **TRIED)
    assert found == pytest.approx(published, abs=5e-5)


@pytest.mark.parametrize(
    ("a_year", "skewness", "kurtosis", "published"),
    [(250, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_papers_track_records(a_year, skewness, kurtosis, published):
    """Bailey & López de Prado (2012): years until an annual ratio of 2 is above 1, by frequency of the returns."""
    root = np.sqrt(a_year)
    needed = minimum_track_record_length(2 / root, 1 / root, skewness, kurtosis)
    assert needed / a_year == pytest.approx(published, abs=5e-3)


def test_as_skfolio_has_it(heavy_tailed):
    sharpes = sharpe_ratio(heavy_tailed, 1.0)
    for column, sharpe in zip(heavy_tailed.T, sharpes, strict=True):
        shape = (len(column), *higher_moments(column))
        assert probabilistic_sharpe(sharpe, 0.02, *shape) == pytest.approx(
            probabilistic_sharpe_ratio(column, benchmark_sharpe_ratio=0.02), abs=3e-4
        )
        assert luck(column, sharpes).deflated == pytest.approx(
            deflated_sharpe_ratio(column, sharpes), abs=3e-4
        )
    spread = np.var(sharpes, ddof=1)
    assert expected_maximum_sharpe(spread, 12) == pytest.approx(
        expected_max_sharpe_ratio(12, np.sqrt(spread)), rel=1e-12
    )


def test_as_ffn_has_it(heavy_tailed):
    """ffn corrects the moments for the size of the sample, which is what is left of the difference."""
    sharpes = sharpe_ratio(heavy_tailed, 1.0)
    for column in heavy_tailed.T:
        theirs = ffn.core.calc_deflated_sharpe_ratio(
            pd.Series(column), sharpes, nperiods=252, annualized_trials=False
        )
        assert luck(column, sharpes).deflated == pytest.approx(theirs, abs=3e-3)


def test_the_best_of_many_without_skill_hardly_ever_passes():
    """A thousand searches, each the best of fifty trials of noise over two years: at most one in twenty may pass."""
    rng = np.random.default_rng(11)
    passed = 0
    for _ in range(1000):
        tried = rng.standard_normal((504, 50)) * 0.01
        sharpes = sharpe_ratio(tried, 1.0)
        passed += luck(tried[:, sharpes.argmax()], sharpes).deflated > 0.95
    assert passed <= 50


def test_undeflated_nearly_all_of_them_would_pass():
    rng = np.random.default_rng(11)
    passed = 0
    for _ in range(200):
        tried = rng.standard_normal((504, 50)) * 0.01
        passed += luck(tried[:, sharpe_ratio(tried, 1.0).argmax()], [0.0]).probabilistic > 0.95
    assert passed > 150


def test_planted_skill_passes():
    """One of fifty earns three times its deviation a year, for five years."""
    rng = np.random.default_rng(5)
    tried = rng.standard_normal((1260, 50)) * 0.01
    tried[:, 17] += 0.01 * 3 / np.sqrt(252)
    sharpes = sharpe_ratio(tried, 1.0)
    judged = luck(tried[:, 17], sharpes)
    assert sharpes.argmax() == 17
    assert judged.deflated > 0.95
    assert judged.track_record < 1260


def test_the_hurdle_is_the_mean_of_the_best_of_that_many():
    best = np.random.default_rng(2).standard_normal((4000, 100)).max(axis=1).mean()
    assert expected_maximum_sharpe(1.0, 100) == pytest.approx(best, rel=0.01)


def test_one_trial_is_not_deflated():
    returns = np.random.default_rng(1).normal(0.001, 0.01, 300)
    alone = luck(returns, [sharpe_ratio(returns, 1.0)])
    assert alone.trials == 1
    assert alone.expected_maximum == 0.0
    assert alone.deflated == alone.probabilistic


def test_between_one_trial_and_two_the_hurdle_is_never_below_zero():
    hurdles = expected_maximum_sharpe(1.0, np.linspace(1, 2, 50))
    assert hurdles[0] == 0.0
    assert (np.diff(hurdles) >= 0).all()


def test_more_trials_and_wider_ones_leave_less():
    by_number = deflated_sharpe(
        0.1, 500, 0, 3, variance=0.001, trials=np.array([1, 2, 10, 100, 10_000, 10_000_000])
    )
    by_spread = deflated_sharpe(0.1, 500, 0, 3, variance=np.array([0.0, 1e-4, 1e-3, 1e-2]), trials=10)
    assert (np.diff(by_number) < 0).all()
    assert (np.diff(by_spread) < 0).all()


def test_a_failed_trial_counts_as_a_trial():
    returns = np.random.default_rng(1).normal(0.001, 0.01, 300)
    sharpes = [0.02, 0.05, 0.1]
    assert luck(returns, [*sharpes, np.nan]).trials == 4
    assert luck(returns, [*sharpes, np.nan]).deflated < luck(returns, sharpes).deflated


def test_crashes_and_a_short_record_make_the_same_ratio_worth_less():
    assert probabilistic_sharpe(0.1, 0, 500, -2, 12) < probabilistic_sharpe(0.1, 0, 500, 0, 3)
    assert probabilistic_sharpe(0.1, 0, 100, 0, 3) < probabilistic_sharpe(0.1, 0, 500, 0, 3)


def test_a_record_of_the_minimum_length_has_the_confidence_asked_for():
    needed = minimum_track_record_length(0.08, 0.03, -1, 8, confidence=0.9)
    assert probabilistic_sharpe(0.08, 0.03, needed, -1, 8) == pytest.approx(0.9, abs=1e-12)
    assert minimum_track_record_length(0.03, 0.03, 0, 3) == np.inf


def test_a_constant_has_no_luck():
    still = luck(np.zeros(10), [np.nan])
    assert np.isnan([still.sharpe, still.probabilistic, still.deflated]).all()
