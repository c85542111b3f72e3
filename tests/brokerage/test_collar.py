"""A limit around the quote: it trades at once, costs a bounded amount more, and lies on the exchange's grid."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from brokerage.collar import Quote, within_collar
from brokerage.models import OrderTicket

D = Decimal
PRICES = st.decimals(min_value="0.05", max_value=2000, places=4)


def limited(side, bid, ask, collar=0.005, **size):
    return within_collar(OrderTicket("id", "SPY", side, **size), Quote(D(bid), D(ask)), collar)


def test_a_buy_in_dollars_becomes_the_shares_its_money_buys_at_the_limit():
    ticket = limited("buy", "199.99", "200.00", notional=D(1000))

    assert (ticket.limit_price, ticket.qty, ticket.notional) == (D("201.00"), D("4.975124378"), None)


def test_a_sell_keeps_its_shares():
    ticket = limited("sell", "200.00", "200.02", qty=D("3.5"))

    assert (ticket.limit_price, ticket.qty) == (D("199.00"), D("3.5"))


def test_below_a_dollar_the_grid_is_finer():
    assert limited("buy", "0.50", "0.51", qty=D(1)).limit_price == D("0.5125")


@given(PRICES, st.floats(1e-4, 0.05), st.sampled_from(["buy", "sell"]))
def test_every_limit_is_marketable_and_within_a_tick_of_the_collar(price, collar, side):
    limit = limited(side, price, price, collar, qty=D(1)).limit_price

    tick = D("0.01") if price >= 1 else D("0.0001")
    slack = price * D(str(collar)) + tick
    assert (limit >= price) if side == "buy" else (limit <= price)
    assert abs(limit - price) <= slack
