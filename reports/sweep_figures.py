"""Figures of a sweep: slices, choices, maps of two parameters, ranks over the years, distances, and how far luck reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.format import percent, ratio
from reports.style import BLUE, INK, ORANGE, VERMILION, house_style, new_figure
from reports.sweep_inputs import SweepInputs, parameter_name

GREY = "#7b7e85"
_ABREAST = 2
_WORSE_TO_BETTER = LinearSegmentedColormap.from_list("worse to better", [VERMILION, "#ffffff", BLUE])
_ON_LIGHT, _ON_DARK, _DARK = "#111111", "#ffffff", 0.62  # on a coloured cell, so the same on a dark page
_NAMED = 24
"""Values of a parameter without order that are drawn with their names; of more, the best and the worst."""
_THIN_LINES = 150
_FEW = 0.02
"""Sharpe ratios that a map's colours span at least, so that nothing is made of rounding."""


def slices(inputs: SweepInputs) -> Figure:
    """The score along each ordered parameter through the chosen point, and the average over all else, one panel each."""
    names = inputs.names(ordered=True)
    down = -(-len(names) // _ABREAST)
    with house_style():
        figure = new_figure(0.5 + 1.75 * down, slices_finding(inputs))
        panels = figure.subplots(down, _ABREAST, squeeze=False, sharey=True).ravel()
        for panel, name in zip(panels, names, strict=False):
            _draw_slice(panel, inputs, name)
        for panel in panels[len(names) :]:
            panel.set_axis_off()
        figure.supylabel("Sharpe ratio", fontsize=8)
    return figure


def choices(inputs: SweepInputs) -> Figure:
    """The score of each value of the parameters without order, the best on top, with its distance from the chosen one."""
    names = inputs.names(ordered=False)
    tables = {name: _extremes(inputs.judged_curve(name).sort_values("score")) for name in names}
    heights = [len(table) for table in tables.values()]
    with house_style():
        figure = new_figure(0.5 + 0.19 * sum(heights) + 0.35 * len(names), choices_finding(inputs))
        panels = figure.subplots(len(names), 1, squeeze=False, sharex=True, height_ratios=heights).ravel()
        for panel, (name, table) in zip(panels, tables.items(), strict=True):
            _draw_choices(panel, name, table)
        figure.supxlabel("Sharpe ratio; bars: standard error of the difference from the chosen", fontsize=8)
    return figure


def maps(inputs: SweepInputs) -> Figure:
    """Mean scores over pairs of parameters, blue where better than the chosen point, orange where worse."""
    pairs = list(dict.fromkeys(zip(inputs.pairs["first"], inputs.pairs["second"], strict=True)))
    tables = [inputs.map_of(*pair) for pair in pairs]
    reach = max(_FEW, *(float(np.nanmax(np.abs(table.to_numpy() - inputs.score))) for table in tables))
    down = -(-len(pairs) // _ABREAST)
    with house_style():
        figure = new_figure(0.4 + 2.0 * down, maps_finding(inputs))
        panels = figure.subplots(down, _ABREAST, squeeze=False).ravel()
        for panel, pair, table in zip(panels, pairs, tables, strict=False):
            _draw_map(panel, table, inputs.score, reach)
            panel.set_xlabel(parameter_name(pair[1]), fontsize=8)
            panel.set_ylabel(parameter_name(pair[0]), fontsize=8)
        for panel in panels[len(pairs) :]:
            panel.set_axis_off()
    return figure


def ranks(inputs: SweepInputs) -> Figure:
    """Percentile of every point in each sub-period: the chosen one strong, the best of each period orange, the others thin."""
    table = inputs.ranks.pivot_table(index="period", columns="point", values="rank")
    percentile = 1.0 - (table - 1.0) / max(table.shape[1] - 1, 1)
    chosen = inputs.points.loc[inputs.points["chosen"], "point"].iloc[0]
    spans = inputs.ranks.drop_duplicates("period").sort_values("period")
    with house_style():
        figure = new_figure(3.0, ranks_finding(inputs))
        axes = figure.subplots()
        some = percentile.iloc[:, :: -(-percentile.shape[1] // _THIN_LINES)]  # more would be one grey area
        axes.plot(percentile.index, some, color=GREY, linewidth=0.4, alpha=0.4)
        best = [point for point in dict.fromkeys(inputs.best_elsewhere["point"]) if point != chosen]
        axes.plot(percentile.index, percentile[best], color=ORANGE, linewidth=1.3, marker="o", markersize=3)
        axes.plot(percentile.index, percentile[chosen], color=BLUE, linewidth=2.2, marker="o", markersize=4.5)
        axes.set_xticks(
            percentile.index,
            [f"{row.first:%Y-%m}\nto {row.last:%Y-%m}" for row in spans.itertuples()],
            fontsize=8,
        )
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_title("Share of the points that each is better than, by sub-period")
        _key(axes, {"the chosen point": BLUE, "best of a sub-period": ORANGE, "all others": GREY})
    return figure


def distances(inputs: SweepInputs) -> Figure:
    """How differently each point holds its money, against how differently it did."""
    with house_style():
        figure = new_figure(2.8, distances_finding(inputs))
        axes = figure.subplots()
        others = inputs.others
        axes.scatter(others["mean_distance"], others["score"] - inputs.score, s=9, color=GREY, linewidths=0)
        axes.scatter([0.0], [0.0], s=36, color=BLUE, zorder=3)
        axes.axhline(0.0, color=INK, linewidth=0.6)
        axes.set_xlim(left=-0.01)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("Share of the portfolio held otherwise, mean over the years", fontsize=8)
        axes.set_title("Sharpe ratio less that of the chosen point")
    return figure


def luck(inputs: SweepInputs) -> Figure:
    """The scores of all points, with the chosen one and what the best of as many without skill would show."""
    scores = inputs.points["score"].to_numpy(dtype=float)
    marks = {
        "chosen": (inputs.score, BLUE),
        "best of as many by luck": (inputs.summary["expected_maximum"], VERMILION),
    }
    with house_style():
        figure = new_figure(2.4, luck_finding(inputs))
        axes = figure.subplots()
        axes.hist(scores, bins=min(30, max(6, len(scores) // 6)), color=GREY, alpha=0.55)
        for name, (at, color) in marks.items():
            axes.axvline(at, color=color, linewidth=2.0, label=f"{name} {ratio(at)}")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.set_title("Sharpe ratios of all points")
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def slices_finding(inputs: SweepInputs) -> str:
    """What the slices show, in a sentence."""
    rows = inputs.verdicts[inputs.verdicts["ordered"]]
    most = rows.sort_values("explained", kind="stable").iloc[-1]
    curve = inputs.judged_curve(str(most["parameter"]))
    return (
        f"Of the ordered parameters {parameter_name(most['parameter'])} matters most: from {most['lowest']} to {most['highest']} the Sharpe "
        f"ratio lies between {ratio(curve['score'].min())} and {ratio(curve['score'].max())}, where {ratio(most['noise'])} is the standard "
        "error of one. Shaded: standard error of the difference from the chosen value."
    )


def choices_finding(inputs: SweepInputs) -> str:
    """What the parameters without order show, in a sentence."""
    told = []
    for name in inputs.names(ordered=False):
        curve = inputs.judged_curve(name).sort_values("score", kind="stable")
        worst, best = curve.iloc[0], curve.iloc[-1]
        told.append(
            f"{parameter_name(name)}: from {ratio(worst['score'])} ({worst['value']}) to {ratio(best['score'])} ({best['value']})"
        )
    return f"Sharpe ratio by {'; by '.join(told)}."


def maps_finding(inputs: SweepInputs) -> str:
    """What the maps show, in a sentence."""
    best = inputs.pairs.sort_values("score", kind="stable").iloc[-1]
    return (
        f"The best corner of these maps, {parameter_name(best['first'])} {best['first_value']} with {parameter_name(best['second'])} "
        f"{best['second_value']}, has {ratio(best['score'])} on average over all else; the chosen point has {ratio(inputs.score)}."
    )


def ranks_finding(inputs: SweepInputs) -> str:
    """What ranks over the years show, in a sentence."""
    elsewhere = float(inputs.best_elsewhere["elsewhere"].mean())
    return (
        f"Ranks of two sub-periods correlate by {ratio(inputs.summary['spearman'])} on average (Spearman; Kendall {ratio(inputs.summary['kendall'])}). "
        f"The best of a sub-period was better than {percent(elsewhere, 0)} of the points in the others; luck gives 50%."
    )


def distances_finding(inputs: SweepInputs) -> str:
    """What the distances show, in a sentence."""
    others = inputs.others
    far = others.sort_values("mean_distance", kind="stable").iloc[-1]
    near = float((others["mean_distance"] <= 0.1).mean())  # noqa: PLR2004 - a tenth of the portfolio
    return (
        f"{percent(near, 0)} of the other points hold nine tenths as the chosen one does or more; the furthest holds "
        f"{percent(far['mean_distance'], 0)} otherwise ({far['label']})."
    )


def luck_finding(inputs: SweepInputs) -> str:
    """How far luck reaches, in a sentence."""
    return (
        f"The chosen point ranks {int(inputs.summary['rank'])} of {len(inputs.points):,}. The best of as many trials without skill would show "
        f"{ratio(inputs.summary['expected_maximum'])}."
    )


def _draw_slice(axes: Axes, inputs: SweepInputs, name: str) -> None:
    average, judged = inputs.curve(name, "average"), inputs.judged_curve(name)
    labels = list(average["value"])
    at = {value: position for position, value in enumerate(labels)}
    axes.plot(range(len(labels)), average["score"], color=GREY, linewidth=1.0, linestyle=(0, (4, 2)))
    places = [at[value] for value in judged["value"]]
    scores, errors = judged["score"].to_numpy(dtype=float), judged["difference_error"].to_numpy(dtype=float)
    axes.fill_between(places, scores - errors, scores + errors, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(places, scores, color=BLUE, linewidth=1.6, marker="o", markersize=3)
    here = judged[judged["chosen"]].iloc[0]
    axes.plot([at[here["value"]]], [here["score"]], "o", color=BLUE, markersize=8)
    axes.set_xticks(range(len(labels)), labels, fontsize=7.5)
    axes.margins(x=0.06)
    axes.tick_params(axis="y", labelsize=7.5)
    axes.set_title(f"{parameter_name(name)}: {inputs.verdict(name)}", fontsize=9)


def _draw_choices(axes: Axes, name: str, table: pd.DataFrame) -> None:
    rows = np.arange(len(table))
    colors = [BLUE if chosen else GREY for chosen in table["chosen"]]
    axes.hlines(rows, table["score"] - table["difference_error"], table["score"] + table["difference_error"], color=colors, linewidth=1.2)  # fmt: skip
    axes.scatter(
        table["score"], rows, s=[40 if chosen else 16 for chosen in table["chosen"]], color=colors, zorder=3
    )
    axes.axvline(float(table.loc[table["chosen"], "score"].iloc[0]), color=BLUE, linewidth=0.6)
    axes.set_yticks(rows, list(table["value"]), fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.7, len(table) - 0.3)
    axes.set_title(parameter_name(name), fontsize=9)


def _extremes(table: pd.DataFrame) -> pd.DataFrame:
    """All rows, or of very many the worst, the best and the chosen."""
    kept = table["chosen"].to_numpy(dtype=bool, copy=True)
    half = _NAMED // 2
    kept[:half] = kept[-half:] = True
    return table if len(table) <= _NAMED else table.loc[kept]


def _draw_map(axes: Axes, table: pd.DataFrame, score: float, reach: float) -> None:
    values = table.to_numpy(dtype=float)
    depth = (values - score) / reach
    axes.pcolormesh(np.ma.masked_invalid(depth), cmap=_WORSE_TO_BETTER, vmin=-1, vmax=1, edgecolors="#ffffff", linewidth=1)  # fmt: skip
    for row, column in np.argwhere(np.isfinite(values)):
        axes.text(
            column + 0.5, row + 0.5, ratio(values[row, column]), ha="center", va="center", fontsize=6.8,
            color=_ON_DARK if abs(depth[row, column]) > _DARK else _ON_LIGHT,
        )  # fmt: skip
    axes.set_xticks(np.arange(values.shape[1]) + 0.5, list(table.columns), fontsize=7)
    axes.set_yticks(np.arange(values.shape[0]) + 0.5, list(table.index), fontsize=7)
    axes.tick_params(length=0)
    if max(map(len, map(str, table.columns))) * values.shape[1] > 30:  # noqa: PLR2004 - letters that fit
        axes.tick_params(axis="x", labelrotation=60)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _key(axes: Axes, colors: dict[str, str]) -> None:
    for name, color in colors.items():
        axes.plot([], [], color=color, linewidth=2.0, label=name)
    axes.legend(fontsize=8, frameon=False, loc="upper center", ncols=len(colors), bbox_to_anchor=(0.5, -0.16))
