"""Splits and distributions: prices, positions, orders and activities tell the same story."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from pydantic import ValidationError

from brokerage.paper_exchange.activities import happenings
from brokerage.paper_exchange.corporate_actions import CorporateAction, action_document
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.options import ExchangeOptions
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.sessions import at
from schemas.settings import ExchangeSettings

D = Decimal
TUESDAY, WEDNESDAY = dt.date(2015, 6, 2), dt.date(2015, 6, 3)


def split(old: int = 1, new: int = 4, **more) -> CorporateAction:
    kind = "forward_split" if new > old else "reverse_split"
    return CorporateAction(type=kind, symbol="SPY", ex_date=TUESDAY, old_rate=old, new_rate=new, **more)


def dividend(rate: str, **more) -> CorporateAction:
    return CorporateAction(
        **{"type": "cash_dividend", "symbol": "SPY", "ex_date": TUESDAY, "rate": rate} | more
    )


def closes(book, adjustment: str = "raw") -> list[float]:
    bars = book.tape.bars("SPY", dt.date(2015, 5, 28), WEDNESDAY, book.now, adjustment)
    return [bar.close for bar in bars]


def activities(book) -> list[dict]:
    return [one.document for one in happenings(book.store.book) if one.type != "FILL"]


def test_a_split_multiplies_shares_and_divides_prices_so_that_nothing_is_gained(book, send):
    before = closes(book)
    send(qty="10.5")
    book.advance("close")
    paid, worth = book.account().holding("SPY").avg_entry_price, book.account().equity
    book.add_corporate_action(split())
    assert (closes(book)[:2], book.account().equity) == (before[:2], worth)  # announced, not effective
    book.advance("open")
    holding = book.account().holding("SPY")
    assert (holding.qty, holding.avg_entry_price) == (42, (paid / 4).quantize(D("1e-9")))
    assert float(holding.lastday_price) == pytest.approx(closes(book)[2] / 4)
    assert abs(holding.price / holding.lastday_price - 1) < D("0.05")
    (activity,) = activities(book)
    assert (activity["activity_type"], activity["activity_sub_type"]) == ("SPLIT", "FSPLIT")
    assert (activity["qty"], activity["net_amount"]) == ("31.5", "0")
    assert book.check() == []


def test_adjusted_bars_are_raw_bars_times_the_actions_since(book):
    file = [
        bar.close
        for bar in book.tape.bars("SPY", dt.date(2015, 5, 28), WEDNESDAY, at(WEDNESDAY, dt.time(16)))
    ]
    book.add_corporate_action(split())
    book.add_corporate_action(dividend("2", ex_date=WEDNESDAY))
    book.advance(at(WEDNESDAY, dt.time(16)).isoformat())
    factor = 1 - 2 / (file[-2] / 4)
    assert closes(book) == pytest.approx([*file[:3], file[3] / 4, file[4] / 4 * factor], rel=1e-6)
    assert closes(book, "split") == pytest.approx(
        [*(c / 4 for c in file[:4]), file[4] / 4 * factor], rel=1e-6
    )
    # in the end the returns are those of the price file
    assert closes(book, "all") == pytest.approx([c / 4 * factor for c in file], rel=1e-6)
    assert closes(book, "split,dividend") == closes(book, "all")
    volumes = [bar.volume for bar in book.tape.bars("SPY", TUESDAY, TUESDAY, book.now, "all")]
    assert volumes == [bar.volume for bar in book.tape.bars("SPY", TUESDAY, TUESDAY, book.now)]


def test_a_drop_that_the_price_file_shows_already_is_only_adjusted_for(book):
    before = closes(book)
    book.add_corporate_action(split(in_prices=True))
    book.advance("next_session")
    assert closes(book)[:2] == before[:2]
    assert closes(book, "split")[:2] == pytest.approx([c / 4 for c in before[:2]], abs=1e-6)
    assert closes(book, "split")[3] == closes(book)[3] > 200


def test_open_orders_of_the_symbol_are_cancelled_by_a_split_and_others_live_on(book, send):
    mine = send(type="limit", limit_price="50", qty="1", time_in_force="gtc")
    other = send(symbol="TLT", type="limit", limit_price="50", qty="1", time_in_force="gtc")
    book.add_corporate_action(split())
    book.advance("next_session")
    assert (book.order(mine.id).status, book.order(other.id).status) == ("canceled", "new")


def test_what_a_reverse_split_leaves_of_a_share_is_paid_in_cash(book, send):
    with book.store.transaction() as store:
        store.execute("UPDATE asset SET fractionable = 0 WHERE symbol = 'SPY'")
    send(qty="17")
    cash = book.account().cash
    book.add_corporate_action(split(old=5, new=1))
    book.advance("open")
    price = book.tape.quote("SPY", book.now).last
    assert book.account().holding("SPY").qty == 3
    assert book.account().cash == cash + (D("0.4") * price).quantize(D("0.01"))
    assert book.check() == []


def test_scenario_39_a_split_may_reach_the_position_a_day_after_the_prices(book, send):
    send(qty="10")
    book.advance("close")
    worth = book.account().holding("SPY").market_value
    book.add_corporate_action(split(booked_on=WEDNESDAY))
    book.advance("next_session")
    late = book.account().holding("SPY")
    assert late.qty == 10
    assert late.market_value < worth * D("0.27")  # three quarters seem lost
    assert activities(book) == []
    book.advance("next_session")
    assert book.account().holding("SPY").qty == 40
    assert book.account().holding("SPY").market_value > worth * D("0.95")


def test_scenario_41_dividends_and_capital_gains_are_paid_and_listed_when_switched_on(book, send):
    book.set_options(ExchangeOptions(live_like=True))
    send(qty="10.5")
    cash = book.account().cash
    book.add_corporate_action(dividend("0.333"))
    book.add_corporate_action(dividend("1", type="capital_gains_distribution"))
    book.add_corporate_action(dividend("5", symbol="TLT"))
    book.advance("next_session")
    assert book.account().cash == cash + D("3.50") + D("10.50")
    rows = [
        (row["activity_type"], row["net_amount"], row["qty"], row["per_share_amount"])
        for row in activities(book)
    ]
    assert rows == [("DIV", "3.5", "10.5", "0.333"), ("CGD", "10.5", "10.5", "1")]
    assert book.check() == []


def test_paper_pays_no_dividends(book, send):
    send(qty="10")
    cash = book.account().cash
    book.add_corporate_action(dividend("1"))
    book.advance("next_session")
    assert (book.account().cash, activities(book)) == (cash, [])


def test_actions_survive_a_restart(tmp_path, bars):
    path = tmp_path / "exchange.sqlite"
    first = open_book(path, ExchangeSettings(), bars)
    first.add_corporate_action(split())
    first.advance("next_session")
    shown = closes(first)
    first.store.close()
    again = open_book(path, ExchangeSettings(), bars)
    assert closes(again) == shown
    again.store.close()


@pytest.mark.parametrize(
    "changes", [{"symbol": "ZZZZ"}, {"ex_date": dt.date(2015, 6, 1)}, {"ex_date": dt.date(2015, 6, 6)}]
)
def test_only_coming_sessions_of_known_symbols_are_taken(book, changes):
    with pytest.raises(Refusal, match="coming session"):
        book.add_corporate_action(split().model_copy(update=changes))


@pytest.mark.parametrize(
    "members",
    [
        {"type": "cash_dividend"},
        {"type": "forward_split"},
        {"type": "forward_split", "new_rate": 2, "rate": 1},
        {"type": "forward_split", "new_rate": 2, "booked_on": dt.date(2015, 6, 1)},
        {"type": "spin_off"},
    ],
)
def test_an_action_that_makes_no_sense_is_refused(members):
    with pytest.raises(ValidationError):
        CorporateAction(symbol="SPY", ex_date=TUESDAY, **members)


def test_each_kind_is_listed_with_the_members_that_alpaca_requires():
    common = {"id", "symbol", "process_date", "ex_date"}
    for action, members in (
        (split(), {"cusip", "old_rate", "new_rate"}),
        (split(old=5, new=1), {"old_cusip", "new_cusip", "old_rate", "new_rate"}),
        (dividend("1"), {"cusip", "rate", "special", "foreign"}),
        (dividend("1", type="capital_gains_distribution"), {"cusip"}),
    ):
        assert common | members <= set(action_document(action, "id"))
