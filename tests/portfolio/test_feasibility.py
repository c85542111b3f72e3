from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import Band, box
from portfolio.feasibility import _optimum, absorb, conflict, feasible_start
from schemas.errors import InfeasibleError, SolverError

SYMBOLS = ("SPY", "TLT", "GLD", "VXZ")
FALLING = np.array([False, False, True, True])


def test_what_the_bounds_cannot_take_stays_in_cash():
    absorbed = absorb(box(SYMBOLS, 0.99, upper=0.1))
    assert absorbed.constraints.budget == pytest.approx(0.4)
    assert absorbed.to_cash == pytest.approx(0.59)


def test_a_band_limits_what_can_be_absorbed():
    band = Band("negative sleeve", FALLING, 0.0, 0.15)
    absorbed = absorb(box(SYMBOLS, 0.99, upper=0.35, bands=[band]))
    assert absorbed.constraints.budget == pytest.approx(0.85)
    assert absorbed.to_cash == pytest.approx(0.14)


def test_overlapping_bands_are_taken_together():
    bands = [
        Band("stocks", np.array([True, True, False, False]), 0, 0.3),
        Band("us", np.array([True, False, True, False]), 0, 0.3),
        Band("all but gold", np.array([True, True, False, True]), 0, 0.5),
    ]
    # TLT 0.3 (stocks), GLD 0.3 (us), VXZ 0.2 (all but gold), SPY 0
    assert absorb(box(SYMBOLS, 1.0, bands=bands)).constraints.budget == pytest.approx(0.8)


def test_a_budget_that_fits_is_left_alone():
    constraints = box(SYMBOLS, 0.99, upper=0.35)
    assert absorb(constraints).constraints is constraints


def test_rounding_is_not_cash():
    """Ten caps of 0.1 sum to 1 - 1e-16: no cash, and a start exists."""
    constraints = box([f"A{i}" for i in range(10)], 1.0, upper=0.1)
    assert absorb(constraints).to_cash == 0.0
    assert constraints.violation(feasible_start(constraints)) <= 1e-15


def test_feasible_weights_are_their_own_start():
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    np.testing.assert_array_equal(feasible_start(box(SYMBOLS), weights), weights)


def test_infeasible_weights_move_as_little_as_can_be():
    """A cap fell from 0.5 to 0.3: 0.2 must move, and no more than that does."""
    constraints = box(SYMBOLS, 1.0, upper=[0.3, 0.5, 0.5, 0.5])
    held = np.array([0.5, 0.3, 0.2, 0.0])
    start = feasible_start(constraints, held)
    assert constraints.violation(start) <= 1e-12
    assert np.abs(start - held).sum() == pytest.approx(0.4)


def test_random_feasible_constraints_have_a_start(problem):
    for seed in range(60):
        constraints = problem("bands", seed).constraints
        assert constraints.violation(feasible_start(constraints)) <= 1e-12


def test_a_conflict_names_rows_size_and_smallest_relaxation():
    """A floor of 30 % under a sleeve whose two members may hold 10 % each: 10 points are missing."""
    band = Band("negative sleeve", FALLING, 0.3, 0.5)
    constraints = box(SYMBOLS, 0.99, upper=[0.5, 0.5, 0.1, 0.1], bands=[band])
    with pytest.raises(InfeasibleError) as caught:
        feasible_start(constraints)
    rows = caught.value.figures["conflicting rows"].split(", ")
    assert set(rows) == {"negative sleeve min", "max_weight GLD", "max_weight VXZ"}
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.1)
    assert "by 0.1" in caught.value.remedy
    with pytest.raises(InfeasibleError, match="No weights satisfy"):
        absorb(constraints)


def test_lower_bounds_above_the_budget_conflict_with_it():
    with pytest.raises(InfeasibleError) as caught:
        feasible_start(box(SYMBOLS, 0.99, lower=0.3))
    rows = caught.value.figures["conflicting rows"].split(", ")
    assert set(rows) == {"budget", *(f"min_weight {symbol}" for symbol in SYMBOLS)}
    assert float(caught.value.figures["conflict"]) == pytest.approx(0.21)


def test_the_relaxation_never_proposes_short_sales():
    """A band that must hold nothing against a budget: the budget gives way, not the zero lower bounds."""
    band = Band("everything", np.ones(4, dtype=bool), 0.0, 0.2)
    error = conflict(box(SYMBOLS, 0.99, bands=[band]))
    assert "min_weight" not in error.remedy
    assert float(error.figures["conflict"]) == pytest.approx(0.79)


def test_relaxing_as_told_makes_it_feasible():
    band = Band("negative sleeve", FALLING, 0.3, 0.5)
    with pytest.raises(InfeasibleError) as caught:
        feasible_start(box(SYMBOLS, 0.99, upper=[0.5, 0.5, 0.1, 0.1], bands=[band]))
    row = caught.value.remedy.split("'")[1]
    upper, low = [0.5, 0.5, 0.1, 0.1], 0.3
    if row == "negative sleeve min":
        low -= 0.1
    else:
        upper[SYMBOLS.index(row.split()[1])] += 0.1
    relaxed = box(SYMBOLS, 0.99, upper=upper, bands=[Band("negative sleeve", FALLING, low, 0.5)])
    assert relaxed.violation(feasible_start(relaxed)) <= 1e-9


def test_a_program_that_fails_for_another_reason_is_not_taken_for_infeasible():
    with pytest.raises(SolverError, match="linear program over the constraints failed"):
        _optimum(c=[-1.0], bounds=(0, None))
