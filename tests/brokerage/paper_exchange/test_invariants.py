"""The book can be audited at any time, and no crash leaves it in between."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from brokerage.paper_exchange.invariants import require_invariants
from brokerage.paper_exchange.ledger import balance
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.options import ExchangeOptions
from brokerage.paper_exchange.store import set_meta
from schemas.errors import DataError
from schemas.settings import ExchangeSettings

D = Decimal
ROOT = Path(__file__).parents[3]

DAMAGE = [
    ("UPDATE meta SET value = '5' WHERE key = 'cash'", "cash is 5, its entries give"),
    ("UPDATE meta SET value = '5' WHERE key = 'cash'", "equity is 2"),
    ("UPDATE meta SET value = '0.001' WHERE key = 'cash'", "not whole cents"),
    ("UPDATE meta SET value = '-1' WHERE key = 'cash'", "cash is -1 without margin"),
    ("UPDATE position SET qty = '3'", "SPY: 5 shares offered of 3"),
    ("UPDATE position SET qty = '11'", "SPY: 11 shares held, its entries give 10"),
    ("DELETE FROM position", "SPY: None shares held, its entries give 10"),
    ("UPDATE orders SET filled_qty = '9'", "filled 9, its fills give 10"),
    ("UPDATE orders SET qty = '9'", "filled 10 of 9"),
    ("UPDATE orders SET qty = NULL, notional = '1'", "USD of 1"),
    ("UPDATE orders SET status = 'new'", "new, its last event says filled"),
    (
        "INSERT INTO event SELECT 99, at, 'canceled', order_id, '', '', '', '', body FROM event",
        "canceled after filled",
    ),
    ("DELETE FROM event", "its last event says None"),
]


@pytest.mark.parametrize(("damage", "found"), DAMAGE)
def test_every_kind_of_damage_is_named(book, send, damage, found):
    send(qty="10")
    send(side="sell", qty="5", type="limit", limit_price="900")
    assert book.check() == []
    damage = damage.replace("FROM event", "FROM event LIMIT 1") if "INSERT" in damage else damage
    book.store.book.execute(damage)
    assert any(found in words for words in book.check()), book.check()


def test_a_command_that_would_break_an_invariant_is_undone_when_the_exchange_checks_itself(book, send):
    book.set_options(ExchangeOptions(check_invariants=True))
    send(qty="10")
    before = book.account()
    with pytest.raises(DataError, match="undid a command"), book._command() as store:
        set_meta(store, "cash", "5")
    assert book.account() == before
    require_invariants(book.store.book, book.tape, book.now)


def test_cash_and_shares_are_rebuilt_from_fills_and_activities_and_again_from_the_events(book, send):
    send(qty="10")
    send(symbol="TLT", notional="5000", fate="partial:0.3:cancel")
    book.advance("next_session")
    send(side="sell", qty="4")
    book.transfer(D("-500.55"))
    rebuilt, account = balance(book.store.book), book.account()
    assert rebuilt.cash == account.cash
    assert rebuilt.shares == {holding.symbol: holding.qty for holding in account.holdings}
    told = {}
    for row in book.store.rows(
        "SELECT o.symbol, e.position_qty FROM event e JOIN orders o ON o.id = e.order_id "
        "WHERE e.execution_id IS NOT NULL ORDER BY e.seq"
    ):
        told[row["symbol"]] = D(row["position_qty"])
    assert told == rebuilt.shares


COMMANDS = """
import sys
from decimal import Decimal
from pathlib import Path
from brokerage.paper_exchange.opening import open_book
from brokerage.paper_exchange.ticket import parse_ticket
from schemas.settings import ExchangeSettings

book = open_book(Path(sys.argv[1]), ExchangeSettings(), Path(sys.argv[2]))
ticket = {"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"}
for i in range(100_000):
    order = book.submit(parse_ticket(ticket | {"side": "sell" if i % 3 == 2 else "buy"}))
    print(order.id, flush=True)
    book.settle()
    book.transfer(Decimal(300))
"""


@pytest.mark.crash
@pytest.mark.parametrize("answered", [1, 7, 20])
def test_a_killed_exchange_has_every_order_it_answered_and_a_book_that_balances(tmp_path, bars, answered):
    path = tmp_path / "exchange.sqlite"
    open_book(path, ExchangeSettings(), bars).store.close()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMANDS, str(path), str(bars)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    known = [process.stdout.readline().strip() for _ in range(answered)]
    process.send_signal(signal.SIGKILL)
    known += [line for line in process.stdout.read().splitlines() if len(line) == len(known[0])]
    process.wait()
    with contextlib.closing(open_book(path, ExchangeSettings(), bars).store) as store:
        assert known[0]
        assert set(known) <= {row["id"] for row in store.rows("SELECT id FROM orders")}
    book = open_book(path, ExchangeSettings(), bars)
    assert book.check() == []
    assert book.orders("open") == []  # what was accepted is carried on after the restart
    book.store.close()
