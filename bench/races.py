"""Parts 1 and 2: everybody solves the same windows by turns."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.peers import CLARABEL, COLD, FLOOR, MINIMUM, PARITY, SKFOLIO, SLSQP, WARM, Experience, enter
from bench.quality import constraints_of, nearest_feasible, objective, parity_error, relative_gap
from bench.results import Case, Row, Section, Target
from bench.timing import Laps, race
from bench.windows import Shape, Window, is_real, windows
from portfolio.arrays import FloatArray

_log = logging.getLogger(__name__)
_BATCH, _RETURNS = 200, 1_100_000
"""Windows of a round: many small ones or one large, up to so many returns together. The slow solve only the first;
the quick solve them in a row, as a backtest does, so that few of their solves find every cache emptied by the peer before."""
EXCESS, GAP, ERROR = "f above best", "relative gap", "error of contributions"

MINIMUM_SHAPES = (
    Shape(10, 252),
    Shape(20, 252),
    Shape(30, 252),
    Shape(100, 756),
    Shape(500, 756),
    Shape(500, 2520),
)
PARITY_SHAPES = (Shape(20, 252, cap=1.0), Shape(100, 756, cap=1.0))

Judge = Callable[[Shape, Window, Mapping[str, FloatArray]], Mapping[str, tuple[float, ...]]]


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Args:
        rounds: Turns of everybody in a race.
        allowance: CPU seconds in one race after which a solver sits out further rounds.
        patience: CPU seconds that one solve may be expected to take; slower peers are left out, and said to be.
        full: Time every window of the weekly history for the peer too.
    """

    rounds: int = 7
    allowance: float = 5.0
    patience: float = 60.0
    full: bool = False


def minimum_downside_variance(effort: Effort) -> Section:
    """Minimum downside variance under a cap, six sizes."""
    experience = Experience(effort.patience)
    section = Section(
        "minimum",
        "Minimum downside variance",
        "Fully invested, weights from 0 to 0.35, threshold 0: minimise (1/T) Σ min(r_t·w, 0)². For the two columns of "
        "accuracy, weights of all solvers are moved to the nearest ones that satisfy the constraints; the gap is "
        "that of this project's certificate, whoever found the weights. Both are the worst over the rounds.",
    )
    section.cases = [
        _case(MINIMUM, shape, (EXCESS, GAP), _judge_minimum, effort=effort, experience=experience)
        for shape in MINIMUM_SHAPES
    ]
    by_shape = dict(zip(MINIMUM_SHAPES, section.cases, strict=True))
    small, large = by_shape[Shape(20, 252)], by_shape[Shape(500, 2520)]
    section.targets = [
        _ratio(small, SKFOLIO, COLD, 500.0),
        _ratio(small, CLARABEL, COLD, 150.0),
        _ratio(small, SLSQP, COLD, 40.0),
        _floor(small, WARM, 4.0),
        _ratio(large, SKFOLIO, COLD, 2000.0),
        _floor(large, COLD, 0.5),
        _floor(large, WARM, 0.5),
    ]
    return section


def downside_risk_parity(effort: Effort) -> Section:
    """Downside risk parity, two sizes."""
    experience = Experience(effort.patience)
    section = Section(
        "parity",
        "Downside risk parity",
        "Weights from which every asset contributes the same share of the portfolio's downside variance; the error is the "
        "largest distance of a share from 1/N, the worst over the rounds.",
    )
    section.cases = [
        _case(PARITY, shape, (ERROR,), _judge_parity, effort=effort, experience=experience)
        for shape in PARITY_SHAPES
    ]
    small = section.cases[0]
    section.targets = [
        _ratio(small, SKFOLIO, COLD, 600.0),
        Target(
            f"{small.title}: contributions of ours, cold, equal",
            small.accuracy(COLD, ERROR),
            1e-9,
            at_least=False,
        ),
    ]
    return section


def rounds_of(
    shape: Shape, adapters: Mapping[str, str], rounds: int, *, synthetic: bool = False
) -> list[list[Window]]:
    """Windows for a race, each with the weights that ours decided a week before."""
    solve = enter(adapters, shape, Experience(float("inf")), [COLD]).solvers[COLD]
    count = rounds * max(1, min(_BATCH, _RETURNS // (shape.N * shape.T)))
    ready = windows(shape, count, lambda R: solve(Window(R)).weights, synthetic=synthetic)
    for window in ready:
        _ = window.frame  # peers that want one find it made
    # neighbours go to different rounds, so that every round sees the whole history
    return [ready[number::rounds] for number in range(rounds)]


def _case(
    adapters: Mapping[str, str],
    shape: Shape,
    measures: tuple[str, ...],
    judge: Judge,
    *,
    effort: Effort,
    experience: Experience,
) -> Case:
    _log.info("%s ...", shape.name)
    rounds = rounds_of(shape, adapters, effort.rounds)
    entrants = enter(adapters, shape, experience)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = race(entrants.solvers, rounds, effort.allowance)
    for name, laps in results.items():
        if laps.laps:
            experience.note(name, shape, laps.seconds)
    failed = {name: laps.failure for name, laps in results.items() if laps.failure}
    worst = _worst(shape, rounds, results, judge)
    rows = tuple(_row(name, results, worst[name]) for name, laps in results.items() if laps.laps)
    kind = "real returns" if is_real(shape) else "synthetic returns"
    return Case(f"{shape.name}, {kind}", measures, rows, entrants.absent | failed)


def _row(name: str, results: Mapping[str, Laps], accuracy: tuple[float, ...]) -> Row:
    laps = results[name]
    return Row(
        solver=name,
        seconds=laps.seconds,
        solves=len(laps.laps),
        to_ours=laps.seconds / results[COLD].seconds,
        to_floor=laps.seconds / results[FLOOR].seconds,
        accuracy=accuracy,
        said=", ".join(sorted({answer.said for answer in laps.answers.values()})),
        threaded=laps.threaded,
    )


def _worst(
    shape: Shape, rounds: Sequence[Sequence[Window]], results: Mapping[str, Laps], judge: Judge
) -> dict[str, tuple[float, ...]]:
    """Worst of each measure over the rounds that a solver took part in; nothing for one without weights."""
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in results}
    for number, batch in enumerate(rounds):
        answers = {name: laps.answers.get(number) for name, laps in results.items()}
        weights = {name: a.weights for name, a in answers.items() if a is not None and a.weights.size}
        for name, marks in judge(shape, batch[0], weights).items():
            seen[name].append(marks)
    return {name: tuple(map(max, zip(*marks, strict=True))) for name, marks in seen.items()}


def _judge_minimum(
    shape: Shape, window: Window, weights: Mapping[str, FloatArray]
) -> dict[str, tuple[float, ...]]:
    constraints = constraints_of(shape)
    feasible = {name: nearest_feasible(w, shape.cap) for name, w in weights.items()}
    values = {name: objective(window.returns, w) for name, w in feasible.items()}
    best = min(values.values())
    return {
        name: (values[name] / best - 1.0, relative_gap(window.returns, w, constraints))
        for name, w in feasible.items()
    }


def _judge_parity(
    _shape: Shape, window: Window, weights: Mapping[str, FloatArray]
) -> dict[str, tuple[float, ...]]:
    return {name: (parity_error(window.returns, w),) for name, w in weights.items()}


def _ratio(case: Case, slower: str, quicker: str, wanted: float) -> Target:
    promise = f"{case.title}: {slower} ÷ {quicker}"
    return Target(promise, case.seconds(slower) / case.seconds(quicker), wanted, at_least=True)


def _floor(case: Case, name: str, wanted: float) -> Target:
    promise = f"{case.title}: {name} ÷ {FLOOR}"
    return Target(promise, case.seconds(name) / case.seconds(FLOOR), wanted, at_least=False)
