"""What a sweep says in words: a verdict a parameter with its figures, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.backtest_inputs import shown
from reports.format import percent, ratio
from reports.sweep_inputs import SweepInputs, difference, parameter_name
from reports.tables import Column, Row, Table, records, table_of

_WORST_FIRST = ("spike", "edge", "slope", "uneven", "plateau")
_LUCK, _CONFIDENT = 0.4, 0.95
"""Probability of overfitting too near to the 50% of luck to be called anything else, and of skill from which it counts as some."""
_SURE = 2.0
"""Standard errors from which a difference is not called luck, as the verdicts have it."""
_MEANING = {
    "plateau": "None of the three above, and every value beside the chosen one is level with it.",
    "spike": "The chosen value is better than each beside it (where values have no order, than every other one) by a difference that counts: what was found is one "
    "point, and the next history need not hit it.",
    "edge": "The best value is the first or the last tried, better than the best inside the grid by two standard errors of that difference or more, on a curve that spans half a "
    "standard error of the score or more: the grid ends too early to judge.",
    "slope": "Another value, inside the grid, is better by a difference that counts: the result depends on this parameter.",
    "uneven": "None of these, yet a value beside the chosen one is not level with it, by luck or not.",
    "too few values": "Ordered values need three for a middle and two ends; others need two.",
    "condition": "Nobody chooses it: it has a slope, and no verdict.",
}
DEFINITIONS = {
    "Score": "Sharpe ratio, a year, of weekly returns after costs in excess of cash.",
    "±": "Standard error: deviation over resampled histories, blocks of weeks drawn with replacement (stationary bootstrap of Politis & Romano, 1994), "
    "all points in the same weeks. Two points that hold nearly the same differ far less by luck than each of them by itself.",
    "Counts": "A difference counts when it is at least two of its own standard errors and at least half a standard error of the chosen point's score; what is nearer than that is level.",
    **{
        verdict.capitalize(): _MEANING[verdict]
        for verdict in (*_WORST_FIRST[:3], "plateau", "uneven", "too few values", "condition")
    },
    "Slice, average": "Along a slice all other parameters are as chosen; the average is over whatever else was tried. A verdict rests on the slice unless that has too few values.",
    "Explains": "Share of the variance of all points' scores that lies between the averages of a parameter's values: its main effect.",
    "Held otherwise": "Half the sum of |w - v| over the assets: the share of the portfolio that would have to be traded.",
    "PBO": "Probability of backtest overfitting: over all ways to halve the history in blocks, how often the point with the best score in one half is no better than the median in the "
    "other; 50% is pure luck (Bailey, Borwein, López de Prado & Zhu, 2017).",
    "Deflated Sharpe": "Probability that the chosen point's true Sharpe ratio is above zero although it was picked from so many trials (Bailey & López de Prado, 2014).",
}
"""What is on the page, in the order of reading."""


def overall(inputs: SweepInputs) -> str:
    """The worst verdict among the parameters that somebody chooses."""
    given = set(inputs.verdicts["verdict"])
    return next((verdict for verdict in _WORST_FIRST if verdict in given), "too few values")


def headline(inputs: SweepInputs) -> str:
    """How the chosen point stands, in one sentence."""
    rows = inputs.verdicts[inputs.verdicts["verdict"] != "condition"]
    by_verdict = {
        verdict: [parameter_name(name) for name in rows.loc[rows["verdict"] == verdict, "parameter"]]
        for verdict in _WORST_FIRST
    }
    told = [f"{_HEADINGS[verdict]} {_listed(names)}" for verdict, names in by_verdict.items() if names]
    begin = f"{shown(inputs.strategy).capitalize()}: "
    return begin + ("; ".join(told) or "too few values of any parameter to judge")


def finding(inputs: SweepInputs) -> str:
    """What of it is luck, in one or two sentences."""
    facts = inputs.summary
    begin = f"Sharpe ratio {ratio(inputs.score)} ± {ratio(facts['noise'])}, rank {facts['rank']:.0f} of {facts['points']:,.0f}"
    if pd.isna(facts["overfit"]):
        return f"{begin}; too few weeks to say how much of picking the best is luck."
    lasts = "mostly luck" if facts["overfit"] >= _LUCK else "more than luck"
    judged = "" if facts["deflated"] >= _CONFIDENT else "not "
    return (
        f"{begin}. Picking the best of these points is {lasts} (PBO {percent(facts['overfit'], 0)}, luck gives 50%); given so many trials the "
        f"Sharpe ratio can {judged}be told from none (deflated Sharpe {percent(facts['deflated'], 0)})."
    )


def why(row: Row) -> str:
    """The figures behind a verdict, in a sentence."""
    gap = difference(row["below_best"], row["below_best_error"])
    above = difference(row["above_neighbours"], row["above_neighbours_error"])
    beside = "the best beside it" if row["ordered"] else "the next best"
    best_is_chosen = row["best"] == row["chosen"]
    if row["verdict"] == "edge":
        beyond = difference(row["beyond_edge"], row["beyond_edge_error"])
        end = "smallest" if row["best"] == row["lowest"] else "largest"
        return f"The best, {row['best']}, is the {end} tried, {beyond} above the best inside the grid: try further."
    if row["verdict"] == "spike":
        return f"{row['chosen']} is {above} above {beside}."
    if row["verdict"] in {"slope", "condition"} and not best_is_chosen:
        return f"{row['best']} is {gap} above {row['chosen']}."
    if row["verdict"] == "uneven":
        luck = "" if abs(row["from_beside"]) >= _SURE * row["from_beside_error"] else ", which may be luck"
        apart = difference(row["from_beside"], row["from_beside_error"])
        return f"{row['beside']} is {apart} from {row['chosen']}{luck}."
    if row["verdict"] == "too few values":
        return (
            f"{row['levels']} tried: {row['lowest']} to {row['highest']}."
            if row["levels"] > 1
            else "One value tried."
        )
    level = (
        f"{round(row['level_with'] * row['levels'])} of {row['levels']} values are level with {row['chosen']}"
    )
    best = (
        f"it is the best, {above} above {beside}"
        if best_is_chosen
        else f"the best, {row['best']}, is {gap} above it"
    )
    return f"{level}; {best}."


def verdicts_table(inputs: SweepInputs) -> Table:
    """A verdict a parameter, with the figures behind it."""
    return table_of(_VERDICTS, inputs.verdicts)


def values_table(inputs: SweepInputs) -> Table:
    """Every value on the slices, with what else became of the point."""
    rows = inputs.curves[inputs.curves["kind"] == "slice"]
    points = inputs.points.set_index("point")
    kept = ["cagr", "volatility", "max_drawdown", "turnover"]
    beside = points.loc[rows["point"].astype(int), kept].reset_index(drop=True)
    wide = pd.concat([rows.reset_index(drop=True), beside], axis=1)
    return table_of(_VALUES, wide.merge(inputs.distances, on=["parameter", "value"], how="left"))


def agreement_table(inputs: SweepInputs) -> Table:
    """How ranks of each two sub-periods agree."""
    spans = _spans(inputs)
    return table_of(
        (
            Column("from", "key", lambda row: spans[row["first"]]),
            Column("and", "word", lambda row: spans[row["second"]]),
            Column("Spearman", "figure", lambda row: ratio(row["spearman"])),
            Column("Kendall", "figure", lambda row: ratio(row["kendall"])),
        ),
        inputs.agreement,
    )


def best_table(inputs: SweepInputs) -> Table:
    """What became of the best point of each sub-period in the others, and of the chosen one."""
    spans = _spans(inputs)
    chosen = inputs.points.loc[inputs.points["chosen"], "point"].iloc[0]
    own = inputs.ranks[inputs.ranks["point"] == chosen].set_index("period")
    return table_of(
        (
            Column("sub-period", "key", lambda row: spans[row["period"]]),
            Column("its best point", "text", lambda row: row["label"]),
            Column("score", "figure", lambda row: ratio(row["score"])),
            Column("better elsewhere than", "figure", lambda row: percent(row["elsewhere"], 0)),
            Column("chosen point's score", "figure", lambda row: ratio(own.loc[row["period"], "score"])),
            Column(
                "rank", "figure", lambda row: f"{own.loc[row['period'], 'rank']:.0f} of {len(inputs.points)}"
            ),
        ),
        inputs.best_elsewhere,
    )


def failures_table(inputs: SweepInputs) -> Table:
    """The points without figures, and why."""
    return table_of(
        (
            Column("point", "key", lambda row: str(row["point"])),
            Column("what was changed", "text", lambda row: row["label"]),
            Column("error", "word", lambda row: row["error_class"]),
            Column("what it said", "text", lambda row: row["error_text"]),
        ),
        inputs.failures,
    )


def luck_table(facts: Mapping[str, float]) -> Table:
    """What is left of the score when the trials are counted."""
    rows: list[dict[str, Any]] = [
        {"name": "Points compared", "value": f"{facts['points']:,.0f}"},
        {"name": "Independent trials that they are worth", "value": ratio(facts["independent_trials"], 1)},
        {
            "name": "Probability that the true Sharpe ratio is above zero, of one trial",
            "value": percent(facts["probabilistic"]),
        },
        {"name": "The same of the best of so many (deflated Sharpe)", "value": percent(facts["deflated"])},
        {
            "name": "Sharpe ratio that the best of so many shows by luck",
            "value": ratio(facts["expected_maximum"]),
        },
        {
            "name": f"Probability of backtest overfitting, {facts['splits']:,.0f} splits",
            "value": percent(facts["overfit"]),
        },
        {
            "name": "Probability that the point picked in one half loses in the other",
            "value": percent(facts["loss"]),
        },
        {
            "name": "Score in the other half, for one more in the half picked on",
            "value": ratio(facts["degradation"]),
        },
    ]
    return table_of(
        (
            Column("figure", "key", lambda row: row["name"]),
            Column("value", "figure", lambda row: row["value"]),
        ),
        pd.DataFrame(rows),
    )


def _spans(inputs: SweepInputs) -> dict[int, str]:
    rows = records(inputs.ranks.drop_duplicates("period"))
    return {int(row["period"]): f"{row['first']:%Y-%m} to {row['last']:%Y-%m}" for row in rows}


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _significant(size: float, error: float) -> str:
    return "–" if pd.isna(size) else f"{size:+.2g} ± {error:.1g}"  # noqa: RUF001 - typographers write nothing so


_HEADINGS = {
    "spike": "a spike in",
    "edge": "the grid ends too early in",
    "slope": "not at its best in",
    "uneven": "on uneven ground in",
    "plateau": "on a plateau in",
}
_VERDICTS = (
    Column("parameter", "key", lambda row: parameter_name(row["parameter"])),
    Column("verdict", "word", lambda row: row["verdict"]),
    Column("chosen", "figure", lambda row: row["chosen"]),
    Column(
        "tried",
        "figure",
        lambda row: f"{row['lowest']} to {row['highest']}" if row["ordered"] else f"{row['levels']} values",
    ),
    Column("slope, per 1", "figure", lambda row: _significant(row["slope"], row["slope_error"])),
    Column("explains", "figure", lambda row: percent(row["explained"], 0)),
    Column("why", "text", why),
)
_VALUES = (
    Column("parameter", "key", lambda row: parameter_name(row["parameter"])),
    Column("value", "figure", lambda row: f"{row['value']} (chosen)" if row["chosen"] else row["value"]),
    Column("score", "figure", lambda row: ratio(row["score"])),
    Column("less the chosen", "figure", lambda row: difference(row["difference"], row["difference_error"])),
    Column("CAGR", "figure", lambda row: percent(row["cagr"])),
    Column("volatility", "figure", lambda row: percent(row["volatility"])),
    Column("max drawdown", "figure", lambda row: percent(row["max_drawdown"])),
    Column("turnover", "figure", lambda row: percent(row["turnover"], 0)),
    Column("held otherwise", "figure", lambda row: percent(row["mean_distance"])),
    Column("week by week", "figure", lambda row: percent(row["weekly_distance"])),
)
