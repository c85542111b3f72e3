"""The picture of growth: time over N and over T, both axes logarithmic, every curve named at its end."""

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
        _panel(upper, [c for c in curves if c.over == "N"], "Assets N (252 sessions)")
        _panel(lower, [c for c in curves if c.over == "T"], "Sessions T (20 assets)")
    return figure


def _panel(axes: Axes, curves: Sequence[Curve], label: str) -> None:
    for curve in curves:
        color, line, width = _LOOKS[curve.solver]
        axes.loglog(
            curve.sizes,
            [1e3 * s for s in curve.seconds],
            line,
            color=color,
            linewidth=width,
            marker="o",
            markersize=2.5,
        )
    axes.set_xlabel(label)
    axes.set_title("CPU milliseconds of one solve")
    axes.grid(visible=True, linewidth=0.3, alpha=0.5)
    _name_ends(axes, curves)


def _name_ends(axes: Axes, curves: Sequence[Curve]) -> None:
    """Names at the right edge, moved apart where curves end close together, with a thin line back to the end."""
    to_share = axes.transData + axes.transAxes.inverted()
    ends = [(curve, *to_share.transform((curve.sizes[-1], 1e3 * curve.seconds[-1]))) for curve in curves]
    below = -1.0
    for curve, x, y in sorted(ends, key=lambda end: end[2]):
        below = max(y, below + _LEAST_DISTANCE)
        axes.annotate(
            _SHORT.get(curve.solver, curve.solver),
            xy=(x, y),
            xytext=(1.04, below),
            xycoords="axes fraction",
            color=_LOOKS[curve.solver][0],
            va="center",
            fontsize=8,
            arrowprops={
                "arrowstyle": "-",
                "linewidth": 0.3,
                "color": INK,
                "alpha": 0.4,
                "shrinkA": 1,
                "shrinkB": 2,
            },
        )
