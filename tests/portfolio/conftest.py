"""Random problems that are feasible by construction, a judge of answers, and real returns where they are at hand."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from portfolio.constraints import Band, Constraints, TurnoverLimit
from portfolio.feasibility import absorb
from portfolio.solver import minimise_downside_variance

SHARED = Path(__file__).parents[3] / "shared" / "data"
TWELVE = ["SPY", "QQQ", "IWM", "EFA", "EEM", "TLT", "IEF", "LQD", "GLD", "VNQ", "XLU", "XLE"]
SHAPES = [(5, 2), (25, 3), (40, 5), (60, 8), (90, 12), (150, 15), (120, 22), (150, 30)]
SHORT = [(2, 4), (3, 10), (8, 12), (12, 30), (20, 24)]
LARGE = (300, 60)


@dataclass(frozen=True)
class Problem:
    returns: np.ndarray
    constraints: Constraints
    b: float


@dataclass
class Draft:
    """A problem in the making; ``inside`` satisfies it at every stage."""

    rng: np.random.Generator
    R: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    inside: np.ndarray
    b: float = 0.0
    bands: tuple[Band, ...] = ()
    turnover: TurnoverLimit | None = None

    def done(self) -> Problem:
        symbols = tuple(f"A{i}" for i in range(len(self.inside)))
        budget = float(self.inside.sum())
        rows = Constraints(symbols, budget, self.lower, self.upper, self.bands, turnover=self.turnover)
        return Problem(self.R, rows, self.b)


@pytest.fixture(scope="session")
def problem():
    """Makes the random problem of a kind (see KINDS); heavy-tailed daily returns, one in fifty larger."""

    def make(kind: str, seed: int) -> Problem:
        rng = np.random.default_rng([seed, *kind.encode()])
        shapes = SHORT if kind == "fewer days than assets" else SHAPES
        T, N = LARGE if seed % 50 == 49 else shapes[rng.integers(len(shapes))]
        draft = _draft(rng, T, N)
        if kind == "cash":
            return _more_budget_than_room(draft)
        for add in KINDS[kind]:
            add(draft)
        return draft.done()

    return make


def _draft(rng, T, N):
    market = rng.standard_t(4, (T, 1)) * rng.uniform(-0.5, 1.2, N)
    R = 0.01 * (market + rng.standard_t(3, (T, N)) * rng.uniform(0.1, 1.5, N)) + rng.normal(0, 5e-4, N)
    upper = np.minimum(1.0, rng.uniform(1.2, 4.0) / N * rng.uniform(0.5, 1.5, N))
    lower = np.where(rng.random(N) < 0.25, 0.5 * upper * rng.random(N), 0.0)
    return Draft(rng, R, lower, upper, inside=rng.uniform(lower, upper))


def _band(draft, name, *, fixed=False):
    members = draft.rng.random(len(draft.inside)) < 0.4
    total = float(draft.inside[members].sum())
    low, high = total * draft.rng.uniform(0.5, 1), total * draft.rng.uniform(1, 1.3)
    draft.bands += (Band(name, members, total, total) if fixed else Band(name, members, low, high),)


def _sleeve(draft):
    """The band on the negative-return assets, each of which has a cap of its own besides."""
    falling = draft.R.mean(axis=0) < 0
    draft.upper = np.where(falling, np.maximum(draft.inside, 0.6 * draft.upper), draft.upper)
    total = float(draft.inside[falling].sum())
    low, high = total * draft.rng.uniform(0.5, 1), total * draft.rng.uniform(1, 1.3)
    draft.bands += (Band("negative sleeve", falling, low, high),)


def _overlapping(draft):
    for name in ("equities", "bonds", "us"):
        _band(draft, name)


def _equalities(draft):
    _band(draft, "equities", fixed=True)
    _band(draft, "bonds", fixed=True)


def _hurdle(draft):
    """Around zero, deep in the tail, or above every return (then f is one plain quadratic)."""
    largest = np.abs(draft.R).max()
    draft.b = float(draft.rng.choice([draft.rng.normal(0, 5e-3), -0.02, 1.5 * largest, -1.5 * largest]))


def _copies(draft):
    """Each asset twice, a suspended one, and two that move by a constant."""
    T, N = draft.R.shape
    draft.R = np.hstack([draft.R, draft.R, np.zeros((T, 1)), np.full((T, 1), 1e-4), np.full((T, 1), -2e-4)])
    draft.lower, draft.inside = (np.concatenate([v, v, np.zeros(3)]) for v in (draft.lower, draft.inside))
    draft.upper = np.concatenate([draft.upper, draft.upper, np.full(3, 0.5 / N)])


def _fixed(draft):
    fixed = draft.rng.random(len(draft.inside)) < draft.rng.choice([0.2, 0.6, 1.0])
    draft.lower = np.where(fixed, draft.inside, draft.lower)
    draft.upper = np.where(fixed, draft.inside, draft.upper)


def _caps_full(draft):
    """Caps that sum to the budget, or caps that sum to the floor of their group."""
    draft.inside = draft.upper.copy()
    if draft.rng.random() < 0.5:
        rest = draft.rng.random(len(draft.inside)) < 0.5
        draft.inside[rest] = draft.rng.uniform(draft.lower, draft.upper)[rest]
        total = float(draft.inside[~rest].sum())
        draft.bands += (Band("full", ~rest, total, total * 1.2 + 0.01),)


def _turnover(draft):
    """Held weights that satisfy everything else, on some bounds; a limit that binds, or does not."""
    _turnover_from(draft, draft.inside + 0.0)
    draft.turnover = TurnoverLimit(draft.inside, draft.rng.choice([0.002, 0.02, 0.1, 0.5, 5.0]))


def _turnover_from_outside(draft):
    """Held weights that have drifted, broken caps and bands, or are not there yet."""
    drifted = draft.inside * draft.rng.lognormal(0, 0.5, len(draft.inside))
    missing = np.where(draft.rng.random(len(drifted)) < 0.3, 0.0, drifted)
    _turnover_from(draft, [drifted, missing, np.zeros_like(missing)][draft.rng.integers(3)])


def _turnover_from(draft, held):
    least = 0.5 * np.abs(draft.inside - held).sum()
    draft.turnover = TurnoverLimit(held, least * draft.rng.choice([1.0, 1.05, 1.5, 10.0]) + 1e-12)


def _more_budget_than_room(draft):
    """Caps and group limits that cannot take the budget: what is left stays in cash."""
    if draft.rng.random() < 0.5:
        _overlapping(draft)
    symbols = tuple(f"A{i}" for i in range(len(draft.inside)))
    wish = float(draft.upper.sum()) * draft.rng.uniform(1.0, 1.5)
    constraints = absorb(Constraints(symbols, wish, draft.lower, draft.upper, draft.bands)).constraints
    return Problem(draft.R, constraints, draft.b)


KINDS = {
    "budget": (),
    "sleeve": (_sleeve,),
    "bands": (_overlapping,),
    "hurdle": (_hurdle,),
    "fewer days than assets": (_overlapping,),
    "copies and constants": (_copies, _overlapping),
    "fixed groups": (_equalities,),
    "fixed weights": (_fixed, _overlapping),
    "caps that are all needed": (_caps_full,),
    "turnover": (_turnover,),
    "turnover from outside": (_overlapping, _turnover_from_outside),
    "everything": (_sleeve, _overlapping, _hurdle, _fixed, _turnover_from_outside),
}


class Judge:
    """What can be said of weights from the data and the named rows alone; shares no code with the product."""

    def violation(self, c: Constraints, w: np.ndarray) -> float:
        """Largest amount by which a row is broken."""
        broken = [abs(w.sum() - c.budget), (c.lower - w).max(), (w - c.upper).max()]
        for band in c.bands:
            total = w[band.members].sum()
            broken += [band.low - total, total - band.high]
        if c.turnover is not None:
            broken.append(0.5 * np.abs(w - c.turnover.held).sum() - c.turnover.limit)
        return float(max(0.0, *broken))

    def objective(self, R: np.ndarray, w: np.ndarray, b: float) -> float:
        return float(np.mean(np.minimum(R @ w - b, 0.0) ** 2))

    def relative_gap(self, problem: Problem, w: np.ndarray) -> float:
        """max over feasible v of ∇f(w)·(w - v), by HiGHS, against f or 1e-5 of a mean squared return."""
        R, b = problem.returns, problem.b
        unit = float(np.sqrt(np.mean(R**2, axis=0).max() + b**2)) or 1.0
        d = np.minimum(R @ w - b, 0.0) / unit
        gradient = 2.0 / len(d) * (d @ (R / unit))
        size = float(np.abs(gradient).max()) or 1.0
        least = size * self.least(gradient / size, problem.constraints)
        return float(gradient @ w - least) / max(float(d @ d) / len(d), 1e-5)

    def imbalance(self, problem: Problem, w: np.ndarray, multipliers: Mapping[str, float]) -> float:
        """What the named multipliers leave of the gradient, fraction² per unit of weight; zero at an optimum.

        ∇f_i = budget + min_weight_i - max_weight_i + Σ (min - max of its bands) - ½ turnover_limit · sign(w_i - held_i)
        """
        c = problem.constraints
        d = np.minimum(problem.returns @ w - problem.b, 0.0)
        rest = 2.0 / len(d) * (d @ problem.returns) - multipliers["budget"]
        price = {name: multipliers.get(name, 0.0) for name in (*c.low_names, *c.high_names)}
        assert min(price.values()) >= 0.0
        for members, low, high in zip(
            [*np.eye(len(w), dtype=bool), *(band.members for band in c.bands)],
            c.low_names,
            c.high_names,
            strict=True,
        ):
            rest = rest - (price[low] - price[high]) * members
        if c.turnover is None:
            return float(np.abs(rest).max())
        half, traded = 0.5 * multipliers.get("turnover_limit", 0.0), w - c.turnover.held
        kept = np.maximum(np.abs(rest) - half, 0.0)
        return float(np.where(np.abs(traded) < 1e-9, kept, np.abs(rest + half * np.sign(traded))).max())

    def least(self, costs: np.ndarray, c: Constraints) -> float:
        """min costs·v over the constraints."""
        if c.turnover is None:
            return _least(costs, c)
        return _least(costs, c, c.turnover.held, c.turnover.limit)

    def least_turnover(self, c: Constraints, held: np.ndarray) -> float:
        """min ½ Σ|v - held| over budget, bounds and bands."""
        return _least(np.zeros(len(held)), c, held, limit=1e3, price=1.0)


def _least(costs, c, held=None, limit=0.0, price=0.0):
    """min costs·v + price · turnover; with ``held``, in terms of v and what is bought and sold of each asset."""
    N = len(costs)
    masks = [band.members.astype(float) for band in c.bands]
    A = np.array([row for mask in masks for row in (mask, -mask)]).reshape(-1, N)
    sides = np.array([side for band in c.bands for side in (band.high, -band.low)])
    program = {"c": costs, "A_ub": A, "b_ub": sides, "A_eq": np.ones((1, N)), "b_eq": [c.budget]}
    limits = [*zip(c.lower, c.upper, strict=True)]
    if held is not None:
        trades = np.repeat([0.0, 0.5, 0.5], N)
        program = {
            "c": np.concatenate([costs, np.zeros(2 * N)]) + price * trades,
            "A_ub": np.vstack([np.hstack([A, np.zeros((len(A), 2 * N))]), trades]),
            "b_ub": np.append(sides, limit),
            "A_eq": np.vstack([np.repeat([1.0, 0.0, 0.0], N), np.hstack([np.eye(N), -np.eye(N), np.eye(N)])]),
            "b_eq": np.append(c.budget, held),
        }
        limits += [(0, None)] * (2 * N)
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    answer = linprog(**program, bounds=limits, method="highs", options=tight)
    assert answer.status == 0, answer.message
    return float(answer.fun)


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge()


@pytest.fixture(scope="session")
def proven(judge):
    """Solves a problem and confirms its certificate by the judge; the default gap is that of ugly instances."""

    def solved(R, constraints, b=0.0, start=None, *, gap=5e-9, note=None):
        solution = minimise_downside_variance(R, constraints, b, start)
        case = Problem(np.asarray(R), constraints, b)
        assert solution.certificate.relative_gap <= gap, note
        assert judge.relative_gap(case, solution.weights) <= gap, note
        assert solution.certificate.violation <= 1e-12, note
        assert judge.violation(constraints, solution.weights) <= 1e-12, note
        return solution

    return solved


@pytest.fixture(scope="session")
def etf_returns() -> pd.DataFrame:
    """Daily total returns of twelve ETFs over the asset classes, 2005-2024."""
    path = SHARED / "etf_daily.parquet"
    if not path.exists():
        pytest.skip("the shared ETF prices are not at hand")
    bars = pd.read_parquet(path, columns=["symbol", "date", "adj_close"])
    closes = bars[bars.symbol.isin(TWELVE)].set_index(["date", "symbol"]).adj_close.unstack().dropna()  # noqa: PD010 - keys are unique
    return closes.pct_change().dropna()


@pytest.fixture(scope="session")
def stock_returns() -> pd.DataFrame:
    """Daily total returns of twenty US stocks, 1990-2022; they ship with skfolio."""
    datasets = importlib.import_module("skfolio.datasets")  # three seconds that only two files need
    return datasets.load_sp500_dataset().pct_change().dropna()
