"""Years of bars become prices to simulate on: assets come and go, short gaps are bridged, faults are repaired as live."""

from dataclasses import replace

import numpy as np
import pytest

from portfolio.cleaning.years import price_history
from schemas.errors import DataError


def lacking(panel, symbol, rows):
    matrices = {name: panel.field(name).copy() for name in ("open", "high", "low", "close")}
    for matrix in matrices.values():
        matrix[rows, panel.symbols.index(symbol)] = np.nan
    return replace(panel, **matrices)


def test_clean_prices_stay_as_they_are(market, params):
    panel = market()
    history, edits = price_history(panel, params)

    assert edits == ()
    np.testing.assert_array_equal(history.close, panel.close)
    np.testing.assert_array_equal(history.open, panel.open)


def test_an_asset_is_left_out_only_while_it_has_no_prices(market, params):
    late = lacking(market(), "GLD", slice(0, 40))
    history, _ = price_history(lacking(late, "TLT", slice(120, None)), params)

    assert history.symbols == late.symbols
    assert history.listed[:, late.symbols.index("GLD")].tolist() == [False] * 40 + [True] * 120
    assert history.listed[:, late.symbols.index("TLT")].tolist() == [True] * 120 + [False] * 40


def test_a_short_gap_is_bridged_by_the_close_before_and_logged_and_a_long_one_is_not(market, params):
    panel = lacking(lacking(market(), "SPY", slice(50, 52)), "EFA", slice(50, 60))
    history, edits = price_history(panel, params)
    spy, efa = panel.symbols.index("SPY"), panel.symbols.index("EFA")

    assert history.close[50:52, spy].tolist() == [panel.close[49, spy]] * 2
    assert history.open is not None
    assert history.open[50, spy] == history.close[50, spy]
    assert not history.listed[50:60, efa].any()
    assert [(edit.symbol, edit.rule) for edit in edits] == [("SPY", "gap"), ("SPY", "gap")]


def test_when_only_closes_are_known_there_are_no_opens(market, params):
    panel = market()
    nothing = np.full_like(panel.close, np.nan)
    history, _ = price_history(
        replace(panel, open=nothing, high=nothing, low=nothing, volume=nothing), params
    )

    assert history.open is None


def test_without_a_usable_asset_each_is_named(market, params):
    panel = market()
    with pytest.raises(DataError, match="None of 5 assets") as caught:
        price_history(replace(panel, close=np.full_like(panel.close, np.nan)), params)
    assert set(caught.value.figures) == set(panel.symbols)
