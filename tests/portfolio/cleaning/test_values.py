from __future__ import annotations

import numpy as np
import pytest

from portfolio.cleaning.clean import repair
from portfolio.cleaning.panel import PRICES


@pytest.mark.parametrize("value", [0.0, -5.0, np.inf])
@pytest.mark.parametrize("field", PRICES)
def test_a_price_that_is_none_is_removed(market, spoil, params, field, value):
    clean = market()
    panel = spoil(clean, 50, "GLD", 0.0, fields=[field])
    panel.field(field)[50, 3] = value
    repaired, (edit,) = repair(panel, params)
    assert np.isnan(repaired.field(field)[50, 3])
    assert (edit.rule, edit.action, edit.raw_value) == ("impossible_value", "removed", value)


def test_a_repeated_negative_mark_is_a_missing_price(market, params):
    panel = market()
    panel.close[[20, 60], 2] = -99.0
    repaired, edits = repair(panel, params)
    assert np.isnan(repaired.close[[20, 60], 2]).all()
    assert {edit.rule for edit in edits} == {"impossible_value"}


def test_a_yield_that_goes_negative_is_excluded_by_name(market, params):
    panel = market()
    panel.close[60:66, 2] = [-0.02, -0.05, -0.1, -0.07, -0.04, -0.01]
    repaired, edits = repair(panel, params)
    assert "TLT" not in repaired.symbols
    assert [(edit.symbol, edit.rule) for edit in edits if edit.action == "excluded"] == [
        ("TLT", "not_a_price")
    ]


@pytest.mark.parametrize(("field", "factor"), [("high", 0.9), ("low", 1.1)])
def test_an_envelope_is_stretched_to_hold_open_and_close(market, spoil, params, field, factor):
    clean = market()
    repaired, edits = repair(spoil(clean, 80, "EFA", factor, fields=[field]), params)
    bar = {name: repaired.field(name)[80, 1] for name in PRICES}
    assert bar["low"] <= min(bar["open"], bar["close"]) <= max(bar["open"], bar["close"]) <= bar["high"]
    assert (bar["open"], bar["close"]) == (clean.open[80, 1], clean.close[80, 1])
    assert {(edit.rule, edit.field) for edit in edits} == {("broken_envelope", field)}


def test_a_close_outside_its_bar_goes_when_its_neighbours_contradict_it_too(market, spoil, params):
    clean = market()
    repaired, edits = repair(spoil(clean, 80, "EFA", 1.2, fields=["close"]), params)
    assert np.isnan(repaired.close[80, 1])
    assert {edit.rule for edit in edits} == {"bad_print"}
