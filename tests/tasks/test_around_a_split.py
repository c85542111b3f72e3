"""Around a split price and shares may not fit together yet: what splits is not bought, and while it is held nothing trades."""

from __future__ import annotations

import pytest

from schemas.errors import GuardRefusal

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_scenario_39_an_asset_about_to_split_is_closed_for_our_orders(pipeline, exchange, store, posts):
    """What becomes of an asset that does not trade is the matter of scenario 37."""
    split = {"type": "forward_split", "symbol": "IEF", "ex_date": "2015-06-02", "new_rate": 4}
    exchange.control.add_corporate_action(**split)

    run = pipeline(strategy="equal_weight").open().decide()

    assert [row["symbol"] for row in store.rows(run.holdings) if not row["tradable"]] == ["IEF", "CASH"]
    assert {row["action"] for row in store.rows(run.plan)} == {"buy", "hold"}


def test_scenario_39_while_a_held_asset_splits_nothing_is_traded_and_the_week_is_made_up(
    pipeline, exchange, store, posts
):
    """Prices are split on Monday, shares on Tuesday: in between a fourth of them counts, and every size would be wrong."""
    pipeline(strategy="equal_weight").rebalance()
    sent = posts()
    exchange.control.add_corporate_action(
        type="forward_split", symbol="IEF", ex_date="2015-06-08", new_rate=4, booked_on="2015-06-09"
    )
    exchange.control.advance("next_week")

    with pytest.raises(GuardRefusal, match="IEF: forward split on 2015-06-08"):
        pipeline(strategy="equal_weight", force=True, reason="drill").open().decide()
    assert posts() == sent

    exchange.control.advance("next_session")
    exchange.control.advance("next_session")
    made_up = pipeline("guard.drift_threshold=0.0001", strategy="equal_weight").rebalance()
    assert made_up.executed.outcome == "complete"
    assert store.get(made_up.executed.positions)["difference"].abs().max() < 1e-3
