"""Stages from prices to accounts on a real exchange: what each leaves behind."""

from dataclasses import replace

import numpy as np
import pytest

from tasks import cleaning

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_equity_goes_on_unbroken_when_a_held_asset_has_no_usable_returns(
    pipeline, store, exchange, monkeypatch
):
    """Excluding a third of the book for a week is a data problem, not a loss of a third."""
    first = pipeline().rebalance()
    largest = store.get(first.weights).sort_values("target_weight")["symbol"].iloc[-1]
    exchange.control.advance("next_week")

    second = pipeline().open()
    believed = cleaning.clean

    def disbelieve(panel, params, *, min_history):
        column = panel.symbols.index(largest)
        prices = {name: panel.field(name).copy() for name in ("open", "high", "low", "close", "volume")}
        for values in prices.values():
            values[:, column] = np.nan
        return believed(replace(panel, **prices), params, min_history=min_history)

    monkeypatch.setattr(cleaning, "clean", disbelieve)
    second.decide().send().close()

    assert largest in set(store.get(second.executed.positions)["symbol"])
    performance = store.history("performance", "risk_parity", second.run.account)
    assert abs(performance["period_return"].iloc[-1]) < 0.05
    left_alone = store.get(second.plan).set_index("symbol").loc[largest]
    assert left_alone["action"] == "hold"
    assert "without usable returns" in left_alone["reason"]


def test_every_artifact_of_a_run_is_in_place_before_it_is_visible(pipeline, store):
    run = pipeline().rebalance().run

    written = {
        path.parent.parent.name for path in store.root.glob(f"artifacts/*/run_date=*/{run.run_id}.parquet")
    }
    assert written == {
        "openings", "window_bars", "returns", "cleaning_log", "holdings", "target_weights", "certificates",
        "decisions", "order_plan", "claims", "orders", "fills", "positions", "performance", "strategy_log", "runs",
    }  # fmt: skip


def test_the_weights_of_a_run_are_certified_and_within_their_bounds(pipeline, store):
    run = pipeline().open().decide()

    weights = store.get(run.weights)
    assert weights["target_weight"].sum() == pytest.approx(0.99, abs=1e-9)
    assert (weights["target_weight"] <= weights["upper_bound"] + 1e-9).all()
    assert weights["risk_contribution"].sum() == pytest.approx(1.0)
    certificate = store.get(store.find(run.run, "certificates"))
    assert certificate["relative_gap"].iloc[0] <= 1e-8
