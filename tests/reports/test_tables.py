from __future__ import annotations

from decimal import Decimal

from reports.format import MISSING
from reports.tables import (
    cleaning_table,
    long_only_floors,
    orders_table,
    performance_table,
    plan_table,
    positions_table,
    records,
    slippage_cost,
)


def _names(table) -> list[str]:
    return [column.name for column in table.columns]


def test_the_plan_shows_now_target_distance_trade_and_why(make_inputs) -> None:
    inputs = make_inputs()
    table = plan_table(inputs.order_plan, inputs.target_weights)
    assert _names(table) == ["symbol", "now", "target", "off target", "trade", "why"]
    assert table.rows[1] == (
        "TLT", "14.8%", "29.7%", "-14.8pp", "BUY $14,833.34", "TLT is below its target; binds: sleeve_max",
    )  # fmt: skip


def test_trades_sized_in_shares_and_assets_left_alone_say_so(make_inputs) -> None:
    plan = make_inputs().order_plan
    plan.loc[0, ["action", "qty", "notional"]] = ["sell", Decimal("51.2"), None]
    plan.loc[1, ["action", "client_order_id", "notional"]] = ["hold", None, None]
    table = plan_table(plan, make_inputs().target_weights)
    assert [row[4] for row in table.rows[:2]] == ["SELL 51.2 sh", "hold"]


def test_trades_stand_in_the_order_of_sending(make_inputs) -> None:
    inputs = make_inputs()
    table = plan_table(inputs.order_plan.iloc[::-1], inputs.target_weights)
    assert [row[0] for row in table.rows] == ["SPY", "TLT", "GLD"]


def test_without_a_plan_the_targets_are_shown_as_not_planned(make_inputs) -> None:
    inputs = make_inputs(["hold"])
    table = plan_table(inputs.order_plan, inputs.target_weights)
    assert table.rows[0] == ("SPY", "19.8%", "39.7%", "-19.8pp", MISSING, "no trade was planned")


def test_an_unfilled_order_keeps_its_row_and_the_brokers_words(make_inputs) -> None:
    inputs = make_inputs(["adjusted"])
    first, *_, last = orders_table(inputs.orders, inputs.fills).rows
    assert first == (
        "SPY",
        "BUY",
        "$100.00",
        "1 sh",
        "$100.01",
        "$100.00",
        "$100.01",
        "+1.0 bp",
        "filled",
        "",
    )
    assert last[3:] == ("0 sh", MISSING, MISSING, MISSING, MISSING, "rejected", "insufficient buying power")


def test_a_column_of_broker_messages_appears_only_when_there_is_one(make_inputs) -> None:
    inputs = make_inputs()
    assert "broker says" not in _names(orders_table(inputs.orders, inputs.fills))


def test_slippage_is_a_cost_on_either_side(make_inputs) -> None:
    fills = make_inputs().fills
    assert slippage_cost(fills) == Decimal("0.03")
    fills["side"] = "sell"
    assert slippage_cost(fills) == Decimal("-0.03")


def test_cash_is_the_last_position(make_inputs) -> None:
    positions = make_inputs().positions
    assert [row[0] for row in positions_table(positions).rows] == ["SPY", "TLT", "GLD", "CASH"]


def test_the_latest_runs_come_first(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 4)
    table = performance_table(inputs.performance, {inputs.run_id: "complete"}, rows=2)
    assert [row[:3] for row in table.rows] == [
        ("2015-06-22", "complete", "$99,000.00"),
        ("2015-06-15", "", "$98,000.00"),
    ]


def test_exclusions_lead_the_cleaning_log(make_inputs) -> None:
    log = make_inputs().cleaning_log
    excluded = log.assign(symbol="ZZZ", session=None, action="excluded", field=None)
    table = cleaning_table(type(log)(records(log) + records(excluded)), rows=5)
    assert [row[:5] for row in table.rows] == [
        ("ZZZ", "all", "bad_print", "excluded", MISSING),
        ("GLD", "2015-06-01", "bad_print", "repaired", "close 10 → 100"),
    ]


def test_only_floors_at_zero_go_without_saying(make_inputs) -> None:
    weights = make_inputs().target_weights
    weights.loc[weights["symbol"] == "TLT", "lower_bound"] = 0.1
    assert long_only_floors(weights) == {"min_weight SPY", "min_weight GLD"}
    table = plan_table(make_inputs().order_plan, weights)
    assert [row[5].partition("; ")[2] for row in table.rows] == ["", "binds: min_weight TLT, sleeve_max", ""]
