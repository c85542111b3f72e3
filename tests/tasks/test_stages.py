"""Stages from prices to accounts on a real exchange: what each leaves behind."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tasks import derivation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def without_returns(monkeypatch, symbol):
    """From here on cleaning believes none of the asset's prices."""
    believed = derivation.clean

    def disbelieve(panel, params, *, min_history):
        column = panel.symbols.index(symbol)
        prices = {name: panel.field(name).copy() for name in ("open", "high", "low", "close", "volume")}
        for values in prices.values():
            values[:, column] = np.nan
        return believed(replace(panel, **prices), params, min_history=min_history)

    monkeypatch.setattr(derivation, "clean", disbelieve)


def test_equity_goes_on_unbroken_when_a_held_asset_has_no_usable_returns(
    pipeline, store, exchange, monkeypatch
):
    """Excluding a third of the book for a week is a data problem, not a loss of a third."""
    first = pipeline().rebalance()
    largest = store.get(first.weights).sort_values("target_weight")["symbol"].iloc[-1]
    exchange.control.advance("next_week")

    second = pipeline().open()
    without_returns(monkeypatch, largest)
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
        "explanations", "shadow_prices", "notes", "decisions", "order_plan", "claims", "orders", "fills", "positions", "performance", "strategy_log",
        "runs", "artifacts",
    }  # fmt: skip


def test_the_weights_of_a_run_are_certified_and_within_their_bounds(pipeline, store):
    run = pipeline().open().decide()

    weights = store.get(run.weights)
    assert weights["target_weight"].sum() == pytest.approx(0.99, abs=1e-9)
    assert (weights["target_weight"] <= weights["upper_bound"] + 1e-9).all()
    assert weights["risk_contribution"].sum() == pytest.approx(1.0)
    certificate = store.get(store.find(run.run, "certificates"))
    assert certificate["relative_gap"].iloc[0] <= 1e-8


def explained(store, name, run):
    return store.get(store.find(run, name))


def test_the_first_decision_is_explained_by_signal_alone(pipeline, store):
    run = pipeline().open().decide()

    why = explained(store, "explanations", run.run)
    assert why["previous_target"].isna().all()
    assert (why["drift"] == 0).all()
    assert (why["signal"] == why["change"]).all()
    assert set(why["symbol"]) == set(run.opening.symbols)


def test_the_second_week_splits_each_change_into_drift_and_signal_exactly(pipeline, store, exchange):
    first = pipeline().rebalance()
    exchange.control.advance("next_week")
    second = pipeline().open().decide()

    why = explained(store, "explanations", second.run).set_index("symbol")
    assert (why["drift"] + why["signal"] == why["change"]).all()
    assert (why["current_weight"] + why["change"] == why["target_weight"]).all()
    assert why["drift"].sum() + why["signal"].sum() == why["change"].sum()
    assert (why["drift"] != 0).any()
    targets = store.get(first.weights).set_index("symbol")["target_weight"]
    assert (why["previous_target"] - targets).abs().max() < 1e-15
    held = store.get(second.holdings).set_index("symbol")["weight"]
    assert (why["current_weight"] - held.reindex(why.index)).abs().max() < 1e-15


def test_what_a_plan_wanted_is_not_a_previous_target(pipeline, store, exchange):
    pipeline().rebalance()
    exchange.control.advance("next_week")
    done = explained(
        store, "explanations", pipeline("max_weight=0.2", dry_run=True).open().decide().commit("planned").run
    )
    again = explained(store, "explanations", pipeline().open().decide().run)

    assert (again["previous_target"] == done["previous_target"]).all()


def test_every_binding_constraint_has_its_price_and_sentence(pipeline, store):
    run = pipeline().open().decide().run

    prices = explained(store, "shadow_prices", run).set_index("constraint_name")
    proof = explained(store, "certificates", run).iloc[0]
    assert set(prices.index) == set(proof["active"].split(", "))
    deviation = proof["objective"] ** 0.5
    for name, multiplier in json.loads(proof["multipliers"]).items():
        assert prices["cost_bp_per_pp"][name] == pytest.approx(100 * multiplier / (2 * deviation))
    assert prices["sentence"].str.contains("bp of daily downside deviation").all()
    why = explained(store, "explanations", run).set_index("symbol")
    capped = prices[prices["kind"] == "max_weight"]
    assert len(capped)
    for row in capped.itertuples():
        assert why["shadow_price"][row.symbol] == row.cost_bp_per_pp


def test_a_strategy_that_solves_nothing_is_explained_without_prices(pipeline, store):
    run = pipeline(strategy="equal_weight").open().decide().run

    why = explained(store, "explanations", run)
    assert why["shadow_price"].isna().all()
    assert (why["marginal_risk"].abs() > 0).any()
    assert len(explained(store, "shadow_prices", run)) == 0


def test_scenario_67_a_fallback_keeps_the_holdings_and_is_on_record(pipeline, store, exchange):
    """From the notes to the accounts: nothing is traded, and why is written where people look."""
    first = pipeline().rebalance()
    exchange.control.advance("next_week")
    impossible = ["on_infeasible=keep_current", 'groups=[{name="oil", symbols=["USO"], min=0.2}]']
    second = pipeline(*impossible).rebalance()

    assert second.executed.outcome == "hold"
    assert store.get(second.executed.orders).empty
    why = explained(store, "explanations", second.run)
    assert (why["change"] == 0).all()
    assert (why["drift"] == -why["signal"]).all()
    notes = explained(store, "notes", second.run)
    assert "none of its symbols is among the assets" in notes[notes["kind"] == "fallback"]["text"].item()
    status = json.loads((store.root / "output" / "risk_parity" / "status.json").read_text())
    assert status["fallback"] == notes["text"].iloc[0]
    assert explained(store, "certificates", second.run).empty
    assert not explained(store, "notes", first.run)["kind"].eq("fallback").any()


def test_a_fallback_keeps_them_even_beside_a_holding_without_returns(pipeline, store, exchange, monkeypatch):
    """Weights are shares of what is decided about; the holding that is left out must not shrink the others."""
    first = pipeline().rebalance()
    largest = store.get(first.weights).sort_values("target_weight")["symbol"].iloc[-1]
    exchange.control.advance("next_week")
    without_returns(monkeypatch, largest)
    impossible = ["on_infeasible=keep_current", 'groups=[{name="oil", symbols=["USO"], min=0.2}]']
    second = pipeline(*impossible).open().decide()

    assert set(store.get(second.plan)["action"]) == {"hold"}
    held = store.get(second.weights)["current_weight"]
    assert held.sum() == pytest.approx(0.99, abs=0.02)
