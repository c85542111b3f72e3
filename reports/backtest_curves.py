"""Figures of what became of the money: equity and falls, rolling risk, crises, the account against its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from reports.backtest_inputs import BacktestInputs, shown
from reports.format import money, percent, signed_percent
from reports.layers import spread
from reports.marks import date_axis
from reports.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, house_style, new_figure

GREY = "#7b7e85"
"""The benchmark's."""

_OTHERS = (ORANGE, GREEN, PURPLE, SKY, VERMILION)
_CRISES_ABREAST = 3
_LOG_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)


class Look(NamedTuple):
    """How an account's line is drawn."""

    color: str
    width: float
    order: float


def looks(inputs: BacktestInputs) -> Mapping[str, Look]:
    """The strategy strongest and on top, the benchmark grey, the others thin."""
    others = inputs.accounts[2:]
    return {
        inputs.strategy: Look(BLUE, 2.0, 4),
        inputs.benchmark: Look(GREY, 1.4, 3),
        **{name: Look(_OTHERS[k % len(_OTHERS)], 0.8, 2) for k, name in enumerate(others)},
    }


def equity_and_falls(inputs: BacktestInputs) -> Figure:
    """Growth of one dollar of every account on a log axis, above the distance from the highest so far."""
    growth = inputs.equity / inputs.equity.iloc[0]
    with house_style():
        figure = new_figure(4.4, _equity_alt(inputs))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
        _draw_growth(above, growth, looks(inputs))
        _draw_falls(below, inputs, growth)
        date_axis(below, growth.index.to_numpy())
        above.set_xlim(growth.index[0], growth.index[-1])
        above.set_title("Growth of $1 (log scale)")
    return figure


def rolling_risk(inputs: BacktestInputs) -> Figure:
    """Volatility and Sharpe ratio of the last 252 sessions, strategy and benchmark."""
    with house_style():
        figure = new_figure(3.6, rolling_finding(inputs))
        axes = figure.subplots(2, 1, sharex=True)
        for panel, column, title in (
            (axes[0], "volatility", "Volatility of the last 252 sessions, a year"),
            (axes[1], "sharpe", "Sharpe ratio of the last 252 sessions"),
        ):
            _draw_rolling(panel, inputs, column)
            panel.set_title(title)
        axes[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes[1].axhline(0.0, color=INK, linewidth=0.6)
        date_axis(axes[1], inputs.rolling["session"].to_numpy())
    return figure


def crises(inputs: BacktestInputs) -> Figure:
    """Strategy and benchmark through each named crisis, both from zero at its first close."""
    windows = inputs.rows(inputs.crises, inputs.strategy)
    down = -(-len(windows) // _CRISES_ABREAST)
    with house_style():
        figure = new_figure(0.2 + 1.55 * down, crises_finding(inputs))
        panels = figure.subplots(down, _CRISES_ABREAST, squeeze=False).ravel()
        for panel, window in zip(panels, windows.itertuples(), strict=False):
            _draw_crisis(panel, inputs, window)
        for panel in panels[len(windows) :]:
            panel.set_axis_off()
    return figure


def tracking(table: pd.DataFrame) -> Figure:
    """The live account beside its model, above the difference in basis points.

    Args:
        table: session, live, model (equity, USD); at least one row.
    """
    live, model = (
        table[name].to_numpy(dtype=float) / float(table[name].iloc[0]) for name in ("live", "model")
    )
    days = pd.DatetimeIndex(table["session"])
    with house_style():
        figure = new_figure(3.4, tracking_finding(table))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 1])
        above.plot(days, live - 1, color=BLUE, linewidth=2.0, zorder=3, label="live")
        above.plot(days, model - 1, color=GREY, linewidth=1.4, label="model")
        _name_ends(above, {"live": live[-1] - 1, "model": model[-1] - 1}, {"live": BLUE, "model": GREY})
        above.margins(x=0)
        above.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        above.set_title("Return since the first session")
        below.plot(days, 1e4 * (live - model), color=BLUE, linewidth=1.2)
        below.axhline(0.0, color=INK, linewidth=0.6)
        below.set_title("Live less model, basis points")
        date_axis(below, days.to_numpy())
    return figure


def equity_finding(inputs: BacktestInputs) -> str:
    """What the equity figure shows, in a sentence."""
    strategy, benchmark = inputs.strategy, inputs.benchmark
    equity = inputs.equity[strategy]
    return (
        f"{shown(strategy)} turned {money(equity.iloc[0], 0)} into {money(equity.iloc[-1], 0)}, "
        f"{inputs.written(strategy, 'cagr')} a year, its deepest fall {inputs.written(strategy, 'max_drawdown')}; "
        f"{shown(benchmark)} made {inputs.written(benchmark, 'cagr')} a year, its deepest fall "
        f"{inputs.written(benchmark, 'max_drawdown')}."
    )


def rolling_finding(inputs: BacktestInputs) -> str:
    """What the rolling figure shows, in a sentence."""
    wide = inputs.rolling.pivot_table(index="session", columns="series", values="volatility")
    if wide.empty:
        return "The history is shorter than 252 sessions: there is no rolling figure yet."
    if missing := {inputs.strategy, inputs.benchmark} - set(wide):
        return f"Equity of {', '.join(map(shown, sorted(missing)))} does not move: it has no rolling Sharpe ratio."
    ours, theirs = wide[inputs.strategy], wide[inputs.benchmark]
    calmer = float((ours < theirs).mean())
    return (
        f"Over 252 sessions the volatility of {shown(inputs.strategy)} lay between {percent(ours.min())} and "
        f"{percent(ours.max())}, and below that of {shown(inputs.benchmark)} ({percent(theirs.min())} to "
        f"{percent(theirs.max())}) {percent(calmer, 0)} of the time."
    )


def crises_finding(inputs: BacktestInputs) -> str:
    """What the crisis grid shows, in a sentence."""
    ours = inputs.rows(inputs.crises, inputs.strategy).set_index("crisis")["period_return"]
    theirs = inputs.rows(inputs.crises, inputs.benchmark).set_index("crisis")["period_return"]
    if ours.empty:
        return "The history covers none of the named crises."
    better = int((ours > theirs).sum())
    worst = min(ours.index, key=lambda crisis: ours[crisis])
    return (
        f"{shown(inputs.strategy)} came through {better} of {len(ours)} crises better than {shown(inputs.benchmark)}; "
        f"its worst was {worst}, {signed_percent(ours[worst])} against {signed_percent(theirs[worst])}."
    )


def tracking_finding(table: pd.DataFrame) -> str:
    """What the tracking figure shows, in a sentence."""
    first, last = table.iloc[0], table.iloc[-1]
    live, model = (float(last[name]) / float(first[name]) - 1 for name in ("live", "model"))
    return (
        f"From {first['session']:%Y-%m-%d} to {last['session']:%Y-%m-%d} the live account made {signed_percent(live, 2)}, "
        f"its model {signed_percent(model, 2)}: {1e4 * (live - model):+.1f} bp."
    )


def _draw_growth(axes: Axes, growth: pd.DataFrame, look_of: Mapping[str, Look]) -> None:
    for name, look in look_of.items():
        _draw_account(axes, growth[name], look)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=_LOG_STEPS))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:g}"))
    ends = {name: float(growth[name].iloc[-1]) for name in look_of}
    names = {name: f"{shown(name)} ${end:.2f}" for name, end in ends.items()}
    _name_ends(axes, ends, {name: look.color for name, look in look_of.items()}, names)


def _draw_falls(axes: Axes, inputs: BacktestInputs, growth: pd.DataFrame) -> None:
    falls = growth / growth.cummax() - 1.0
    ours, theirs = falls[inputs.strategy], falls[inputs.benchmark]
    axes.plot(falls.index, theirs, color=GREY, linewidth=0.9, zorder=2, label=inputs.benchmark)
    axes.fill_between(falls.index, ours, 0.0, color=BLUE, alpha=0.35, linewidth=0, zorder=3)
    axes.plot(falls.index, ours, color=BLUE, linewidth=0.9, zorder=4, label=inputs.strategy)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for fall, color in ((theirs, GREY), (ours, BLUE)):
        axes.plot(
            fall.index[[int(fall.argmin())]],
            [fall.min()],
            "o",
            color=color,
            markersize=4,
            zorder=5,
            label="deepest",
        )
    floor = min(float(falls[[inputs.strategy, inputs.benchmark]].min().min()) * 1.08, -0.01)
    axes.set_ylim(floor, -0.03 * floor)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 2.5, 5, 10)))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Below the highest so far, and the deepest")
    _name_ends(
        axes,
        {str(fall.name): float(fall.min()) for fall in (theirs, ours)},
        {inputs.strategy: BLUE, inputs.benchmark: GREY},
        {
            str(fall.name): f"{shown(str(fall.name))} {percent(fall.min())}, {fall.idxmin():%Y-%m}"
            for fall in (theirs, ours)
        },
        gap=0.2,
    )


def _draw_rolling(axes: Axes, inputs: BacktestInputs, column: str) -> None:
    look_of = looks(inputs)
    ends, colors = {}, {}
    for name in (inputs.benchmark, inputs.strategy):
        line = inputs.rows(inputs.rolling, name).set_index("session")[column].rename(name)
        _draw_account(axes, line, look_of[name], slimmer=0.8)
        if len(line):
            ends[shown(name)], colors[shown(name)] = float(line.iloc[-1]), look_of[name].color
    axes.margins(x=0)
    if column == "volatility":
        axes.set_ylim(bottom=0)
    _name_ends(axes, ends, colors)


def _draw_crisis(axes: Axes, inputs: BacktestInputs, window: Any) -> None:
    equity = inputs.equity.loc[str(window.first) : str(window.last), [inputs.benchmark, inputs.strategy]]
    change = equity / equity.iloc[0] - 1.0
    for name, look in looks(inputs).items():
        if name in change:
            _draw_account(axes, change[name], look, slimmer=0.8)
    axes.axhline(0.0, color=INK, linewidth=0.5)
    axes.margins(x=0)
    axes.set_title(
        f"{window.crisis}\n{window.first:%Y-%m} to {window.last:%Y-%m}", fontsize=8, fontweight="normal"
    )
    ends = {str(name): float(change[name].iloc[-1]) for name in change}
    colors = {name: look.color for name, look in looks(inputs).items()}
    _name_ends(
        axes, ends, colors, {name: signed_percent(end) for name, end in ends.items()}, size=7.5, gap=0.16
    )
    axes.set_xticks([])
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=(1, 2, 5, 10)))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.tick_params(labelsize=7)


def _draw_account(axes: Axes, line: pd.Series[Any], look: Look, slimmer: float = 1.0) -> None:
    """A figure of the account that ``line`` is named after, by session."""
    width = slimmer * look.width
    axes.plot(line.index, line, color=look.color, linewidth=width, zorder=look.order, label=line.name)


def _name_ends(
    axes: Axes,
    ends: Mapping[str, float],
    colors: Mapping[str, str],
    names: Mapping[str, str] | None = None,
    *,
    size: float = 8,
    gap: float = 0.085,
) -> None:
    """Names right of the lines' ends, each on a leader of the line's colour, pushed apart where they would touch.

    Call it when the limits are known. Names are in the colour of text: a light line is still readable.
    """
    order = sorted(ends, key=lambda name: ends[name])
    if not order:
        return
    axes.autoscale_view()
    points = axes.transData.transform([(0.0, ends[name]) for name in order])
    heights = np.clip(axes.transAxes.inverted().transform(points)[:, 1], 0.0, 1.0)
    look: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False}
    for name, end, height in zip(order, heights, spread(heights, gap), strict=True):
        axes.plot([1.0, 1.03], [end, height], color=colors[name], linewidth=1.4, **look)
        axes.text(1.04, height, (names or {}).get(name, name), fontsize=size, va="center", **look)


def _equity_alt(inputs: BacktestInputs) -> str:
    first, last = inputs.equity.index[0], inputs.equity.index[-1]
    others = ", ".join(f"{shown(name)} {inputs.written(name, 'cagr')}" for name in inputs.accounts[2:])
    beside = f" Beside them, a year: {others}." if others else ""
    return f"Growth of one dollar from {first:%Y-%m-%d} to {last:%Y-%m-%d}. {equity_finding(inputs)}{beside}"
