"""Every adapter states the same problem: its weights are as good as the library is known to be."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bench.peers import (
    COLD,
    FLOOR,
    MINIMUM,
    PARITY,
    PYPFOPT,
    SKFOLIO,
    SLSQP,
    Experience,
    enter,
)
from bench.quality import constraints_of, nearest_feasible, objective, parity_error, relative_gap
from bench.windows import Shape, windows

SHAPE, WHOLE = Shape(N=8, T=120), Shape(N=8, T=120, cap=1.0)
ABOVE_OURS = {PYPFOPT: 5e-3}
"""By how much f of a library may exceed ours, relatively; 1e-5 for those not named."""


def entered(adapters, shape, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entrants = enter(adapters, shape, Experience(60.0), [name])
    if name in entrants.absent:
        pytest.skip(f"{name}: {entrants.absent[name]}")
    return entrants.solvers[name]


@pytest.fixture(scope="module")
def window():
    return windows(SHAPE, 2, lambda R: np.full(R.shape[1], 1 / R.shape[1]))[1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in MINIMUM if name != FLOOR])
def test_minimum_downside_variance(name, window):
    best = objective(window.returns, entered(MINIMUM, SHAPE, COLD)(window).weights)
    found = entered(MINIMUM, SHAPE, name)(window).weights
    assert np.abs(found - nearest_feasible(found, SHAPE.cap)).max() < 1e-6
    above = objective(window.returns, nearest_feasible(found, SHAPE.cap)) / best - 1
    assert -1e-12 < above < ABOVE_OURS.get(name, 1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in PARITY if name != FLOOR])
def test_downside_risk_parity(name, window):
    found = entered(PARITY, WHOLE, name)(window).weights
    assert found.sum() == pytest.approx(1.0)
    assert parity_error(window.returns, found) < 1e-4


def test_the_cap_binds_so_that_an_adapter_that_forgets_it_is_found(window):
    assert entered(MINIMUM, SHAPE, COLD)(window).weights.max() == pytest.approx(SHAPE.cap)


def test_our_certificate_ranks_the_answers(window):
    rows = constraints_of(SHAPE)
    equal = np.full(SHAPE.N, 1 / SHAPE.N)
    answers = [entered(MINIMUM, SHAPE, name)(window).weights for name in (COLD, SLSQP)]
    gaps = [relative_gap(window.returns, nearest_feasible(w, SHAPE.cap), rows) for w in [*answers, equal]]
    assert gaps[0] < 1e-10 < gaps[2]
    assert gaps[1] < 1e-3 < gaps[2]


def test_a_library_that_is_not_installed_is_named():
    entrants = enter({"nobody": "by_nobody.minimum"}, SHAPE, Experience(60.0))
    assert entrants.solvers == {}
    assert entrants.absent == {"nobody": "not installed: bench.peers.by_nobody"}


def test_a_solve_beyond_patience_is_not_begun_and_the_reason_is_said():
    experience = Experience(patience=10.0)
    experience.note(SKFOLIO, Shape(100, 756), 1.0)
    experience.note(COLD, Shape(100, 756), 1.0)
    entrants = enter(MINIMUM, Shape(500, 756), experience, [SKFOLIO, COLD])
    assert entrants.absent == {SKFOLIO: "one solve would take about 25 s, patience is 10 s"}
    assert list(entrants.solvers) == [COLD]
