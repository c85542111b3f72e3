"""Whatever is sent in whatever order, the book balances."""

from __future__ import annotations

import contextlib
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings

D = Decimal
SYMBOLS = st.sampled_from(["SPY", "TLT", "EEM"])
QUANTITIES = st.decimals(min_value=D("0.000000001"), max_value=400, places=9)
WHOLE = st.integers(1, 400).map(D)
NOTIONALS = st.decimals(min_value=D("0.01"), max_value=80_000, places=2)
SIZES = st.one_of(
    st.fixed_dictionaries({"qty": QUANTITIES | WHOLE}), st.fixed_dictionaries({"notional": NOTIONALS})
)
FATES = st.sampled_from(
    [
        "",
        "",
        "",
        "reject:no",
        "hold",
        "partial:0.3:hold",
        "partial:0.3:cancel",
        "partial:0.3:continue",
        "slow:0",
        "slow:3600",
        "stuck_pending_cancel",
        "fill_on_cancel",
    ]
)


class ExchangeMachine(RuleBasedStateMachine):
    """Random orders, cancels and clock moves on one book with two months of three ETFs."""

    bars: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "exchange.sqlite"
        self.book = open_book(self.path, ExchangeSettings(cash=D(50_000)), self.bars)
        self.finished: dict[str, Order] = {}

    @rule(symbol=SYMBOLS, side=st.sampled_from(["buy", "sell"]), size=SIZES, fate=FATES)
    def market(self, symbol: str, side: str, size: dict[str, Decimal], fate: str) -> None:
        self.send(symbol=symbol, side=side, type="market", time_in_force="day", fate=fate, **size)

    @rule(
        symbol=SYMBOLS,
        side=st.sampled_from(["buy", "sell"]),
        qty=WHOLE,
        price=st.integers(30, 230),
        time_in_force=st.sampled_from(["day", "gtc"]),
    )
    def limit(self, symbol: str, side: str, qty: Decimal, price: int, time_in_force: str) -> None:
        self.send(
            symbol=symbol, side=side, type="limit", qty=qty, limit_price=D(price), time_in_force=time_in_force
        )

    @rule(symbol=SYMBOLS)
    def sell_everything(self, symbol: str) -> None:
        holding = self.book.account().holding(symbol)
        if holding and holding.available:
            self.send(symbol=symbol, side="sell", type="market", time_in_force="day", qty=holding.available)

    @precondition(lambda self: self.book.orders("open"))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.book.orders("open")))
        if order.status != "pending_cancel":
            self.book.cancel(order.id)
            self.book.settle()

    @precondition(lambda self: self.book.now.date().isoformat() < "2015-07-20")
    @rule(to=st.sampled_from(["close", "next_session", "next_session", "next_week"]))
    def advance(self, to: str) -> None:
        self.book.advance(to)

    @rule()
    def reopen(self) -> None:
        self.book.store.close()
        self.book = open_book(self.path, ExchangeSettings(cash=D(50_000)), self.bars)

    def send(self, fate: str = "", **request: object) -> None:
        with contextlib.suppress(Refusal):
            self.book.submit(parse_ticket(request), fate)
        self.book.settle()

    @invariant()
    def cash_is_whole_cents_and_never_negative(self) -> None:
        cash = self.book.account().cash
        assert cash >= 0
        assert cash == cash.quantize(D("0.01"))

    @invariant()
    def cash_and_positions_are_the_sum_of_the_fills(self) -> None:
        cash, held = D(50_000), {}
        for fill in self.book.store.rows("SELECT * FROM fill"):
            sign = 1 if fill["side"] == "buy" else -1
            cash -= sign * D(fill["cash"])
            held[fill["symbol"]] = held.get(fill["symbol"], D(0)) + sign * D(fill["qty"])
        account = self.book.account()
        assert account.cash == cash
        assert {holding.symbol: holding.qty for holding in account.holdings} == {
            symbol: qty for symbol, qty in held.items() if qty
        }
        assert all(qty >= 0 for qty in held.values())

    @invariant()
    def equity_is_cash_and_holdings(self) -> None:
        account = self.book.account()
        value = sum((holding.qty * holding.price for holding in account.holdings), D(0))
        assert abs(account.equity - account.cash - value) <= D("0.005")

    @invariant()
    def no_more_is_held_for_orders_than_exists(self) -> None:
        assert all(0 <= holding.available <= holding.qty for holding in self.book.account().holdings)

    @invariant()
    def fills_of_an_order_add_up_and_never_exceed_it(self) -> None:
        fills = self.book.store.rows("SELECT * FROM fill")
        for order in self.book.orders("all"):
            mine = [fill for fill in fills if fill["order_id"] == order.id]
            assert order.filled_qty == sum((D(fill["qty"]) for fill in mine), D(0))
            assert order.qty is None or order.filled_qty <= order.qty
            assert order.notional is None or order.filled_value <= order.notional
            assert order.status != "filled" or order.filled_qty > 0

    @invariant()
    def a_finished_order_never_changes_again(self) -> None:
        now = {order.id: order for order in self.book.orders("all")}
        for order_id, order in self.finished.items():
            assert now[order_id] == order
        self.finished = {order.id: order for order in self.book.orders("closed")}

    def teardown(self) -> None:
        self.book.store.close()
        self.folder.cleanup()


@pytest.mark.timeout(300)
def test_the_book_balances_whatever_happens(bars):
    ExchangeMachine.bars = bars
    run_state_machine_as_test(
        ExchangeMachine,
        settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
