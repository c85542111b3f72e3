"""What can happen to the world while requests are coming: halts, lost permissions, a blocked account."""

from __future__ import annotations

import json

from brokerage.paper_exchange.account import read_flags
from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.fault_rule import FaultRule
from brokerage.paper_exchange.store import set_meta

_CHANGES = {
    "halt": "UPDATE asset SET halted = 1 WHERE symbol = ?",
    "untradable": "UPDATE asset SET tradable = 0 WHERE symbol = ?",
    "lose_fractionable": "UPDATE asset SET fractionable = 0 WHERE symbol = ?",
}


def strike(book: Book, rule: FaultRule) -> None:
    """Let the incident of ``rule`` happen; it lasts."""
    with book.store.transaction() as connection:
        if rule.action == "block_account":
            flags = read_flags(connection)
            flags[rule.field] = rule.value if rule.field == "status" else True
            set_meta(connection, "account_flags", json.dumps(flags))
        else:
            connection.execute(_CHANGES[rule.action], (rule.symbol,))
