from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portfolio.cleaning.clean import clean, repair
from portfolio.cleaning.panel import PRICES
from schemas.parameters import CleaningParameters

SILENT = ("open", "high", "low", "volume")


def closes_only(panel):
    return replace(panel, **{name: np.full_like(panel.close, np.nan) for name in SILENT})


@pytest.mark.parametrize("assets", [1, 2, 5])
@pytest.mark.parametrize(
    ("fields", "factor"),
    [
        *((["close"], factor) for factor in (0.5, 0.85, 1.15, 1.4, 7.0)),
        *((["close", "low"], factor) for factor in (0.5, 0.85)),
        *((["close", "high"], factor) for factor in (1.15, 1.4, 7.0)),
        *((PRICES, factor) for factor in (0.5, 0.85, 1.15, 1.4, 7.0)),
    ],
)
def test_a_print_taken_back_at_once_is_removed(market, spoil, assets, fields, factor):
    panel = spoil(market(assets=assets), 90, "SPY", factor, fields=fields)
    params = CleaningParameters()
    repaired, edits = repair(panel, params)
    assert np.argwhere(np.isnan(repaired.close)).tolist() == [[90, 0]]
    assert {(edit.rule, edit.action) for edit in edits} == {("bad_print", "removed")}


@pytest.mark.parametrize("factor", [0.85, 1.15])
def test_closes_alone_show_a_bad_print(market, spoil, params, factor):
    panel = closes_only(spoil(market(assets=1), 90, "SPY", factor))
    assert np.isnan(repair(panel, params)[0].close[90, 0])


def test_every_asset_skips_the_removed_session_and_none_gets_a_zero(market, spoil, params):
    panel = market()
    cleaned = clean(spoil(panel, 90, "SPY", 1.2), params, min_history=100)
    row = int(np.flatnonzero(cleaned.sessions == panel.sessions[91])[0])
    assert panel.sessions[90] not in cleaned.sessions
    assert np.allclose(cleaned.returns[row], panel.close[91] / panel.close[89] - 1)


def test_a_crash_of_many_assets_stays_though_it_reverses(market, spoil, params):
    panel = market()
    for symbol in ("SPY", "EFA", "DBC"):
        panel = spoil(panel, 90, symbol, 0.88)
    assert repair(panel, params)[1] == ()


def test_a_crash_of_one_asset_that_lasts_stays(market, spoil, params):
    panel = spoil(market(), slice(90, None), "DBC", 0.75, fields=PRICES)
    panel.open[90, 4] = panel.close[89, 4]
    panel.high[90, 4] = panel.close[89, 4]
    assert repair(panel, params)[1] == ()


def test_a_move_that_the_next_open_still_believes_stays(market, spoil, params):
    panel = spoil(market(), 90, "DBC", 0.85, fields=["low", "close"])
    panel = spoil(panel, 91, "DBC", 0.85, fields=["open", "low"])
    assert repair(panel, params)[1] == ()


def test_a_move_beyond_which_others_traded_stays(market, spoil, params):
    panel = spoil(spoil(market(), 90, "DBC", 0.9, fields=["close"]), 90, "DBC", 0.8, fields=["low"])
    assert repair(panel, params)[1] == ()


def test_a_move_heralded_by_others_of_its_size_stays(market, spoil, params):
    panel = spoil(market(), slice(85, None), "DBC", 0.92)
    panel.open[85, 4] = panel.high[85, 4] = panel.close[84, 4]
    assert repair(spoil(panel, 90, "DBC", 0.9), params)[1] == ()


def test_an_extreme_newest_close_is_reported_and_kept_until_tomorrow_judges_it(market, spoil, params):
    panel = spoil(market(), 130, "GLD", 0.8, fields=["low", "close"])
    today = replace(
        panel, sessions=panel.sessions[:131], **{n: panel.field(n)[:131] for n in (*PRICES, "volume")}
    )
    cleaned = clean(today, params, min_history=100)
    assert [(e.symbol, e.rule, e.action) for e in cleaned.edits] == [("GLD", "unconfirmed_move", "flagged")]
    assert cleaned.returns[-1, 3] == today.close[130, 3] / today.close[129, 3] - 1
    tomorrow = clean(panel, params, min_history=100)
    assert {(e.symbol, e.rule) for e in tomorrow.edits} == {("GLD", "bad_print"), ("GLD", "gap")}


@pytest.mark.parametrize("factor", [40.0, 0.02])
def test_a_newest_close_that_no_market_makes_does_not_wait_for_tomorrow(market, spoil, params, factor):
    panel = market()
    cleaned = clean(spoil(panel, 159, "GLD", factor, fields=["close"]), params, min_history=100)
    assert cleaned.symbols == panel.symbols
    assert cleaned.sessions[-1] == panel.sessions[158]
    assert {(e.symbol, e.rule) for e in cleaned.edits} >= {("GLD", "bad_print"), ("GLD", "gap")}


def test_a_crash_of_everything_on_the_newest_session_needs_no_remark(market, spoil, params):
    panel = market()
    for symbol in panel.symbols:
        panel = spoil(panel, 159, symbol, 0.9)
    assert clean(panel, params, min_history=100).edits == ()
