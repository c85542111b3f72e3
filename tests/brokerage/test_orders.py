"""From weights to orders: what is sold, what is bought, what is left alone, and never more than there is."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerage.models import Asset, Position
from brokerage.orders import LEFT_ALONE, cash_buffer, plan_orders, scale_buys
from schemas.errors import GuardRefusal, NeedsHuman
from schemas.identity import Run
from schemas.parameters import ExecutionParameters

D = Decimal
RUN = Run(
    strategy="risk_parity",
    session=dt.date(2015, 6, 1),
    decided_at=dt.datetime(2015, 6, 1, 14, tzinfo=dt.UTC),
    venue="loopback",
    account="loopback-00000000",
)


def holding(symbol, qty, price=100, **more):
    return Position(symbol=symbol, qty=D(qty), market_value=D(qty) * D(price), current_price=D(price), **more)


def asset(symbol, **more):
    return Asset(**{"symbol": symbol, "status": "active", "tradable": True, "fractionable": True} | more)


def plan(targets, *, cash, positions=(), prices=None, **more):
    symbols = set(targets) | {p.symbol for p in positions}
    prices = dict.fromkeys(symbols, D(100)) | (prices or {})
    given = {
        "equity": D(cash) + sum((p.market_value or D(0) for p in positions), D(0)),
        "cash": D(cash),
        "positions": positions,
        "targets": targets,
        "prices": prices,
        "last_closes": dict(prices),
        "assets": {symbol: asset(symbol) for symbol in symbols},
        "params": ExecutionParameters(),
    }
    return plan_orders(RUN, **(given | more))


def by_symbol(rows):
    return {row.symbol: row for row in rows}


def test_from_cash_every_target_is_bought_by_its_value():
    rows = by_symbol(plan({"SPY": 0.6, "TLT": 0.39}, cash=1000))

    assert (rows["SPY"].action, rows["SPY"].notional, rows["SPY"].qty) == ("buy", D("600.00"), None)
    assert rows["TLT"].notional == D("390.00")
    assert rows["SPY"].client_order_id == "risk_parity-2015-W23-1-B-SPY-1"


def test_sells_come_first_and_are_sized_in_shares():
    rows = plan({"SPY": 0.25, "TLT": 0.75}, cash=0, positions=[holding("SPY", "10")])

    assert [(row.sequence, row.symbol, row.action) for row in rows] == [(1, "SPY", "sell"), (2, "TLT", "buy")]
    assert rows[0].qty == D("7.5")
    assert rows[1].notional == D("750.00")


def test_scenario_33_a_full_exit_sells_exactly_what_is_held_even_a_billionth_of_a_share():
    dust = D("0.000000001")

    rows = by_symbol(
        plan({"SPY": 0.5}, cash=1000, positions=[holding("TLT", "3.123456789"), holding("GLD", dust)])
    )

    assert rows["TLT"].qty == D("3.123456789")
    assert rows["GLD"].qty == dust


def test_rounding_never_sells_a_hair_more_than_is_held():
    """20.019 shares at 0.50 are worth 10.01 in whole cents, which would be 20.02 shares."""
    held = holding("SPY", "20.019", "0.5")

    rows = plan({"SPY": 1e-9}, cash=1000, positions=[held], prices={"SPY": D("0.5")})

    assert rows[0].qty == D("20.019")


def test_scenario_34_a_trade_of_99_cents_is_left_alone_and_says_so():
    rows = plan({"SPY": 0.5}, cash=500, positions=[holding("SPY", "4.9802")])

    assert rows[0].action == "hold"
    assert rows[0].reason == "0.99 USD from target: below the least trade of 5 USD"
    assert rows[0].client_order_id is None


def test_scenario_36_whole_shares_where_fractions_do_not_trade_any_more():
    whole = {"SPY": asset("SPY", fractionable=False)}

    bought = plan({"SPY": 0.57}, cash=1000, assets=whole)[0]
    sold = plan({"SPY": 0.57}, cash=0, positions=[holding("SPY", "10")], assets=whole)[0]
    none = plan({"SPY": 0.05}, cash=1000, assets=whole)[0]

    assert (bought.action, bought.qty, bought.notional) == ("buy", D(5), None)
    assert (sold.action, sold.qty) == ("sell", D(4))
    assert (none.action, none.reason) == ("hold", "less than one share, and only whole shares trade")


@pytest.mark.parametrize("broken", [{"tradable": False}, {"status": "inactive"}])
def test_scenario_37_what_the_broker_does_not_trade_is_left_alone_and_the_rest_makes_do(broken):
    """TLT should shrink by 220 and cannot, so SPY gets the cash there is, less the buffer of 20."""
    rows = by_symbol(
        plan(
            {"SPY": 0.6, "TLT": 0.39},
            cash=1000,
            positions=[holding("TLT", "10")],
            assets={"SPY": asset("SPY"), "TLT": asset("TLT", **broken)},
        )
    )

    assert rows["TLT"].action == "hold"
    assert rows["TLT"].reason.startswith(LEFT_ALONE)
    assert rows["SPY"].notional == D("980.00")


def test_a_price_far_from_the_last_close_is_not_believed():
    """A split the data does not know of yet, or a bad quote: either way no order is sized on it."""
    rows = plan(
        {"SPY": 1.0},
        cash=0,
        positions=[holding("SPY", "10")],
        prices={"SPY": D(25)},
        last_closes={"SPY": D(100)},
    )

    assert rows[0].action == "hold"
    assert rows[0].reason == "left alone: price 25 is 75.0% from the last close 100"


def test_without_a_price_nothing_is_traded():
    rows = by_symbol(plan({"SPY": 0.5, "TLT": 0.5}, cash=1000, prices={"SPY": D(0)}))

    assert (rows["SPY"].action, rows["SPY"].reason) == ("hold", "left alone: no usable price")
    assert rows["TLT"].notional == D("500.00")


@pytest.mark.parametrize("short", [{"qty": "-5"}, {"qty": "5", "side": "short"}])
def test_a_short_position_needs_a_person(short):
    position = Position(symbol="TLT", market_value=D(-500), **short)

    with pytest.raises(NeedsHuman, match="TLT"):
        plan({"SPY": 1.0}, cash=1000, positions=[position])


def test_scenario_29_cash_below_zero_is_restored_before_anything_is_bought():
    """Equity is 10,000: 500 are owed, and the targets leave 100 in cash."""
    rows = by_symbol(plan({"SPY": 0.8, "TLT": 0.19}, cash=-500, positions=[holding("SPY", "105")]))

    raised, spent = rows["SPY"].value, rows["TLT"].value
    assert (rows["SPY"].action, rows["TLT"].action) == ("sell", "buy")
    assert -500 + raised - spent == D("100.00")


def test_scenario_29_what_is_owed_beyond_the_holdings_is_refused():
    with pytest.raises(GuardRefusal, match="no equity"):
        plan({"SPY": 1.0}, cash=-500, positions=[holding("SPY", "5")])


@pytest.mark.parametrize("targets", [{"SPY": float("nan")}, {"SPY": -0.1}, {"SPY": 0.7, "TLT": 0.7}])
def test_weights_that_are_none_plan_nothing(targets):
    with pytest.raises(GuardRefusal):
        plan(targets, cash=1000)


def test_nothing_to_invest_is_said():
    with pytest.raises(GuardRefusal, match="no equity"):
        plan({"SPY": 1.0}, cash=0)


def test_the_share_no_target_claims_stays_cash_when_money_is_short():
    """Cash was withdrawn between valuation and planning: the buys shrink, the buffer does not."""
    rows = plan({"SPY": 0.6, "TLT": 0.3}, cash=550, equity=D(1000))

    assert cash_buffer(rows) == D("100.00")
    assert {row.symbol: row.notional for row in rows} == {"SPY": D("300.00"), "TLT": D("150.00")}
    assert "scaled by 0.5000" in rows[0].reason


def test_buys_scaled_to_almost_nothing_are_not_sent():
    rows = plan({"SPY": 0.6, "TLT": 0.3}, cash=105, equity=D(1000))

    assert [row.action for row in rows] == ["hold", "hold"]
    assert all(row.reason.endswith("too small to send") for row in rows)


SYMBOLS = st.sampled_from(["SPY", "TLT", "GLD", "DBC", "EEM"])
PRICES = st.decimals(min_value="0.5", max_value=2000, places=4)
SHARES = st.decimals(min_value="0.000000001", max_value=5000, places=9)


@st.composite
def situations(draw):
    symbols = draw(st.lists(SYMBOLS, min_size=1, unique=True))
    prices = {symbol: draw(PRICES) for symbol in symbols}
    held = [symbol for symbol in symbols if draw(st.booleans())]
    positions = [holding(symbol, draw(SHARES), prices[symbol]) for symbol in held]
    raw = {symbol: draw(st.floats(0, 1)) for symbol in symbols}
    scale = draw(st.floats(0.1, 1)) / max(1.0, sum(raw.values()))
    return {
        "targets": {symbol: weight * scale for symbol, weight in raw.items()},
        "cash": draw(st.decimals(min_value=1, max_value=10**6, places=2)),
        "positions": positions,
        "prices": prices,
        "assets": {symbol: asset(symbol, fractionable=draw(st.booleans())) for symbol in symbols},
    }


@given(situations())
def test_no_plan_sells_more_than_is_held_or_buys_more_than_is_paid_for(situation):
    rows = plan(**situation)

    sells = [row for row in rows if row.action == "sell"]
    buys = [row for row in rows if row.action == "buy"]
    assert all(0 < row.qty <= row.current_qty for row in sells)
    assert sum(row.value for row in buys) <= situation["cash"] + sum(row.value for row in sells)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert [row.action for row in rows] == sorted(
        (row.action for row in rows), key=["sell", "buy", "hold"].index
    )


@given(situations())
def test_every_size_lies_on_the_grid_the_broker_accepts(situation):
    for row in plan(**situation):
        sizes = [size for size in (row.qty, row.notional) if size is not None]
        assert len(sizes) == (row.action != "hold")
        assert row.notional is None or row.notional == row.notional.quantize(D("0.01"))
        assert row.qty is None or row.qty == row.qty.quantize(D("0.000000001"))
        assert (row.client_order_id is None) == (row.action == "hold")
        if row.action == "buy" and not situation["assets"][row.symbol].fractionable:
            assert row.qty == row.qty.to_integral_value()


@given(situations(), st.decimals(min_value=0, max_value=10**6, places=2))
def test_scaling_keeps_the_ratios_of_the_buys(situation, budget):
    buys = [row for row in plan(**situation) if row.notional is not None]

    scaled = scale_buys(buys, budget, D(5))

    factor = min(D(1), budget / sum(row.notional for row in buys)) if buys else D(1)
    sent = [(old, new) for old, new in zip(buys, scaled, strict=True) if new.action == "buy"]
    assert sum((new.notional for _, new in sent), D(0)) <= budget
    assert all(0 <= old.notional * factor - new.notional < D("0.0101") for old, new in sent)
