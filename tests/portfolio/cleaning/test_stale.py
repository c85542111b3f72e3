from __future__ import annotations

import numpy as np
import pytest

from portfolio.cleaning.clean import clean, repair
from schemas.errors import DataError


def frozen(panel, rows, i):
    for name in ("open", "high", "low", "close"):
        panel.field(name)[rows, i] = panel.close[rows.start or rows.stop - 1, i]
    return panel


@pytest.mark.parametrize("rows", [slice(60, 75), slice(148, 160)], ids=["inside", "to the end"])
def test_an_asset_whose_price_stands_still_too_long_is_excluded_by_name(market, params, rows):
    cleaned = clean(frozen(market(), rows, 1), params, min_history=100)
    assert cleaned.symbols == ("SPY", "TLT", "GLD", "DBC")
    assert [e.symbol for e in cleaned.edits if e.action == "excluded"] == ["EFA"]
    assert len(cleaned.returns) == 159


def test_prices_frozen_before_listing_are_dropped(market, params):
    panel = frozen(market(), slice(0, 40), 1)
    repaired, edits = repair(panel, params)
    assert np.isnan(repaired.close[:39, 1]).all()
    assert np.array_equal(repaired.close[39:], panel.close[39:])
    assert {(edit.symbol, edit.rule) for edit in edits} == {("EFA", "stale")}


def test_an_asset_frozen_all_along_has_no_history(market, params):
    with pytest.raises(DataError) as failure:
        clean(frozen(market(assets=1), slice(0, 160), 0), params, min_history=100)
    assert "SPY" in failure.value.figures


def test_a_treasury_bill_fund_may_repeat_its_close(market, params):
    panel = market()
    rng = np.random.default_rng(3)
    bill = 91.5 + 0.01 * np.cumsum(rng.random(160) < 0.35)
    bill[100:115] = bill[100]
    for name in ("open", "high", "low", "close"):
        panel.field(name)[:, 2] = bill
    assert repair(panel, params)[1] == ()


def test_a_close_carried_over_a_day_without_trades_is_missing(market, params):
    panel = frozen(market(), slice(80, 82), 3)
    panel.volume[81, 3] = 0
    repaired, (edit,) = repair(panel, params)
    assert np.isnan(repaired.close[81, 3])
    assert edit.rule == "carried_forward"


def test_where_volume_is_never_known_zero_means_nothing(market, params):
    panel = frozen(market(), slice(80, 82), 3)
    panel.volume[:, 3] = 0
    assert repair(panel, params)[1] == ()
