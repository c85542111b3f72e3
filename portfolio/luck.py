"""How much of a Sharpe ratio is luck: of the sample it was measured on, and of the number of trials it was picked from.

Every Sharpe ratio here is of one session: an annual one over √252. Both probabilities rest on the asymptotic distribution of
the Sharpe ratio of independent returns of any shape (Mertens 2002):

    σ(SR) = √((1 - γ₃ SR + (γ₄ - 1)/4 SR²) / (T - 1))

Arguments may be arrays that broadcast: one figure, or one for each of many trials.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from portfolio.arrays import FloatArray
from portfolio.higher_moments import higher_moments
from portfolio.statistics import sharpe_ratio

CONFIDENCE = 0.95
"""Above which a probability counts as more than luck."""


class Luck(NamedTuple):
    """What is left of a Sharpe ratio; ratios are of one session, NaN where the returns have no spread."""

    sharpe: float
    """Observed."""
    probabilistic: float
    """Probability that the true one is above zero, had there been one trial only."""
    trials: int
    """Trials from which this one was picked, itself included."""
    expected_maximum: float
    """Sharpe ratio that the best of as many trials without skill would show."""
    deflated: float
    """Probability that the true one is above zero, given the trials."""
    track_record: float
    """Sessions after which the observed one would be above zero with 95% confidence; infinite when it is not."""


def luck(excess: FloatArray, trials: ArrayLike) -> Luck:
    """Judge a track record by its length, its shape and the trials behind it.

    Args:
        excess: (T,) returns of sessions less the return of cash, fractions.
        trials: Sharpe ratios, of one session, of every trial that was made, this one among them.
    """
    sharpe = float(sharpe_ratio(excess, 1.0))
    moments = higher_moments(excess)
    tried = np.asarray(trials, dtype=float)
    known = tried[np.isfinite(tried)]
    spread = float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
    hurdle = float(expected_maximum_sharpe(spread, max(len(tried), 1)))
    shape = (len(excess), *moments)
    return Luck(
        sharpe,
        float(probabilistic_sharpe(sharpe, 0.0, *shape)),
        max(len(tried), 1),
        hurdle,
        float(probabilistic_sharpe(sharpe, hurdle, *shape)),
        float(minimum_track_record_length(sharpe, 0.0, *moments)),
    )


def probabilistic_sharpe(
    sharpe: ArrayLike, benchmark: ArrayLike, sessions: ArrayLike, skewness: ArrayLike, kurtosis: ArrayLike
) -> FloatArray:
    """Probability that the true Sharpe ratio is above a benchmark, Φ((SR - SR*) / σ(SR)).

    Bailey & López de Prado (2012), "The Sharpe ratio efficient frontier", Journal of Risk 15(2), 3-44.

    Args:
        sharpe: Observed, of one session.
        benchmark: SR*, of one session.
        sessions: T, returns behind the observed one.
        skewness: γ₃ of those returns.
        kurtosis: γ₄ of those returns, not in excess: a normal distribution has 3.

    Returns:
        In [0, 1]; NaN where the moments are impossible, so that σ² is not positive.

    >>> probabilistic_sharpe(0.1, 0.0, 253, 0.0, 3.0).round(4).item()
    0.9433
    """
    error = _standard_error(sharpe, sessions, skewness, kurtosis)
    return np.asarray(ndtr((np.asarray(sharpe) - benchmark) / error))


def expected_maximum_sharpe(variance: ArrayLike, trials: ArrayLike) -> FloatArray:
    """Sharpe ratio that the best of N trials without skill is expected to show.

    √V ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))), γ the constant of Euler and Mascheroni: Bailey & López de Prado (2014), "The
    deflated Sharpe ratio", Journal of Portfolio Management 40(5), 94-107. Of one trial it is zero: nothing was picked.

    Args:
        variance: V, of the trials' Sharpe ratios of one session.
        trials: N, independent trials, at least one; need not be whole.

    >>> expected_maximum_sharpe(0.5 / 250, 100).round(4).item()
    0.1132
    """
    n = np.asarray(trials, dtype=float)
    maximum = (1 - np.euler_gamma) * ndtri(1 - 1 / n) + np.euler_gamma * ndtri(1 - 1 / (n * np.e))
    # the approximation falls below zero between one trial and two
    return np.asarray(np.sqrt(variance) * np.maximum(maximum, 0.0))


def deflated_sharpe(
    sharpe: ArrayLike,
    sessions: ArrayLike,
    skewness: ArrayLike,
    kurtosis: ArrayLike,
    *,
    variance: ArrayLike,
    trials: ArrayLike,
) -> FloatArray:
    """Probability that the true Sharpe ratio is above zero, when the observed one is the best of N trials.

    It is ``probabilistic_sharpe`` against ``expected_maximum_sharpe`` (Bailey & López de Prado 2014). Ratios are of one session.

    >>> tried = {"variance": 0.5 / 250, "trials": 100}
    >>> deflated_sharpe(2.5 / 250**0.5, 1250, -3.0, 10.0, **tried).round(4).item()
    0.9004
    """
    hurdle = expected_maximum_sharpe(variance, trials)
    return probabilistic_sharpe(sharpe, hurdle, sessions, skewness, kurtosis)


def minimum_track_record_length(
    sharpe: ArrayLike,
    benchmark: ArrayLike,
    skewness: ArrayLike,
    kurtosis: ArrayLike,
    confidence: float = CONFIDENCE,
) -> FloatArray:
    """Sessions it takes until an observed Sharpe ratio is above a benchmark with a given confidence.

    1 + (1 - γ₃ SR + (γ₄ - 1)/4 SR²) (Φ⁻¹(confidence) / (SR - SR*))² (Bailey & López de Prado 2012); infinite when the
    observed one is not above the benchmark.

    >>> years = minimum_track_record_length(2 / 250**0.5, 1 / 250**0.5, 0.0, 3.0) / 250
    >>> years.round(2).item()
    2.73
    """
    above = np.asarray(sharpe, dtype=float) - benchmark
    shape = _standard_error(sharpe, 2.0, skewness, kurtosis) ** 2
    with np.errstate(divide="ignore"):
        needed = 1.0 + shape * (ndtri(confidence) / above) ** 2
    return np.asarray(np.where(above <= 0.0, np.inf, needed))


def _standard_error(
    sharpe: ArrayLike, sessions: ArrayLike, skewness: ArrayLike, kurtosis: ArrayLike
) -> FloatArray:
    observed = np.asarray(sharpe, dtype=float)
    shape = 1.0 - np.asarray(skewness) * observed + (np.asarray(kurtosis) - 1.0) / 4.0 * observed**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(np.where(shape > 0.0, shape, np.nan) / (np.asarray(sessions) - 1.0)))
