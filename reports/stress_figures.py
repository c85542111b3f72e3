"""Figures of a stress test: losses, crises, drawn histories, leverage."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from reports.format import percent, ratio, signed_percent
from reports.stress_inputs import StressInputs
from reports.style import BLUE, INK, ORANGE, SKY, VERMILION, house_style, new_figure

GREY = "#7b7e85"
"""The benchmark's."""
_ROW, _HEAD = 0.22, 0.55
"""Inches: of a bar, and of what stands around all of them."""
_BINS = 24


def losses(inputs: StressInputs) -> Figure:
    """One bar a scenario, the worst above; refused ones in another colour and named."""
    table = inputs.worst_first.iloc[::-1]
    with house_style():
        figure = new_figure(_HEAD + _ROW * len(table), losses_finding(inputs))
        axes = figure.subplots()
        colors = table["outcome"].map({"decided": BLUE, "fallback": ORANGE, "refused": VERMILION})
        axes.barh(range(len(table)), table["loss"], color=list(colors), height=0.72)
        axes.set_yticks(range(len(table)), list(table["scenario"]), fontsize=8)
        axes.tick_params(axis="y", length=0)
        _name_bars(axes, table)
        axes.axvline(0.0, color=INK, linewidth=0.6)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(-0.6, len(table) - 0.4)
        axes.set_title("What today's portfolio loses")
    return figure


def crises(inputs: StressInputs) -> Figure:
    """Three bars a crisis: the account as it lived, the benchmark, and today's portfolio held through it."""
    table = inputs.reached.iloc[::-1]
    with house_style():
        figure = new_figure(_HEAD + 0.42 * len(table) + 0.25, crises_finding(inputs))
        axes = figure.subplots()
        middle = np.arange(len(table))
        for place, (column, color, label) in enumerate(
            (
                ("lived", BLUE, "the strategy, as it lived"),
                ("held", SKY, "today's portfolio, held"),
                ("benchmark", GREY, inputs.benchmark),
            )
        ):
            axes.barh(middle + 0.26 * (1 - place), table[column], color=color, height=0.24, label=label)
        axes.set_yticks(middle, list(table["crisis"]), fontsize=8)
        axes.tick_params(axis="y", length=0)
        axes.axvline(0.0, color=INK, linewidth=0.6)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.xaxis.set_major_locator(_ticks())
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8, borderaxespad=0.2
        )
    return figure


def resamples(inputs: StressInputs) -> Figure:
    """Growth, deepest fall and turnover over the drawn histories, with the real one as a line."""
    with house_style():
        figure = new_figure(2.3, resamples_finding(inputs))
        panels = figure.subplots(1, 3, sharey=True)
        for axes, (column, title) in zip(
            panels,
            (("cagr", "Growth a year"), ("max_drawdown", "Deepest fall"), ("turnover", "Turnover a year")),
            strict=True,
        ):
            axes.hist(inputs.drawn[column], bins=_BINS, color=SKY)
            axes.axvline(inputs.own(column), color=BLUE, linewidth=1.8)
            axes.axvline(inputs.drawn[column].median(), color=INK, linewidth=1.0, linestyle=":")
            axes.set_title(title, fontsize=9)
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.xaxis.set_major_locator(_ticks())
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
    return figure


def leverage(inputs: StressInputs) -> Figure:
    """Growth and deepest fall by leverage, with Kelly's and the best marked."""
    most = inputs.leverage.loc[inputs.leverage["what"] == "grid", "leverage"].max()
    table = inputs.leverage[inputs.leverage["leverage"] <= most].sort_values("leverage")
    with house_style():
        figure = new_figure(3.4, leverage_finding(inputs))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
        above.plot(table["leverage"], table["growth"], "o-", color=BLUE, markersize=3.5, linewidth=1.8)
        above.axhline(0.0, color=INK, linewidth=0.6)
        _mark(above, table)
        above.set_title("Growth a year by leverage, after interest")
        below.plot(table["leverage"], table["max_drawdown"], "o-", color=VERMILION, markersize=3.5)
        below.set_title("Deepest fall")
        for axes in (above, below):
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            axes.yaxis.set_major_locator(_ticks())
    return figure


def losses_finding(inputs: StressInputs) -> str:
    """What the figure of losses shows, in a sentence."""
    worst = inputs.worst_first.iloc[0]
    refused = inputs.scenarios[inputs.scenarios["outcome"] != "decided"]
    without = (
        f"In {len(refused)} of {len(inputs.scenarios)} scenarios there were no weights of the strategy's own."
    )
    return f"Worst: {worst['scenario']}, {signed_percent(worst['loss'])}. " + (
        without if len(refused) else "The strategy found weights in every one."
    )


def crises_finding(inputs: StressInputs) -> str:
    """What the figure of crises shows, in a sentence."""
    lived = inputs.crises.dropna(subset=["lived"])
    beyond = int((inputs.crises["reached"] == "no").sum())
    unreached = f" The prices do not reach {beyond} of {len(inputs.crises)}." if beyond else ""
    if lived.empty:
        return f"The account lived through none of the named crises.{unreached}"
    worst = lived.sort_values("lived").iloc[0]
    return (
        f"The account lived through {len(lived)}; worst was {worst['crisis']}, {signed_percent(worst['lived'])} against "
        f"{signed_percent(worst['benchmark'])} of {inputs.benchmark}.{unreached}"
    )


def resamples_finding(inputs: StressInputs) -> str:
    """What the drawn histories show, in a sentence."""
    drawn = inputs.drawn
    low, high = drawn["cagr"].quantile([0.05, 0.95])
    return (
        f"Over {len(drawn):,} drawn histories 90% of the growth rates lie between {signed_percent(low)} and {signed_percent(high)} "
        f"a year, the median deepest fall is {percent(drawn['max_drawdown'].median())}, and one in twenty falls by "
        f"{percent(-float(drawn['max_drawdown'].quantile(0.05)))} or more; as it was: "
        f"{signed_percent(inputs.own('cagr'))} and {percent(inputs.own('max_drawdown'))}."
    )


def leverage_finding(inputs: StressInputs) -> str:
    """What leverage does, in a sentence."""
    table = inputs.leverage
    kelly, free, best = (
        table[table["what"] == what].iloc[0] for what in ("Kelly", "Kelly at the rate of cash", "best")
    )
    worst = table[table["what"] == "grid"].sort_values("leverage").iloc[-1]
    end = "ruins it" if worst["ruined"] else f"grows {signed_percent(worst['growth'])} a year"
    return (
        f"Kelly's formula asks for {ratio(kelly['leverage'])} ({ratio(free['leverage'])} if debts cost what cash earns), these very "
        f"returns for {ratio(best['leverage'])}; {ratio(worst['leverage'], 1)} times {end}, with a deepest fall of "
        f"{percent(worst['max_drawdown'])}."
    )


def _ticks() -> MaxNLocator:
    """Few, and at whole per cents."""
    return MaxNLocator(5, steps=(1, 2, 5, 10))


def _name_bars(axes: Axes, table: pd.DataFrame) -> None:
    least = min(float(table["loss"].min()), -0.01)
    axes.set_xlim(1.18 * least, max(0.0, float(table["loss"].max())))
    for row, (loss, outcome) in enumerate(zip(table["loss"], table["outcome"], strict=True)):
        words = signed_percent(loss) + ("" if outcome == "decided" else f", {outcome}")
        axes.text(min(loss, 0.0), row, f"{words} ", fontsize=8, va="center", ha="right")


def _mark(axes: Axes, table: pd.DataFrame) -> None:
    """Kelly's leverage, half of it and the best, as dotted lines; names of those that coincide stand together."""
    named = table[table["what"] != "grid"]
    for leverage_, rows in named.groupby(named["leverage"].round(2)):
        axes.axvline(float(str(leverage_)), color=INK, linewidth=0.8, linestyle=":")
        axes.annotate(
            " and ".join(rows["what"]),
            (float(str(leverage_)), 0.04),
            xycoords=("data", "axes fraction"),
            fontsize=7.5,
            xytext=(3, 0),
            textcoords="offset points",
        )
