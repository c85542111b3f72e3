"""Whatever is sent in whatever order, the book balances."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from brokerage.paper_exchange.corporate_actions import CorporateAction
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.options import ExchangeOptions
from brokerage.paper_exchange.order import Order
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings

D = Decimal
SYMBOLS = st.sampled_from(["SPY", "TLT"])
QUANTITIES = st.decimals(min_value=D("0.000000001"), max_value=400, places=9)
WHOLE = st.integers(1, 100).map(D)
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
    """Random orders, changes, cancels, corporate actions, transfers and clock moves on two ETFs."""

    bars: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "exchange.sqlite"
        self.book = open_book(self.path, ExchangeSettings(cash=D(50_000)), self.bars)
        self.book.set_options(ExchangeOptions(partial_fill_share=D("0.3"), live_like=True))
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

    @rule(
        symbol=SYMBOLS,
        side=st.sampled_from(["buy", "sell"]),
        qty=WHOLE,
        kind=st.sampled_from(
            [
                {"type": "stop", "stop_price": D(120)},
                {"type": "stop", "stop_price": D(215)},
                {"type": "stop_limit", "stop_price": D(118), "limit_price": D(121)},
                {"type": "trailing_stop", "trail_percent": D("0.5")},
                {"type": "market", "time_in_force": "ioc"},
                {"type": "market", "time_in_force": "fok"},
                {"type": "market", "time_in_force": "opg"},
                {"type": "market", "time_in_force": "cls"},
            ]
        ),
        fate=FATES,
    )
    def special(self, symbol: str, side: str, qty: Decimal, kind: dict[str, object], fate: str) -> None:
        self.send(**{"symbol": symbol, "side": side, "qty": qty, "time_in_force": "day", "fate": fate} | kind)

    @precondition(lambda self: self.book.orders("open"))
    @rule(data=st.data(), change=st.sampled_from([{"qty": "7"}, {"limit_price": "200"}, {"trail": "2"}]))
    def replace(self, data: st.DataObject, change: dict[str, str]) -> None:
        order = data.draw(st.sampled_from(self.book.orders("open")))
        with contextlib.suppress(Refusal):
            self.book.replace(order.id, change)
        self.book.settle()

    @rule(
        symbol=SYMBOLS,
        days=st.integers(1, 2),
        members=st.sampled_from(
            [
                {"type": "forward_split", "new_rate": 3},
                {"type": "reverse_split", "old_rate": 7},
                {"type": "cash_dividend", "rate": D("0.77")},
            ]
        ),
    )
    def act(self, symbol: str, days: int, members: dict[str, object]) -> None:
        day = self.book.now.date() + dt.timedelta(days=days)
        with contextlib.suppress(Refusal):
            self.book.add_corporate_action(CorporateAction(symbol=symbol, ex_date=day, **members))

    @initialize(unchecked=st.booleans())
    def let_others_act(self, *, unchecked: bool) -> None:
        self.unchecked = unchecked
        for symbol in ("SPY", "TLT"):
            self.send(symbol=symbol, side="buy", type="market", time_in_force="day", qty=D(60))

    @rule()
    def deposit(self) -> None:
        self.book.transfer(D("10000.01"))

    @precondition(lambda self: self.unchecked)
    @rule(amount=st.sampled_from([D("-30000.05"), D("-0.01")]))
    def withdraw(self, amount: Decimal) -> None:
        self.book.transfer(amount)

    @precondition(lambda self: self.unchecked)
    @rule(symbol=SYMBOLS, side=st.sampled_from(["buy", "sell"]), qty=QUANTITIES)
    def trade_by_hand(self, symbol: str, side: str, qty: Decimal) -> None:
        self.book.trade_by_hand(symbol, side, qty)

    @rule(symbol=SYMBOLS)
    def sell_everything(self, symbol: str) -> None:
        holding = self.book.account().holding(symbol)
        if holding and holding.available > 0:
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
    def the_book_balances(self) -> None:
        assert self.book.check() == []

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
