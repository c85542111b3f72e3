"""Splits and distributions: what they do to prices, and bars adjusted for them.

The price files know nothing of an action that is added to an exchange. From its ex-date on raw prices are
multiplied by its factor (a 4:1 split: 1/4; a dividend: 1 - dividend / last close), unless the file shows
the drop already. An adjusted bar is the raw bar times the factors of all later actions, so strategy and
exchange cannot disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from schemas.forms import Parameters

_SPLITS = ("forward_split", "reverse_split")


class CorporateAction(Parameters):
    """One corporate action of one symbol."""

    type: Literal["forward_split", "reverse_split", "cash_dividend", "capital_gains_distribution"]
    """A split, or cash for each share."""
    symbol: str
    """Whose."""
    ex_date: dt.date
    """The session at whose open the price drops."""
    old_rate: Decimal = Field(default=Decimal(1), gt=0)
    """So many shares before a split ..."""
    new_rate: Decimal = Field(default=Decimal(1), gt=0)
    """... become so many."""
    rate: Decimal = Field(default=Decimal(0), ge=0)
    """Cash paid for each share (USD)."""
    in_prices: bool = False
    """Whether the price file shows the drop already, as raw bars of one's own do."""
    booked_on: dt.date | None = None
    """The session at whose open positions are adjusted; the ex-date when none, later as it does happen."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.is_split in (self.old_rate == self.new_rate, self.rate > 0):
            raise ValueError("a split needs old_rate and new_rate, a distribution needs rate, neither both")
        if self.booked_on is not None and self.booked_on < self.ex_date:
            raise ValueError("booked_on must not be before ex_date")
        return self

    @property
    def is_split(self) -> bool:
        """Whether shares are multiplied; otherwise cash is paid."""
        return self.type in _SPLITS

    @property
    def ratio(self) -> Decimal:
        """New shares for each old one."""
        return self.new_rate / self.old_rate


class Step(NamedTuple):
    """The factor by which an action multiplies prices from its ex-date on."""

    action: CorporateAction
    factor: float


def steps(actions: Iterable[CorporateAction], close_before: Callable[[dt.date], float | None]) -> list[Step]:
    """The factors of one symbol's actions by ex-date.

    Args:
        actions: In any order.
        close_before: The price file's close of the last session before a date; None when there is none.
    """
    found: list[Step] = []
    for action in sorted(actions, key=lambda action: action.ex_date):
        close = close_before(action.ex_date)
        if action.is_split:
            found.append(Step(action, float(1 / action.ratio)))
        elif close is not None:
            # the dividend is a share of the price as it was then, after the splits before it
            raw = close * raw_factor(found, action.ex_date)
            found.append(Step(action, max(0.01, 1 - float(action.rate) / raw)))
    return found


def raw_factor(found: Sequence[Step], session: dt.date) -> float:
    """What raw prices on ``session`` are of those in the price file."""
    factor = 1.0
    for action, step in found:
        if action.ex_date <= session and not action.in_prices:
            factor *= step
    return factor


def adjustment_factor(found: Sequence[Step], session: dt.date, today: dt.date, adjustment: str) -> float:
    """What adjusted prices on ``session``, as seen ``today``, are of the raw ones.

    Args:
        found: The factors of the symbol's actions.
        session: The bar's session.
        today: Later actions are not known yet.
        adjustment: raw, split, dividend, spin-off, all, or several of them with commas.
    """
    kinds = set(adjustment.split(","))
    factor = 1.0
    for action, step in found:
        wanted = "all" in kinds or ("split" if action.is_split else "dividend") in kinds
        if wanted and session < action.ex_date <= today:
            factor *= step
    return factor


def action_document(action: CorporateAction, action_id: str) -> dict[str, Any]:
    """The action as ``/v1/corporate-actions`` lists it, under ``<type>s``."""
    document: dict[str, Any] = {
        "id": action_id,
        "symbol": action.symbol,
        "process_date": action.ex_date.isoformat(),
        "ex_date": action.ex_date.isoformat(),
        "record_date": action.ex_date.isoformat(),
        "payable_date": action.ex_date.isoformat(),
    }
    rates = {"old_rate": float(action.old_rate), "new_rate": float(action.new_rate)}
    if action.type == "reverse_split":
        return document | rates | {"old_cusip": "", "new_cusip": ""}
    if action.type == "forward_split":
        return document | rates | {"cusip": ""}
    if action.type == "cash_dividend":
        return document | {"cusip": "", "rate": float(action.rate), "special": False, "foreign": False}
    return document | {"cusip": "", "long_term_rate": float(action.rate)}
