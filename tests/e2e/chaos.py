"""What goes wrong in a week: drawn from everything a run is meant to survive, the same each time for one seed."""

from __future__ import annotations

import random
from typing import Any

ORDERS = {"method": "POST", "path": "^/v2/orders$"}
READS = {"method": "GET"}

NOT_TAKEN = ("drop_before", "reset_before")
TAKEN_UNHEARD = ("drop_after_commit", "reset_after_commit", "truncate_body", "bad_json", "empty_200")
UNREADABLE = ("drop_before", "reset_before", "truncate_body", "bad_json", "empty_200")


def faults(dice: random.Random) -> list[dict[str, Any]]:
    """None to four rules for the exchange's switchboard."""
    return [_fault(dice) for _ in range(dice.choice([0, 1, 2, 3, 4]))]


def _fault(dice: random.Random) -> dict[str, Any]:
    draw = dice.choice([_order_unanswered, _order_refused, _read_failed, _read_odd, _fate])
    return draw(dice)


def _order_unanswered(dice: random.Random) -> dict[str, Any]:
    action = dice.choice([*NOT_TAKEN, *TAKEN_UNHEARD, "status_after_commit"])
    return {**ORDERS, "action": action, "status": 504, "nth": dice.randint(1, 4)}


def _order_refused(dice: random.Random) -> dict[str, Any]:
    status = dice.choice([429, 500, 502, 503, 504])
    return {
        **ORDERS,
        "action": "status",
        "status": status,
        "nth": dice.randint(1, 4),
        "headers": {"Retry-After": "0"},
    }


def _read_failed(dice: random.Random) -> dict[str, Any]:
    if dice.random() < 0.5:
        return {**READS, "action": dice.choice(UNREADABLE), "nth": dice.randint(1, 30)}
    answer = "<html>Bad Gateway</html>" if dice.random() < 0.5 else None
    return {
        **READS, "action": "status", "status": dice.choice([429, 500, 502, 503, 504]), "answer": answer,
        "nth": dice.randint(1, 30), "times": dice.randint(1, 3), "headers": {"Retry-After": "0"},
    }  # fmt: skip


def _read_odd(dice: random.Random) -> dict[str, Any]:
    """Answers that are late, old or strange."""
    return dice.choice(
        [
            {**READS, "path": "^/v2/(account|positions)$", "action": "stale_response", "times": 3},
            {**READS, "path": "^/v2/orders", "action": "unknown_enum", "field": "status", "times": 2},
            {**READS, "action": "extra_field", "field": "something", "times": None},
            {
                **READS,
                "path": "^/v2/assets",
                "action": "missing_field",
                "field": "easy_to_borrow",
                "times": None,
            },
            {"action": "quote_zero", "symbol": dice.choice(["SPY", "TLT"]), "times": None},
            {**READS, "action": "delay", "seconds": 0.02, "every": 7, "times": None},
        ]
    )


def _fate(dice: random.Random) -> dict[str, Any]:
    """Orders that are taken and then do not simply fill."""
    fates: list[dict[str, Any]] = [
        {"action": "reject_async"},
        {"action": "never_fill"},
        {"action": "stuck_pending_cancel"},
        {"action": "fill_on_cancel"},
        {"action": "slow", "seconds": dice.choice([5, 30, 90])},
        *({"action": "partial", "fraction": "0.37", "then": then} for then in ("hold", "cancel", "continue")),
    ]
    return {**ORDERS, **dice.choice(fates), "nth": dice.randint(1, 5)}
