"""The report of a sweep: one HTML page that needs nothing else, its figures, its tables, and a summary in Markdown."""

from __future__ import annotations

from typing import Any

from reports import sweep_figures as drawn
from reports.backtest_inputs import shown
from reports.drawings import Drawing, Kind, drawings_of, report_files
from reports.format import percent, ratio
from reports.sweep_inputs import SweepInputs, difference
from reports.sweep_verdicts import (
    DEFINITIONS,
    agreement_table,
    best_table,
    failures_table,
    finding,
    headline,
    luck_table,
    overall,
    values_table,
    verdicts_table,
)

_FIGURES: dict[str, Kind[SweepInputs]] = {
    "slices": Kind("Slices", lambda i: i.names(ordered=True), drawn.slices, drawn.slices_finding),
    "choices": Kind("Choices without order", lambda i: i.names(ordered=False), drawn.choices, drawn.choices_finding),
    "maps": Kind("Two parameters at once", lambda i: i.pairs, drawn.maps, drawn.maps_finding),
    "ranks": Kind("Ranks over the years", lambda i: i.ranks, drawn.ranks, drawn.ranks_finding),
    "distances": Kind("Distance in weights", lambda i: i.others, drawn.distances, drawn.distances_finding),
    "luck": Kind("Luck", lambda i: i.points, drawn.luck, drawn.luck_finding),
}  # fmt: skip
_TABLES = (
    "verdicts",
    "curves",
    "pairs",
    "points",
    "distances",
    "ranks",
    "agreement",
    "best_elsewhere",
    "failures",
)


def sweep_report(inputs: SweepInputs) -> dict[str, bytes]:
    """Every file of the report by its name relative to the report's folder; ``report_files`` says which."""
    tables = {name: getattr(inputs, name) for name in _TABLES}
    return report_files("sweep", _view(inputs), sweep_figures(inputs), tables)


def sweep_figures(inputs: SweepInputs) -> dict[str, Drawing]:
    """The figures for which there is something to draw, by name, in the order of the page."""
    return drawings_of(_FIGURES, inputs)


def _view(inputs: SweepInputs) -> dict[str, Any]:
    return {
        "inputs": inputs,
        "name": shown(inputs.strategy),
        "overall": overall(inputs),
        "headline": headline(inputs),
        "finding": finding(inputs),
        "facts": _facts(inputs),
        "words": DEFINITIONS,
        "tables": {
            "verdicts": verdicts_table(inputs),
            "tried": values_table(inputs),
            "agreement": agreement_table(inputs),
            "best": best_table(inputs),
            "luck": luck_table(inputs.summary),
            "failures": failures_table(inputs),
        },
    }


def _facts(inputs: SweepInputs) -> dict[str, str]:
    facts = inputs.summary
    return {
        "chosen point": inputs.chosen,
        "points": f"{facts['points']:,.0f}, {len(inputs.failures):,} failed",
        "weeks": f"{facts['weeks']:,.0f}",
        "above its neighbours": difference(facts["above_neighbours"], facts["above_neighbours_error"]),
        "ranks over sub-periods": f"Spearman {ratio(facts['spearman'])}",
        "PBO": percent(facts["overfit"], 0),
        "deflated Sharpe": percent(facts["deflated"], 0),
    }
