"""What may be in store for an order: the text in ``Order.fate`` and what it means.

The fault switchboard and the exchange's options write such a text when an order arrives; matching
reads it, and nothing else does.

=============================  ====================================================================
``reject:<reason>``            rejected right after it was accepted
``hold``                       never fills
``partial:<fraction>:hold``    that share of it fills, the rest never does
``partial:<fraction>:cancel``  that share of it fills, the rest is cancelled by the exchange
``partial:<fraction>:continue``  that share of it fills, the rest the next time the book is settled
``slow:<seconds>``             fills after so long on the virtual clock or on a real one
``stuck_pending_cancel``       never fills, and a cancel stays ``pending_cancel``
``fill_on_cancel``             fills when it is cancelled, and not before
=============================  ====================================================================
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_LASTING = ("hold", "stuck_pending_cancel", "fill_on_cancel")
_AFTER_A_PART = ("hold", "cancel", "continue")


@dataclass(frozen=True, slots=True)
class Fate:
    """A fate, read; ``kind`` is empty for an order that nothing special happens to.

    ``fraction`` and ``then`` belong to ``partial``; ``seconds`` and ``due``, an instant of real time
    (seconds of the epoch), to ``slow``.
    """

    kind: str = ""
    reason: str = ""
    fraction: Decimal = Decimal(1)
    then: str = ""
    seconds: float = 0.0
    due: float | None = None

    @property
    def fills(self) -> bool:
        """Whether the order may fill before anybody cancels it."""
        return self.kind not in _LASTING

    def delays(self, created_at: dt.datetime, now: dt.datetime) -> bool:
        """Whether a slow order has to wait longer, on both clocks."""
        if self.kind != "slow":
            return False
        early = now < created_at + dt.timedelta(seconds=self.seconds)
        return early and (self.due is None or time.time() < self.due)


def read_fate(text: str) -> Fate:
    """The fate that a text spells.

    Raises:
        ValueError: It spells none.
    """
    kind, _, rest = text.partition(":")
    first, _, then = rest.partition(":")
    if not text or text in _LASTING:
        return Fate(kind=text)
    if kind == "reject" and rest:
        return Fate(kind="reject", reason=rest)
    if kind == "slow":
        seconds, _, due = rest.partition("@")
        return Fate(kind="slow", seconds=_seconds(seconds), due=float(due) if due else None)
    if kind == "partial" and then in _AFTER_A_PART:
        return Fate(kind="partial", fraction=_fraction(first), then=then)
    raise ValueError(f"no fate: {text}")


def begin(text: str) -> str:
    """The fate of an order that arrives now: a slow one starts to wait in real time.

    Raises:
        ValueError: ``text`` spells no fate.
    """
    fate = read_fate(text)
    return f"slow:{fate.seconds:g}@{time.time() + fate.seconds:.3f}" if fate.kind == "slow" else text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"no time to wait: {text}")
    return seconds


def _fraction(text: str) -> Decimal:
    try:
        fraction = Decimal(text)
        if 0 < fraction < 1:
            return fraction
    except InvalidOperation:
        pass
    raise ValueError(f"no fraction between 0 and 1: {text}")
