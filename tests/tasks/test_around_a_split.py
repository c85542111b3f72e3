"""Around a split nothing is traded in the asset it concerns: prices and shares may not fit together yet."""

from __future__ import annotations

import pytest

from tasks.cleaning import clean_returns
from tasks.execution import take_stock
from tasks.ingestion import pull_bars

pytestmark = pytest.mark.integration


def test_scenario_39_an_asset_about_to_split_is_closed_for_our_orders(pipeline, exchange, store):
    """What becomes of an asset that does not trade is the matter of scenario 37."""
    split = {"type": "forward_split", "symbol": "IEF", "ex_date": "2015-06-02", "new_rate": 4}
    exchange.control.add_corporate_action(**split)
    weekly = pipeline().open()
    run, parameters = weekly.run, weekly.parameters

    bars = pull_bars.fn(run, weekly.opening.symbols, 60, parameters.ingestion)
    returns, _ = clean_returns.fn(run, bars, 60, parameters.cleaning)
    holdings = take_stock.fn(weekly.opening, bars, returns, parameters)

    assert [row["symbol"] for row in store.rows(holdings) if not row["tradable"]] == ["IEF", "CASH"]
