"""The picture of growth: time over N and over T, both axes logarithmic, every curve named at its last point."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.peers import CLARABEL, COLD, FLOOR, SKFOLIO, SLSQP, WARM
from bench.results import Curve
from reports.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, house_style, new_figure

_LOOKS = {
    COLD: (BLUE, "-", 2.0),
    WARM: (SKY, "-", 2.0),
    FLOOR: (INK, ":", 1.2),
    SLSQP: (GREEN, "-", 1.2),
    CLARABEL: (ORANGE, "-", 1.2),
    SKFOLIO: (VERMILION, "-", 1.2),
    f"{COLD}, real returns": (PURPLE, "--", 1.0),
}
_SHORT = {SLSQP: "SciPy SLSQP", FLOOR: "one Gram matrix", f"{COLD}, real returns": "ours, real"}
_ROOM_FOR_NAMES = 0.3
"""To the right of the points, as a share of their width."""
_LEAST_DISTANCE = 0.055
"""Between two names, as a share of the height."""


def growth_figure(curves: Sequence[Curve]) -> Figure:
    """Two panels: over N at T = 252, over T at N = 20."""
    alt = (
        "CPU time of one solve over the number of assets and over the number of sessions, log-log: "
        + "; ".join(
            f"{curve.solver} {1e3 * curve.seconds[0]:.3g} to {1e3 * curve.seconds[-1]:.3g} ms for "
            f"{curve.over} {curve.sizes[0]} to {curve.sizes[-1]}"
            for curve in curves
        )
    )
    with house_style():
        figure = new_figure(6.4, alt)
        upper, lower = figure.subplots(2, 1)
        _panel(upper, [c for c in curves if c.over == "N"], "Over the number of assets, 252 sessions")
        _panel(lower, [c for c in curves if c.over == "T"], "Over the number of sessions, 20 assets")
    return figure


def _panel(axes: Axes, curves: Sequence[Curve], title: str) -> None:
    for curve in curves:
        color, line, width = _LOOKS[curve.solver]
        axes.loglog(curve.sizes, _ms(curve), line, color=color, linewidth=width, marker="o", markersize=2.5)
    axes.set_title(title)
    axes.set_ylabel("CPU ms of one solve")
    axes.grid(visible=True, linewidth=0.3, alpha=0.5)
    left, right = axes.get_xlim()
    axes.set_xlim(left, right * (right / left) ** _ROOM_FOR_NAMES)
    _name_ends(axes, curves)


def _name_ends(axes: Axes, curves: Sequence[Curve]) -> None:
    """Names to the right of the last points, moved apart where curves end side by side."""
    to_share = axes.transScale + axes.transLimits
    lowest: dict[int, float] = {}
    ends = [(curve, *to_share.transform((curve.sizes[-1], _ms(curve)[-1]))) for curve in curves]
    for curve, x, y in sorted(ends, key=lambda end: float(end[2])):
        height = max(float(y), lowest.get(curve.sizes[-1], -1.0) + _LEAST_DISTANCE)
        lowest[curve.sizes[-1]] = height
        axes.text(
            float(x) + 0.015,
            height,
            _SHORT.get(curve.solver, curve.solver),
            transform=axes.transAxes,
            color=_LOOKS[curve.solver][0],
            va="center",
            fontsize=8,
        )


def _ms(curve: Curve) -> list[float]:
    return [1e3 * seconds for seconds in curve.seconds]
