"""Figures of what was held and done: allocation, risk, constraints, months, turnover and costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from reports.backtest_inputs import BacktestInputs, shown
from reports.format import percent, signed_percent
from reports.layers import NEGLIGIBLE, draw_layers, edges_of, in_layers, layered, layers_of
from reports.marks import date_axis
from reports.style import BLUE, ORANGE, VERMILION, Fill, house_style, new_figure

MARKS = {
    "done": "rebalanced",
    "held": "held, drift below the threshold",
    "skipped": "skipped: no weights could be decided",
    "fallback": "fallback",
}
"""What happened at a decision, by mark, in the order of the rows."""

_MARK_COLORS = {"done": BLUE, "held": "#7b7e85", "skipped": ORANGE, "fallback": VERMILION}
_STEPS = 260  # more are narrower than a screen's pixel
_CONSTRAINTS = 8
_LOSS_TO_GAIN = LinearSegmentedColormap.from_list("losses", [VERMILION, "#ffffff", BLUE])
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year")
_YEAR = 12  # column of the year, after the months
_ON_LIGHT, _ON_DARK = "#111111", "#ffffff"  # on a coloured cell, so the same on a dark page
_DARK = 0.62  # share of the deepest colour


def allocation(inputs: BacktestInputs) -> Figure:
    """Weights in force as stacked steps, above a row of ticks for each kind of decision."""
    with house_style():
        figure = new_figure(4.0, f"Weights in force from {_span(inputs)}. {allocation_finding(inputs)}")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4.2, 1])
        layers, fills = layers_of(inputs.weights)
        if float(layers["cash"].max()) < NEGLIGIBLE:
            layers, fills = layers.drop(columns="cash"), fills[:-1]
        _draw_stack(above, layers, fills, inputs)
        above.set_title("Weights in force")
        _draw_marks(below, inputs.decisions)
        date_axis(below, inputs.equity.index.to_numpy())
    return figure


def risk(inputs: BacktestInputs) -> Figure:
    """Share of each asset in the portfolio's downside variance when decided, as stacked steps."""
    with house_style():
        figure = new_figure(3.2, f"Shares of downside variance from {_span(inputs)}. {risk_finding(inputs)}")
        axes = figure.subplots()
        _draw_stack(axes, *in_layers(inputs.risk_shares.dropna(), layered(inputs.weights)), inputs)
        axes.set_title("Share of downside variance")
        date_axis(axes, inputs.equity.index.to_numpy())
    return figure


def constraints(inputs: BacktestInputs) -> Figure:
    """When each constraint bound, the most frequent first."""
    shares = _binding_shares(inputs)
    with house_style():
        figure = new_figure(0.8 + 0.26 * len(shares), constraints_finding(inputs))
        axes = figure.subplots()
        for row, (name, share) in enumerate(reversed(list(shares.items()))):
            axes.broken_barh(_spells(inputs, name), (row - 0.32, 0.64), facecolors=BLUE, linewidth=0)
            axes.text(
                1.015, row, percent(share, 0), fontsize=8, va="center",
                transform=axes.get_yaxis_transform(), clip_on=False,
            )  # fmt: skip
        axes.set_yticks(range(len(shares)), [shown(name) for name in reversed(list(shares))], fontsize=8)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.6, len(shares) - 0.4)
        axes.set_xlim(date2num(inputs.equity.index[0]), date2num(inputs.equity.index[-1]))  # type: ignore[no-untyped-call]
        axes.xaxis_date()
        axes.set_title("When each bound, and at what share of decisions")
        date_axis(axes, inputs.equity.index.to_numpy())
    return figure


def months(inputs: BacktestInputs) -> Figure:
    """Month by month in per cent, and the year, coloured by sign and size; years on a scale of their own."""
    table = _months_and_years(inputs)
    years = sorted(set(inputs.rows(inputs.months, inputs.strategy)["year"]))
    depth = table / np.maximum(_largest_by_kind(table), 1e-9)
    with house_style():
        figure = new_figure(0.5 + 0.21 * len(years), months_finding(inputs))
        axes = figure.subplots()
        axes.pcolormesh(
            np.ma.masked_invalid(depth),
            cmap=_LOSS_TO_GAIN,
            vmin=-1,
            vmax=1,
            edgecolors="#ffffff",
            linewidth=1,
        )
        for row, column in np.argwhere(np.isfinite(table)):
            axes.text(
                column + 0.5, row + 0.5, percent(table[row, column])[:-1], ha="center", va="center", fontsize=6.8,
                color=_ON_DARK if abs(depth[row, column]) > _DARK else _ON_LIGHT,
                fontweight="bold" if column == _YEAR else "normal",
            )  # fmt: skip
        axes.invert_yaxis()
        axes.set_xticks(np.arange(len(_MONTHS)) + 0.5, _MONTHS, fontsize=7.5)
        axes.set_yticks(np.arange(len(years)) + 0.5, [str(year) for year in years], fontsize=7.5)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return figure


def turnover_and_costs(inputs: BacktestInputs) -> Figure:
    """What was traded and what it cost, year by year."""
    rows = inputs.rows(inputs.years, inputs.strategy)
    with house_style():
        figure = new_figure(3.0, turnover_finding(inputs))
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_years(above, rows["year"].to_numpy(), rows["turnover"].to_numpy(dtype=float), BLUE)
        above.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        above.set_title("Turnover, a year (half the value traded; without the first funding)")
        _draw_years(below, rows["year"].to_numpy(), rows["costs_bp"].to_numpy(dtype=float), ORANGE)
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        below.set_title("Commissions and spreads, basis points of equity")
    return figure


def allocation_finding(inputs: BacktestInputs) -> str:
    """What the allocation figure shows, in a sentence."""
    mean = inputs.weights.mean().nlargest(3)
    largest = ", ".join(f"{symbol} {percent(weight, 0)}" for symbol, weight in mean.items())
    return f"On average most was in {largest}. {marks_told(inputs)}"


def marks_told(inputs: BacktestInputs) -> str:
    """How many decisions ended in which way."""
    counts = inputs.decisions["mark"].value_counts()
    told = [f"{counts[mark]:,} {meaning}" for mark, meaning in MARKS.items() if mark in counts.index]
    return f"{len(inputs.decisions):,} decisions: {'; '.join(told)}."


def risk_finding(inputs: BacktestInputs) -> str:
    """What the figure of risk shows, in a sentence."""
    known = inputs.risk_shares.dropna()
    if known.empty:
        return "No window was long enough to split the risk."
    mean = known.mean()
    most = max(mean.index, key=lambda symbol: mean[symbol])
    held = float(inputs.weights[most].mean())
    return (
        f"On average {most} carried most of the downside variance, {percent(mean[most], 0)}, with "
        f"{percent(held, 0)} of the money."
    )


def constraints_finding(inputs: BacktestInputs) -> str:
    """What the figure of constraints shows, in a sentence."""
    shares = _binding_shares(inputs)
    if not shares:
        return "No cap, floor or band ever bound."
    often = [f"{shown(name)} ({percent(share, 0)})" for name, share in list(shares.items())[:3]]
    free = 1.0 - inputs.binding["decided"].nunique() / len(inputs.decisions)
    return f"What bound most often, at which share of the decisions: {', '.join(often)}; nothing at {percent(free, 0)}."


def months_finding(inputs: BacktestInputs) -> str:
    """What the months show, in a sentence."""
    rows = inputs.rows(inputs.months, inputs.strategy)
    gains = float((rows["period_return"] > 0).mean())
    ordered = rows.sort_values("period_return", kind="stable")
    worst, best = ordered.iloc[0], ordered.iloc[-1]
    years = inputs.rows(inputs.years, inputs.strategy)["period_return"]
    return (
        f"{percent(gains, 0)} of {len(rows)} months and {int((years > 0).sum())} of {len(years)} years were gains; the "
        f"worst month was {_MONTHS[int(worst['month']) - 1]} {worst['year']:.0f}, {signed_percent(worst['period_return'])}, the "
        f"best {_MONTHS[int(best['month']) - 1]} {best['year']:.0f}, {signed_percent(best['period_return'])}."
    )


def turnover_finding(inputs: BacktestInputs) -> str:
    """What turnover and costs show, in a sentence."""
    rows = inputs.rows(inputs.years, inputs.strategy)
    return (
        f"{percent(inputs.of(inputs.strategy, 'turnover').value, 0)} of the equity was turned over in a year on average, "
        f"which cost {inputs.written(inputs.strategy, 'costs')} a year; in all "
        f"{rows['costs_bp'].sum():.0f} bp over {len(rows)} calendar years."
    )


def _span(inputs: BacktestInputs) -> str:
    return f"{inputs.equity.index[0]:%Y-%m-%d} to {inputs.equity.index[-1]:%Y-%m-%d}"


def _draw_stack(axes: Axes, layers: pd.DataFrame, fills: Sequence[Fill], inputs: BacktestInputs) -> None:
    days, heights = _thinned(layers)
    end = max(days[-1], inputs.equity.index[-1].to_datetime64())
    edges = edges_of(np.vstack([heights, layers.to_numpy(dtype=float)[-1:]]))
    draw_layers(axes, np.append(days, end), edges, list(layers.columns), fills)
    axes.set(xlim=(inputs.equity.index[0], end), ylim=(0, max(1.0, float(edges[:, -1].max()))))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _thinned(layers: pd.DataFrame) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Days and heights of the steps; of a long history the means of as many neighbours as share a pixel."""
    together = -(-len(layers) // _STEPS)
    group = np.arange(len(layers)) // together
    return layers.index.to_numpy()[::together], layers.groupby(group).mean().to_numpy(dtype=float)


def _draw_marks(axes: Axes, decisions: pd.DataFrame) -> None:
    occurring = [mark for mark in reversed(MARKS) if (decisions["mark"] == mark).any()]
    for row, mark in enumerate(occurring):
        at = pd.DatetimeIndex(decisions.loc[decisions["mark"] == mark, "executed"])
        ticks = np.repeat(at.to_numpy(), 3)  # up, down and a gap: one path is far smaller than as many lines
        heights = np.tile([row - 0.36, row + 0.36, np.nan], len(at))
        axes.plot(ticks, heights, color=_MARK_COLORS[mark], linewidth=0.7, label=mark)
        axes.text(
            1.015, row, f"{len(at):,} {mark}", fontsize=8, va="center",
            transform=axes.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip
    axes.set_ylim(-0.6, len(occurring) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title("Decisions", fontsize=9)


def _binding_shares(inputs: BacktestInputs) -> dict[str, float]:
    """Share of the decisions at which each constraint bound, the most frequent first."""
    counts = inputs.binding["constraint_name"].value_counts().head(_CONSTRAINTS)
    return {str(name): int(count) / len(inputs.decisions) for name, count in counts.items()}


def _spells(inputs: BacktestInputs, name: str) -> list[tuple[float, float]]:
    """Start and length, in days, of each stretch of decisions at which the constraint bound."""
    decided = pd.DatetimeIndex(inputs.decisions["decided"])
    bound = decided.isin(
        pd.DatetimeIndex(inputs.binding.loc[inputs.binding["constraint_name"] == name, "decided"])
    )
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bound, [False]]).astype(np.int8)))
    ends = [*decided[1:], inputs.equity.index[-1]]
    days: Any = date2num  # matplotlib leaves it untyped
    return [
        (days(decided[first]), days(ends[last - 1]) - days(decided[first]))
        for first, last in edges.reshape(-1, 2)
    ]


def _months_and_years(inputs: BacktestInputs) -> NDArray[np.float64]:
    """(years, 13) returns, fractions; NaN where there is none."""
    table = inputs.rows(inputs.months, inputs.strategy).pivot_table(
        index="year", columns="month", values="period_return"
    )
    years = inputs.rows(inputs.years, inputs.strategy).set_index("year")["period_return"]
    table = table.reindex(columns=range(1, 13)).assign(year=years)
    return table.to_numpy(dtype=float)


def _largest_by_kind(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(13,) the largest size among the months for each month, among the years for the year: two scales of colour."""
    sizes = np.abs(table)
    months_largest = float(np.nanmax(sizes[:, :_YEAR], initial=0.0))
    return np.append(np.full(_YEAR, months_largest), np.nanmax(sizes[:, _YEAR], initial=0.0))


def _draw_years(axes: Axes, years: NDArray[Any], values: NDArray[np.float64], color: str) -> None:
    axes.bar(years, values, width=0.72, color=color)
    axes.set_xticks(years[:: max(1, len(years) // 8)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda year, _: f"{year:.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 2.5, 5, 10)))
