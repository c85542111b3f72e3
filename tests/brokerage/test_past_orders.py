"""Whether another state folder trades the same account: told by the orders it sent, page by page."""

import datetime as dt
from decimal import Decimal

import pytest

from brokerage.models import OrderTicket
from brokerage.past_orders import orders_after, strangers
from schemas.errors import TemporaryError

pytestmark = pytest.mark.integration

MONDAY = dt.datetime(2015, 6, 1, 4, tzinfo=dt.UTC)
STRATEGIES = ["risk_parity", "equal_weight"]
ELSEWHERE = "equal_weight-2015-W23-2-B-SPY-1"


@pytest.fixture
def traded(trader, monkeypatch):
    """Five orders: by hand, by strategies of ours, by one of nobody's."""
    monkeypatch.setattr("brokerage.past_orders.PAGE_SIZE", 2)
    for name in (
        "by-hand",
        ELSEWHERE,
        "risk_parity-2015-W23-1-B-SPY-1",
        "my_risk_parity-2015-W23-1-B-SPY-1",
        "x",
    ):
        trader.submit(OrderTicket(name, "SPY", "buy", notional=Decimal(10)))
    return trader


def test_every_page_of_the_weeks_orders_is_read_oldest_first(traded):
    names = [order.client_order_id for order in orders_after(traded, MONDAY)]

    assert (len(names), names[0], names[-1]) == (5, "by-hand", "x")
    assert orders_after(traded, MONDAY + dt.timedelta(days=1)) == []


def test_an_order_that_bears_our_name_and_was_never_written_down_here_is_a_strangers(traded):
    known = {"risk_parity-2015-W23-1-B-SPY-1"}

    assert strangers(traded, known, STRATEGIES, MONDAY) == [ELSEWHERE]
    assert strangers(traded, known, ["risk_parity"], MONDAY) == []


def test_a_list_without_an_end_is_given_up(traded, monkeypatch):
    monkeypatch.setattr("brokerage.past_orders.MOST_PAGES", 2)

    with pytest.raises(TemporaryError, match="do not come to an end"):
        orders_after(traded, MONDAY)
