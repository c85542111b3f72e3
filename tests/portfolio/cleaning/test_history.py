from __future__ import annotations

import numpy as np
import pytest

from portfolio.cleaning.clean import clean
from schemas.errors import DataError
from schemas.parameters import CleaningParameters


def without(spoil, panel, rows, symbol):
    return spoil(panel, rows, symbol, np.nan, fields=("open", "high", "low", "close", "volume"))


def excluded(cleaned):
    return {edit.symbol: edit.rule for edit in cleaned.edits if edit.action == "excluded"}


def test_clean_bars_give_plain_returns_and_an_empty_log(market, params):
    panel = market()
    cleaned = clean(panel, params, min_history=159)
    assert np.array_equal(cleaned.returns, panel.close[1:] / panel.close[:-1] - 1)
    assert np.array_equal(cleaned.sessions, panel.sessions[1:])
    assert cleaned.edits == ()


def test_a_short_gap_merges_the_holding_period_of_every_asset(market, spoil, params):
    panel = market()
    cleaned = clean(without(spoil, panel, slice(50, 53), "EFA"), params, min_history=100)
    assert len(cleaned.returns) == 156
    assert np.allclose(cleaned.returns[49], panel.close[53] / panel.close[49] - 1)
    assert [(e.symbol, e.rule, e.action) for e in cleaned.edits] == [("EFA", "gap", "flagged")] * 3


def test_a_long_gap_excludes_the_asset_not_the_history(market, spoil, params):
    cleaned = clean(without(spoil, market(), slice(80, 84), "EFA"), params, min_history=100)
    assert excluded(cleaned) == {"EFA": "short_history"}
    assert len(cleaned.returns) == 159


def test_a_long_gap_is_forgiven_when_enough_history_follows_it(market, spoil, params):
    cleaned = clean(without(spoil, market(), slice(20, 30), "EFA"), params, min_history=100)
    assert excluded(cleaned) == {}
    assert len(cleaned.returns) == 129


def test_too_many_short_gaps_exclude_the_asset(market, spoil, params):
    panel = market()
    for row in range(10, 150, 10):
        panel = without(spoil, panel, row, "GLD")
    assert excluded(clean(panel, params, min_history=100)) == {"GLD": "missing"}


def test_a_late_listing_is_excluded_when_it_would_shorten_the_others(market, spoil, params):
    panel = without(spoil, market(), slice(0, 100), "DBC")
    assert excluded(clean(panel, params, min_history=60)) == {"DBC": "short_history"}
    young = clean(panel, params, min_history=59)
    assert excluded(young) == {}
    assert len(young.returns) == 59


def test_gaps_of_several_assets_never_shorten_the_history_below_the_need(market, spoil, params):
    panel = market()
    for k, symbol in enumerate(("EFA", "TLT", "GLD")):
        for row in (20 + k, 60 + k, 100 + k):
            panel = without(spoil, panel, row, symbol)
    cleaned = clean(panel, params, min_history=155)
    assert len(cleaned.returns) >= 155
    assert excluded(cleaned) == {"EFA": "short_history", "GLD": "short_history"}


def test_a_close_that_is_late_leaves_out_the_newest_session_for_all(market, spoil, params):
    panel = market()
    cleaned = clean(without(spoil, panel, 159, "SPY"), params, min_history=100)
    assert cleaned.sessions[-1] == panel.sessions[158]
    (edit,) = cleaned.edits
    assert (edit.symbol, edit.session) == ("SPY", panel.sessions[159].item())


def test_an_asset_that_stopped_trading_is_excluded(market, spoil, params):
    panel = without(spoil, market(), slice(150, None), "TLT")
    assert excluded(clean(panel, params, min_history=100)) == {"TLT": "gap"}


def test_a_return_beyond_belief_excludes_the_asset(market, spoil, params):
    # Neither a level that lasts nor a print that is taken back: nothing says what the prices were.
    panel = spoil(spoil(market(), slice(90, None), "DBC", 40.0), slice(91, None), "DBC", 0.3)
    assert excluded(clean(panel, params, min_history=100)) == {"DBC": "impossible_return"}


def test_too_few_assets_are_an_error_that_names_each_with_its_reason(market, spoil):
    panel = without(spoil, without(spoil, market(), slice(0, 160), "SPY"), slice(40, 60), "EFA")
    with pytest.raises(DataError) as failure:
        clean(panel, CleaningParameters(min_assets=4), min_history=120)
    assert set(failure.value.figures) == {"SPY", "EFA"}
    assert "3 of 5 assets" in str(failure.value)


def test_no_bars_at_all_are_an_error(market, spoil, params):
    panel = market(assets=2)
    for symbol in panel.symbols:
        panel = without(spoil, panel, slice(None), symbol)
    with pytest.raises(DataError):
        clean(panel, params, min_history=1)
