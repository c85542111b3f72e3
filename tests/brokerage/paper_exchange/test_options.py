"""What happens to an account from outside, and how real the exchange can be made to feel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from pydantic import ValidationError

from brokerage.paper_exchange.activities import happenings
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.options import ExchangeOptions
from brokerage.paper_exchange.portfolio_history import Span, portfolio_history
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings

D = Decimal


def test_deposits_and_withdrawals_change_the_cash_and_are_activities(book):
    book.transfer(D("500.5"))
    book.transfer(D("-100600.5"))
    assert book.account().cash == -100
    rows = [one.document for one in happenings(book.store.book)]
    assert [(row["activity_type"], row["net_amount"]) for row in rows] == [
        ("CSD", "500.5"),
        ("CSW", "-100600.5"),
    ]
    assert (book.account().buying_power, book.check()) == (0, [])


def test_somebody_else_may_trade_in_the_account_even_at_night_and_even_short(book, send):
    send(qty="10")
    book.advance("close")
    order = book.trade_by_hand("SPY", "sell", D(4))
    assert book.account().holding("SPY").qty == 6
    assert book.order(order.id).status == "filled"
    book.trade_by_hand("SPY", "sell", D(10))
    short = book.account().holding("SPY")
    assert (short.qty, short.avg_entry_price) == (-4, book.tape.quote("SPY", book.now).bid)
    assert book.account().short_market_value == short.market_value < 0
    book.trade_by_hand("SPY", "buy", D(4))
    assert book.account().holding("SPY") is None
    assert book.check() == []
    with pytest.raises(Refusal, match="not found"):
        book.trade_by_hand("ZZZZ", "buy", D(1))


def test_slippage_makes_market_orders_worse_and_leaves_limits_alone(book, send):
    book.set_options(ExchangeOptions(slippage_bps=10))
    quote = book.tape.quote("SPY", book.now)
    bought, limited = send(qty="1"), send(qty="1", type="limit", limit_price="300")
    sold = send(side="sell", qty="1")
    assert book.order(bought.id).filled_avg_price == (quote.ask * D("1.001")).quantize(D("0.0001"))
    assert book.order(sold.id).filled_avg_price == (quote.bid * D("0.999")).quantize(D("0.0001"))
    assert book.order(limited.id).filled_avg_price == quote.ask


def test_latency_lets_orders_wait(book, send):
    book.set_options(ExchangeOptions(latency_seconds=60))
    order = send(qty="1")
    assert book.order(order.id).status == "new"
    book.advance("2015-06-01T10:01:00-04:00")
    assert book.order(order.id).status == "filled"


def test_about_the_asked_share_of_orders_fills_in_two_parts_the_same_ones_every_time(tmp_path, bars):
    def play(name: str) -> list[str]:
        book = open_book(tmp_path / name, ExchangeSettings(), bars)
        book.set_options(ExchangeOptions(partial_fill_share=D("0.25")))
        request = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "4"}
        orders = [book.submit(parse_ticket(request)) for _ in range(40)]
        book.settle()
        states = [book.order(order.id) for order in orders]
        book.settle()
        assert {book.order(order.id).filled_qty for order in orders} == {4}
        assert all(0 < state.filled_qty < 4 for state in states if state.status != "filled")
        return [state.status for state in states]

    once, again = play("one.sqlite"), play("other.sqlite")
    assert once == again
    assert 4 <= once.count("partially_filled") <= 18


def test_a_halted_symbol_fills_nothing_until_it_trades_again(book, send):
    with book.store.transaction() as store:
        store.execute("UPDATE asset SET halted = 1 WHERE symbol = 'SPY'")
    order = send(qty="1")
    assert book.order(order.id).status == "new"
    with book.store.transaction() as store:
        store.execute("UPDATE asset SET halted = 0 WHERE symbol = 'SPY'")
    book.settle()
    assert book.order(order.id).status == "filled"


def test_options_that_make_no_sense_are_refused():
    for wrong in ({"collar": 0}, {"partial_fill_share": 2}, {"latency": 1}):
        with pytest.raises(ValidationError):
            ExchangeOptions(**wrong)


def test_what_is_paid_in_is_no_profit(book):
    book.advance("next_session")
    book.transfer(D(1000))
    book.advance("next_session")
    span = Span(book.now - dt.timedelta(days=3), book.now, "1D", resets_daily=False, cashflow_types=("ALL",))
    history = portfolio_history(book, span)
    assert history["equity"] == [100_000, 101_000, 101_000]
    assert history["profit_loss"] == [0, 0, 0]
    assert history["cashflow"] == {"CSD": [0, 1000, 0]}
