"""The two figures of a weekly rebalance: what is held, and what became of the money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from reports.format import money, percent, signed_percent
from reports.layers import NEGLIGIBLE, draw_layers, edges_of, layers_of
from reports.marks import date_axis, days_of, mark_runs
from reports.style import BLUE, INK, VERMILION, house_style, new_figure

ADOPTED = ("complete", "adjusted")
"""Outcomes after which the run's target weights are in force."""

_LISTED = 8
_ROUND_STEPS = (1, 2, 2.5, 5, 10)


def weights_history(target_weights: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Target weights in force over time, as stacked steps; with one rebalance, bars of now against target.

    Weights change at a rebalance and stay until the next, so they are steps, not lines. A run that held
    or was refused leaves the earlier targets in force and only gets its marker.

    Args:
        target_weights: Rows of the ``target_weights`` artifact of every run, with its ``session``.
        runs: ``run_id``, ``session`` and ``outcome`` (as in the ``runs`` artifact) of every run, oldest first.
    """
    in_force = _in_force(target_weights, runs)
    with house_style():
        if len(in_force) > 1:
            return _stacked_steps(in_force, runs)
        return _now_against_target(target_weights, runs)


def equity_so_far(performance: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Equity after each run, above the shaded distance from its highest so far.

    Args:
        performance: Rows of the ``performance`` artifact, one a run that closed its books.
        runs: ``run_id`` and ``outcome`` of every run.
    """
    history = performance.assign(session=days_of(performance["session"]))
    history = history.sort_values("session", kind="stable")
    outcomes = history["run_id"].map(runs.set_index("run_id")["outcome"]).to_numpy(dtype=object)
    days, equity = history["session"].to_numpy(), history["equity"].to_numpy(dtype=float)
    drawdown = history["drawdown"].to_numpy(dtype=float)
    with house_style():
        if history.empty:
            return _note("Equity", "No run has closed its books yet.")
        figure = new_figure(3.4, _equity_alt(history["session"], equity, drawdown))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
        _draw_equity(above, days, equity)
        _draw_drawdown(below, days, drawdown)
        mark_runs(above, days, equity, outcomes)
        date_axis(below, days)
    return figure


def _in_force(target_weights: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Weights by session and symbol; of several adopted runs in a session the last counts."""
    adopted = runs[runs["outcome"].isin(ADOPTED)].drop_duplicates("session", keep="last")
    rows = target_weights[target_weights["run_id"].isin(adopted["run_id"])]
    rows = rows.assign(session=days_of(rows["session"]))
    return rows.pivot_table(index="session", columns="symbol", values="target_weight").fillna(0.0)


def _stacked_steps(in_force: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    layers, fills = layers_of(in_force)
    figure = new_figure(3.4, _weights_alt(in_force))
    axes = figure.subplots()
    run_days = days_of(runs["session"])
    days, edges = _steps(layers, run_days)
    draw_layers(axes, days, edges, list(layers.columns), fills)
    outcomes = runs["outcome"].to_numpy(dtype=object)
    placement = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    mark_runs(axes, run_days.to_numpy(), np.full(len(runs), 1.035), outcomes, key_at=1.04, **placement)
    axes.set(xlim=(days[0], days[-1]), ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("Target weights", pad=30)
    date_axis(axes, run_days[run_days >= days[0]].to_numpy())
    return figure


def _steps(layers: pd.DataFrame, run_days: pd.DatetimeIndex) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Days (n + 1) and the edges between layers (n + 1, layers + 1), as fractions.

    The last step runs one ordinary interval beyond the newest run, for it holds until the next.
    """
    days = layers.index.to_numpy()
    end = max(days[-1], run_days.max().to_numpy()) + np.median(np.diff(days))
    weights = layers.to_numpy(dtype=float)
    return np.append(days, end), edges_of(np.vstack([weights, weights[-1:]]))


def _now_against_target(target_weights: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    decided = runs[runs["run_id"].isin(target_weights["run_id"])].tail(1)
    rows = target_weights[target_weights["run_id"].isin(decided["run_id"])]
    if rows.empty:
        return _note("Target weights", "No target weights have been decided yet.")
    rows = rows.sort_values(["target_weight", "symbol"], ascending=[True, False])
    title = f"Target weights (bars) and holdings before (ticks), {decided['session'].iloc[0]}"
    figure = new_figure(
        1.0 + 0.2 * len(rows), f"{title}: {_listed(rows.set_index('symbol')['target_weight'])}."
    )
    axes = figure.subplots()
    _draw_bars(axes, rows)
    axes.set_title(title)
    return figure


def _draw_bars(axes: Axes, rows: pd.DataFrame) -> None:
    targets = rows["target_weight"].to_numpy(dtype=float)
    current = rows["current_weight"].to_numpy(dtype=float)
    places, ends = np.arange(len(rows)), np.maximum(targets, current)
    axes.barh(places, targets, height=0.62, color=BLUE, label="target")
    axes.plot(current, places, "|", color=INK, markersize=11, markeredgewidth=2, label="now", clip_on=False)
    for place, target, end in zip(places, targets, ends, strict=True):
        axes.annotate(percent(target), (end, place), (6, 0), textcoords="offset points", va="center")
    axes.set_yticks(places, list(rows["symbol"]))
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlim=(0, max(ends.max(), 0.01) * 1.15))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_visible(False)  # every bar carries its value
    axes.spines["bottom"].set_visible(False)


def _note(title: str, text: str) -> Figure:
    figure = new_figure(1.0, text)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_title(title)
    axes.text(0, 0.5, text, transform=axes.transAxes)
    return figure


def _draw_equity(axes: Axes, days: NDArray[Any], equity: NDArray[np.float64]) -> None:
    axes.plot(days, equity, color=BLUE, linewidth=1.8, label="equity")
    low, high = equity.min(), equity.max()
    room = max(0.12 * (high - low), 0.001 * high)  # a flat line needs an axis too
    axes.set_ylim(low - room, high + room)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=_ROUND_STEPS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: money(value, 0)))
    change = f", {signed_percent(equity[-1] / equity[0] - 1)}" if len(equity) > 1 else ""
    axes.set_title(f"Equity after each run: {money(equity[-1], 0)}{change}", pad=22)


def _draw_drawdown(axes: Axes, days: NDArray[Any], drawdown: NDArray[np.float64]) -> None:
    axes.fill_between(days, drawdown, 0.0, color=VERMILION, alpha=0.35, linewidth=0, label="drawdown")
    axes.plot(days, drawdown, color=VERMILION, linewidth=0.9)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    deepest = int(drawdown.argmin())
    if drawdown[deepest] < 0:
        axes.annotate(
            percent(drawdown[deepest]), (days[deepest], drawdown[deepest]), (0, -3), fontsize=8,
            textcoords="offset points", ha="center", va="top", annotation_clip=False,
        )  # fmt: skip
    floor = min(drawdown[deepest] * 1.6, -0.005)
    axes.set_ylim(floor, -0.06 * floor)
    axes.yaxis.set_major_locator(MaxNLocator(3, steps=_ROUND_STEPS))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    axes.set_ylabel("drawdown")


def _weights_alt(in_force: pd.DataFrame) -> str:
    first, last = in_force.index[0], in_force.index[-1]
    return (
        f"Target weights in force over {len(in_force)} rebalances, {first:%Y-%m-%d} to {last:%Y-%m-%d}. "
        f"Latest: {_listed(in_force.iloc[-1])}."
    )


def _listed(weights: pd.Series[Any]) -> str:
    held = weights[weights >= NEGLIGIBLE].sort_values(ascending=False, kind="stable")
    named = [f"{symbol} {percent(weight)}" for symbol, weight in held.head(_LISTED).items()]
    more = [f"{len(held) - _LISTED} more"] if len(held) > _LISTED else []
    return ", ".join(named + more) or "nothing held"


def _equity_alt(sessions: pd.Series[Any], equity: NDArray[np.float64], drawdown: NDArray[np.float64]) -> str:
    first, last = sessions.iloc[0], sessions.iloc[-1]
    if len(equity) == 1:
        return f"Equity after the first run on {last:%Y-%m-%d}: {money(equity[-1])}."
    change = signed_percent(equity[-1] / equity[0] - 1)
    deepest = int(drawdown.argmin())
    fall = (
        f"Deepest drawdown {percent(drawdown[deepest])} on {sessions.iloc[deepest]:%Y-%m-%d}."
        if drawdown[deepest] < 0
        else "It was never below its highest."
    )
    return (
        f"Equity after each of {len(equity)} runs, {first:%Y-%m-%d} to {last:%Y-%m-%d}: "
        f"{money(equity[-1])}, {change} since the first. {fall}"
    )
