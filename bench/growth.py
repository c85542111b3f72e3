"""Part 4: how CPU time grows with the number of assets N and of sessions T."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from bench.peers import CLARABEL, COLD, FLOOR, MINIMUM, SKFOLIO, SLSQP, WARM, Experience, enter
from bench.races import Effort, rounds_of
from bench.results import Curve, Section, Table
from bench.tables import significant
from bench.timing import race
from bench.windows import Shape, is_real

_log = logging.getLogger(__name__)
_WHO = (FLOOR, WARM, COLD, SLSQP, CLARABEL, SKFOLIO)
_ASSETS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_SESSIONS = (20, 50, 100, 252, 500, 1000, 2000, 5000)
_FIXED_T, _FIXED_N = 252, 20
_LARGE_N, _LARGE_T = 100, 252
"""From where on growth is called asymptotic."""
_ROUNDS = 3
_PATIENCE = 2.0
"""CPU seconds of a solve up to which a curve is followed."""
_ENOUGH = 3
"""Points through which a line is fitted."""


def growth(effort: Effort) -> Section:
    """Curves over N at 252 sessions and over T at 20 assets, synthetic returns; over T also real ones."""
    over_n = _curves("N", [Shape(N, _FIXED_T) for N in _ASSETS], effort)
    over_t = _curves("T", [Shape(_FIXED_N, T) for T in _SESSIONS], effort)
    return Section(
        "growth",
        "Growth with N and T",
        f"Minimum downside variance as above on synthetic returns, T = {_FIXED_T} above and N = {_FIXED_N} below; a curve ends "
        f"where one solve would take more than {_PATIENCE:g} s. The exponent is the slope of the log-log line fitted to the "
        f"part from N = {_LARGE_N} and from T = {_LARGE_T} on.",
        tables=[
            _table(f"CPU ms over N, T = {_FIXED_T}", over_n, _LARGE_N),
            _table(f"CPU ms over T, N = {_FIXED_N}", over_t, _LARGE_T),
        ],
        curves=over_n + over_t,
    )


def _curves(over: str, shapes: Sequence[Shape], effort: Effort) -> list[Curve]:
    synthetic = _measured(shapes, _WHO, effort, synthetic=True)
    named = dict(synthetic)
    if all(is_real(shape) for shape in shapes):
        named[f"{COLD}, real returns"] = _measured(shapes, (COLD,), effort, synthetic=False)[COLD]
    return [
        Curve(name, over, tuple(getattr(shape, over) for shape in points), tuple(points.values()))
        for name, points in named.items()
    ]


def _measured(
    shapes: Sequence[Shape], names: Sequence[str], effort: Effort, *, synthetic: bool
) -> dict[str, dict[Shape, float]]:
    """CPU seconds of a solve by solver and shape; a solver that becomes too slow is left out from there on."""
    experience = Experience(min(_PATIENCE, effort.patience))
    found: dict[str, dict[Shape, float]] = {name: {} for name in names}
    for shape in shapes:
        _log.info("growth: %s ...", shape.name)
        rounds = rounds_of(shape, MINIMUM, _ROUNDS, synthetic=synthetic)
        solvers = enter(MINIMUM, shape, experience, names).solvers
        for name, laps in race(solvers, rounds, effort.allowance).items():
            if laps.laps:
                found[name][shape] = laps.seconds
                experience.note(name, shape, laps.seconds)
    return found


def _table(title: str, curves: Sequence[Curve], from_size: int) -> Table:
    sizes = max((curve.sizes for curve in curves), key=len)
    lines = []
    for curve in curves:
        at = dict(zip(curve.sizes, curve.seconds, strict=True))
        cells = [significant(1e3 * at[size]) if size in at else "" for size in sizes]
        lines.append((curve.solver, *cells, significant(exponent(curve, from_size))))
    return Table(title, ("solver", *map(str, sizes), "exponent"), tuple(lines))


def exponent(curve: Curve, from_size: int = 0) -> float:
    """Slope of log time over log size from a size on, by least squares; nan with fewer than three points.

    >>> exponent(Curve("ours", "N", (10, 100, 1000), (1.0, 100.0, 10_000.0)))
    2.0
    """
    points = [(n, s) for n, s in zip(curve.sizes, curve.seconds, strict=True) if n >= from_size]
    if len(points) < _ENOUGH:
        return float("nan")
    sizes, seconds = np.log(np.array(points)).T
    return round(float(np.polyfit(sizes, seconds, 1)[0]), 9)
