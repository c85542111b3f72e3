"""The life of orders and of the account behind them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.prices import BUNDLED, read_prices
from brokerage.paper_exchange.refusal import Refusal
from brokerage.paper_exchange.sessions import at
from brokerage.paper_exchange.store import set_meta
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.errors import ConfigError, DataError
from schemas.settings import ExchangeSettings

D = Decimal
MONDAY = dt.date(2015, 6, 1)


def test_a_market_buy_pays_the_ask_and_a_sale_gets_the_bid(book, send):
    quote = book.tape.quote("SPY", book.now)
    bought, sold = send(qty="10"), send(side="sell", qty="10")
    assert book.order(bought.id).filled_avg_price == quote.ask
    assert book.order(sold.id).filled_avg_price == quote.bid
    spread = (10 * quote.ask).quantize(D("0.01")) - (10 * quote.bid).quantize(D("0.01"))
    assert book.account().cash == 100_000 - spread


def test_a_notional_order_buys_shares_to_nine_places_and_never_overspends(book, send):
    order = book.order(send(notional="1234.56").id)
    assert order.qty is None
    assert order.filled_qty == order.filled_qty.quantize(D("1e-9"))
    assert D("1234.55") < order.filled_value <= D("1234.56")


def test_the_average_entry_price_follows_purchases_and_ignores_sales(book, send):
    send(qty="10")
    first = book.tape.quote("SPY", book.now).ask
    book.advance("next_session")
    second = book.tape.quote("SPY", book.now).ask
    send(qty="30")
    send(side="sell", qty="5")
    assert book.account().holding("SPY").avg_entry_price == (10 * first + 30 * second) / 40


def test_sales_add_to_the_cash_in_the_same_session(book, send):
    send(notional="99000")
    send(side="sell", qty="100")
    assert send(symbol="TLT", notional="15000").status == "pending_new"


def test_an_order_sent_while_closed_waits_for_the_open(book, send):
    book.advance("close")
    order = send(qty="10")
    assert (order.status, book.order(order.id).status) == ("accepted", "accepted")
    book.advance("next_session")
    filled = book.order(order.id)
    assert filled.status == "filled"
    opening = book.sessions.hours(dt.date(2015, 6, 2)).open
    assert filled.filled_at == opening
    assert filled.filled_avg_price == book.tape.quote("SPY", opening).ask


def test_a_queued_buy_that_the_account_cannot_pay_at_the_open_is_rejected(book, send):
    book.advance("close")
    now, quote = book.now, book.tape.quote("SPY", book.now)
    while book.tape.quote("SPY", book.sessions.next_open(now)).ask <= quote.last:
        now = book.advance("close")
        quote = book.tape.quote("SPY", now)
    shares = book.account().cash // quote.last
    cash = book.account().cash - shares * quote.last
    order = send(qty=str(shares))
    book.advance("next_session")
    gap = shares * (book.tape.quote("SPY", book.order(order.id).updated_at).ask - quote.last)
    assert gap > cash
    assert book.order(order.id).status == "rejected"
    assert book.account().cash == 100_000


def test_a_resting_limit_fills_at_its_limit_when_the_day_reaches_it(book, send):
    low, _ = book.tape.reach("SPY", book.now, book.sessions.next_close(book.now))
    limit = low.quantize(D("0.01"), "ROUND_CEILING")
    assert limit < book.tape.quote("SPY", book.now).ask
    order = send(type="limit", limit_price=limit, qty="10")
    assert book.order(order.id).status == "new"
    book.advance("close")
    assert book.order(order.id).filled_avg_price == limit


def test_a_marketable_limit_fills_at_the_better_market(book, send):
    order = send(type="limit", limit_price="300", qty="1")
    assert book.order(order.id).filled_avg_price == book.tape.quote("SPY", book.now).ask


def test_a_day_order_expires_at_the_close_and_a_gtc_order_lives_on(book, send):
    day = send(type="limit", limit_price="50", qty="1")
    gtc = send(type="limit", limit_price="50", qty="1", time_in_force="gtc")
    closing = book.advance("close")
    assert book.order(day.id).status == "expired"
    assert book.order(day.id).expired_at == closing == at(MONDAY, dt.time(16))
    assert book.order(gtc.id).status == "new"


def test_a_day_order_sent_while_closed_lives_through_the_next_session(book, send):
    book.advance("close")
    order = send(type="limit", limit_price="50", qty="1")
    book.advance("next_session")
    assert book.order(order.id).status == "new"
    book.advance("close")
    assert book.order(order.id).status == "expired"


def test_a_limit_for_extended_hours_trades_in_the_evening_or_expires_at_eight(book, send):
    book.advance("close")
    limits = {"type": "limit", "extended_hours": True, "qty": "1"}
    bought, low = (send(limit_price=price, **limits) for price in ("300", "100"))
    assert [order.status for order in (bought, low)] == ["pending_new"] * 2
    assert [book.order(order.id).status for order in (bought, low)] == ["filled", "new"]
    assert book.order(bought.id).filled_avg_price == book.tape.quote("SPY", book.now).ask
    usual = send(type="limit", limit_price="300", qty="1")
    assert book.order(usual.id).status == "accepted"

    book.advance("next_session")
    gone = book.order(low.id)
    assert (gone.status, gone.expired_at) == ("expired", at(MONDAY, dt.time(20)))
    assert book.order(usual.id).status == "filled"


def test_an_order_for_extended_hours_lives_from_the_morning_to_the_evening(book, send):
    book.advance("2015-06-02T03:00:00-04:00")
    resting = {"type": "limit", "extended_hours": True, "qty": "1", "limit_price": "100"}
    order = send(**resting)
    assert (order.status, order.expires_at) == ("accepted", at(dt.date(2015, 6, 2), dt.time(20)))
    book.advance("2015-06-02T04:00:00-04:00")
    assert book.order(order.id).status == "new"
    book.advance("2015-06-02T17:00:00-04:00")
    assert book.order(order.id).status == "new"
    book.cancel(order.id)
    book.settle()
    assert book.order(order.id).status == "canceled"


def test_a_cancel_is_immediate_in_market_hours_and_pending_outside(book, send):
    now = send(type="limit", limit_price="50", qty="1", time_in_force="gtc")
    later = send(type="limit", limit_price="50", qty="1", time_in_force="gtc")
    book.cancel(now.id)
    book.settle()
    assert book.order(now.id).status == "canceled"
    book.advance("close")
    book.cancel(later.id)
    book.settle()
    assert book.order(later.id).status == "pending_cancel"
    with pytest.raises(Refusal, match="order is not cancelable"):
        book.cancel(later.id)
    book.advance("next_session")
    assert book.order(later.id).status == "canceled"


def test_cancelling_what_is_unknown_or_done(book, send):
    with pytest.raises(Refusal, match="order not found for nothing"):
        book.cancel("nothing")
    with pytest.raises(Refusal, match='order is already in "filled" state'):
        book.cancel(send(qty="1").id)


def test_the_clock_arrives_at_ten_and_weeks_begin_with_their_first_session(book):
    assert book.advance("next_session") == at(dt.date(2015, 6, 2), dt.time(10))
    assert book.advance("next_week") == at(dt.date(2015, 6, 8), dt.time(10))
    book.advance("2015-07-03T12:00:00-04:00")  # Independence Day, observed on a Friday
    assert book.advance("next_week") == at(dt.date(2015, 7, 6), dt.time(10))


def test_close_means_the_next_close(book):
    assert book.advance("close") == at(MONDAY, dt.time(16))
    assert book.advance("close") == at(dt.date(2015, 6, 2), dt.time(16))


def test_the_clock_never_moves_back_and_stops_where_the_prices_end(book):
    for to in ("2015-06-01T10:00:00-04:00", "yesterday", "2015-06-02T10:00:00"):
        with pytest.raises(Refusal) as refusal:
            book.advance(to)
        assert refusal.value.status == 422
    with pytest.raises(Refusal, match="prices end on 2015-07-31") as refusal:
        book.advance("2015-08-03T10:00:00-04:00")
    assert refusal.value.status == 409
    assert book.now == at(MONDAY, dt.time(10))
    book.advance("2015-08-02T10:00:00-04:00")  # the Sunday after the last session still has its close


def test_last_equity_is_that_of_the_previous_close(book, send):
    send(notional="50000")
    closing = book.advance("close")
    at_close = book.account().equity
    assert book.account().last_equity == 100_000
    book.advance("next_session")
    assert book.account().last_equity == at_close
    assert book.account().balance_asof == closing.date()


def test_intraday_gains_count_from_the_last_close_or_from_the_purchase(book, send):
    send(qty="10")
    holding = book.account().holding("SPY")
    assert holding.intraday_basis == (10 * book.tape.quote("SPY", book.now).ask).quantize(D("0.01"))
    book.advance("next_session")
    holding = book.account().holding("SPY")
    assert holding.intraday_basis == 10 * holding.lastday_price
    # what was gained with shares that are sold is no gain of those that are left
    send(qty="4", side="sell")
    send(qty="2")
    left, ask = book.account().holding("SPY"), book.tape.quote("SPY", book.now).ask
    assert left.intraday_basis == 6 * holding.lastday_price + (2 * ask).quantize(D("0.01"))


def test_scenario_25_multiplier_4_lends_four_times_the_equity_and_2_twice(book, send):
    book.configure({"max_margin_multiplier": "4"})
    assert book.account().buying_power == 400_000
    send(notional="150000")
    account = book.account()
    assert account.cash < 0
    assert account.buying_power == 400_000 - account.holding("SPY").paid_today
    book.configure({"max_margin_multiplier": "2"})
    account = book.account()
    assert account.buying_power == 2 * (account.equity - account.initial_margin)


def test_a_small_account_has_no_margin(tmp_path, bars):
    book = open_book(tmp_path / "small.sqlite", ExchangeSettings(cash=D(1999)), bars)
    book.configure({"max_margin_multiplier": "4"})
    assert (book.account().multiplier, book.account().buying_power) == ("1", 1999)


def test_the_same_commands_give_the_same_book(tmp_path, bars):
    def play(name: str) -> list[tuple[str, ...]]:
        book = open_book(tmp_path / name, ExchangeSettings(), bars)
        for notional in ("100", "250.5"):
            ticket = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"}
            book.submit(parse_ticket(ticket | {"notional": notional}))
            book.settle()
            book.advance("next_week")
        tables = (book.store.rows(f"SELECT * FROM {name}") for name in ("orders", "fill", "day_end"))
        return [tuple(row) for rows in tables for row in rows]

    assert play("one.sqlite") == play("other.sqlite")


def test_a_book_opened_again_is_the_same_book(tmp_path, bars):
    path, settings = tmp_path / "exchange.sqlite", ExchangeSettings()
    first = open_book(path, settings, bars)
    first.advance("next_week")
    clock, account = first.now, first.account()
    first.store.close()
    again = open_book(path, settings, bars)
    assert (again.now, again.account()) == (clock, account)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"seed": 8}, "another seed"),
        ({"cash": D(5)}, "another opening cash"),
        ({"start": dt.date(2015, 6, 2)}, "another start"),
    ],
)
def test_a_book_is_not_taken_for_another(tmp_path, bars, settings, what):
    path = tmp_path / "exchange.sqlite"
    open_book(path, ExchangeSettings(), bars).store.close()
    with pytest.raises(ConfigError, match=what):
        open_book(path, ExchangeSettings(**settings), bars)


def test_prices_are_those_it_was_opened_with_unless_others_are_named(tmp_path, bars):
    path = tmp_path / "exchange.sqlite"
    open_book(path, ExchangeSettings(), bars).store.close()
    book = open_book(path, ExchangeSettings())
    assert book.tape.symbols == ["EEM", "SPY", "TLT"]
    book.store.close()
    with pytest.raises(ConfigError, match="another file of prices"):
        open_book(path, ExchangeSettings(), BUNDLED)


def test_without_a_start_an_exchange_opens_where_there_is_history(tmp_path, bars):
    assert open_book(tmp_path / "bundled.sqlite", ExchangeSettings()).now.date() == dt.date(2015, 6, 1)
    # three months hold no year of history: then it begins at the beginning
    assert open_book(tmp_path / "short.sqlite", ExchangeSettings(), bars).now.date() == dt.date(2015, 5, 1)
    rows = (f"SPY,{price.session},{price.close}\n" for price in read_prices(BUNDLED) if price.symbol == "SPY")
    (tmp_path / "long.csv").write_text("symbol,date,close\n" + "".join(rows))
    long = open_book(tmp_path / "long.sqlite", ExchangeSettings(), tmp_path / "long.csv")
    assert len(long.sessions.between(dt.date(2008, 1, 2), long.now.date())) == 321


def test_prices_of_days_without_trading_are_refused_and_leave_nothing_behind(tmp_path):
    (tmp_path / "bars.csv").write_text("symbol,date,close\nAAA,2015-06-05,5\nAAA,2015-06-06,5\n")
    with pytest.raises(DataError, match="rows: 1; the first of them: AAA Sat 2015-06-06"):
        open_book(tmp_path / "exchange.sqlite", ExchangeSettings(), tmp_path / "bars.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["bars.csv"]


@pytest.mark.parametrize("start", [dt.date(2015, 5, 30), dt.date(2015, 4, 30), dt.date(2016, 1, 4)])
def test_an_exchange_opens_only_on_a_session_with_prices(tmp_path, bars, start):
    with pytest.raises(ConfigError, match="first session: 2015-05-01; last session: 2015-07-31"):
        open_book(tmp_path / "exchange.sqlite", ExchangeSettings(start=start), bars)
    assert list(tmp_path.iterdir()) == []


def test_a_queued_notional_sale_never_sells_more_than_is_held(book, send):
    send(qty="10")
    now = book.advance("close")
    while book.tape.quote("SPY", book.sessions.next_open(now)).bid >= book.tape.quote("SPY", now).last:
        now = book.advance("close")
    worth = (10 * book.tape.quote("SPY", now).last).quantize(D("0.01"), "ROUND_DOWN")
    order = send(side="sell", notional=worth)
    book.advance("next_session")
    assert book.order(order.id).filled_qty == 10
    assert book.order(order.id).status == "filled"
    assert book.account().holdings == ()


def test_a_command_that_fails_half_way_leaves_nothing(book):
    with pytest.raises(RuntimeError), book.store.transaction() as store:  # noqa: PT012 - the block is the command
        set_meta(store, "cash", "1")
        raise RuntimeError
    assert book.account().cash == 100_000
