"""Years of bars become prices to simulate on: assets come and go, short gaps are bridged, faults are repaired as live."""

from dataclasses import replace

import numpy as np
import pytest

from portfolio.cleaning.panel import cut
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
    # that no price will ever come, nobody knows on the first three sessions without one
    assert history.listed[:, late.symbols.index("TLT")].tolist() == [True] * 123 + [False] * 37


def test_a_gap_is_bridged_by_the_close_before_until_it_is_a_long_one_and_logged(market, params):
    panel = lacking(lacking(market(), "SPY", slice(50, 52)), "EFA", slice(50, 60))
    history, edits = price_history(panel, params)
    spy, efa = panel.symbols.index("SPY"), panel.symbols.index("EFA")

    assert history.close[50:52, spy].tolist() == [panel.close[49, spy]] * 2
    assert history.open is not None
    assert history.open[50, spy] == history.close[50, spy]
    assert history.close[50:53, efa].tolist() == [panel.close[49, efa]] * 3
    assert history.listed[50:61, efa].tolist() == [True] * 3 + [False] * 7 + [True]
    assert sorted((edit.symbol, edit.rule) for edit in edits) == [("EFA", "gap")] * 3 + [("SPY", "gap")] * 2


def frozen(panel, symbol, rows):
    i = panel.symbols.index(symbol)
    matrices = {name: panel.field(name).copy() for name in ("open", "high", "low", "close")}
    for matrix in matrices.values():
        matrix[rows, i] = panel.close[rows.start, i]
    return replace(panel, **matrices)


def test_a_price_that_stands_still_is_listed_until_it_shows(market, params):
    panel = frozen(market(), "GLD", slice(60, 76))
    history, edits = price_history(panel, params)
    gld = panel.symbols.index("GLD")

    assert history.close[60:69, gld].tolist() == [panel.close[60, gld]] * 9
    assert history.listed[60:77, gld].tolist() == [True] * 9 + [False] * 7 + [True]
    assert {(edit.symbol, edit.rule) for edit in edits} == {("GLD", "stale"), ("GLD", "gap")}


def halted(panel, symbol, rows, factor):
    """No bars, then prices on another level for good."""
    later = {name: panel.field(name).copy() for name in ("open", "high", "low", "close")}
    for matrix in later.values():
        matrix[rows.stop :, panel.symbols.index(symbol)] *= factor
    return lacking(replace(panel, **later), symbol, rows)


def untraded(panel, symbol, rows):
    """The price is carried over days without any trade."""
    volume = panel.volume.copy()
    volume[rows, panel.symbols.index(symbol)] = 0
    return replace(frozen(panel, symbol, slice(rows.start - 1, rows.stop)), volume=volume)


SPOILT = {
    "halted two sessions": lambda panel: halted(panel, "GLD", slice(60, 62), 0.72),
    "halted five sessions": lambda panel: halted(panel, "GLD", slice(60, 65), 0.72),
    "frozen": lambda panel: frozen(panel, "GLD", slice(60, 75)),
    "frozen, then gone": lambda panel: lacking(frozen(panel, "GLD", slice(60, 72)), "GLD", slice(72, None)),
    "without trades, as never before": lambda panel: untraded(panel, "GLD", slice(60, 66)),
    "without trades, as usual until it is popular": lambda panel: untraded(
        untraded(panel, "GLD", slice(1, 40)), "GLD", slice(60, 66)
    ),
    "without trades, and never popular again": lambda panel: untraded(
        untraded(panel, "GLD", slice(60, 66)), "GLD", slice(70, 158)
    ),
    "delisted": lambda panel: lacking(panel, "GLD", slice(60, None)),
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_what_a_session_shows_does_not_depend_on_any_later_one(market, params, spoilt):
    panel = spoilt(market())
    whole, _ = price_history(panel, params)
    for end in range(58, 82):
        known, _ = price_history(cut(panel, np.arange(160) < end, np.ones(5, dtype=bool)), params)
        assert np.array_equal(known.close, whole.close[:end], equal_nan=True)


def test_a_bad_print_is_removed_a_day_before_a_live_run_could_know(market, spoil, params):
    panel = spoil(market(), 60, "GLD", 1.3)
    whole, _ = price_history(panel, params)
    differing = []
    for end in range(58, 66):
        known, _ = price_history(cut(panel, np.arange(160) < end, np.ones(5, dtype=bool)), params)
        differing += np.argwhere(known.close != whole.close[:end]).tolist()
    assert differing == [[60, panel.symbols.index("GLD")]]


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
