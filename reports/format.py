"""How numbers are written, on the page and on the terminal: one spelling for each kind of quantity.

Every function takes a float, an int, a ``Decimal`` or a missing value; missing (None, NaN, NA) is an en
dash. The minus sign is the ASCII hyphen, so that figures can be pasted into a spreadsheet or a query.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd

Number: TypeAlias = float | int | Decimal | None

MISSING = "–"  # noqa: RUF001 - typographers write nothing so
_NEW_YORK = ZoneInfo("America/New_York")
_NEGATIVE_ZERO = re.compile(r"^-(?=[0,.]*$)")


def money(value: Number, digits: int = 2) -> str:
    """USD with thousands separators.

    >>> money(Decimal("-1234.5"))
    '-$1,234.50'
    """
    if _missing(value):
        return MISSING
    text = _fixed(value, digits)
    return f"-${text[1:]}" if text.startswith("-") else f"${text}"


def percent(value: Number, digits: int = 1) -> str:
    """A fraction as a percentage.

    >>> percent(0.2794)
    '27.9%'
    """
    return MISSING if _missing(value) else f"{_fixed(_times(value, 100), digits)}%"


def signed_percent(value: Number, digits: int = 1) -> str:
    """A fraction as a percentage that always shows its sign: returns.

    >>> signed_percent(0.0123)
    '+1.2%'
    """
    return MISSING if _missing(value) else f"{_signed(_times(value, 100), digits)}%"


def signed_pp(value: Number, digits: int = 1) -> str:
    """A difference of two fractions in percentage points, with its sign.

    >>> signed_pp(-0.018)
    '-1.8pp'
    """
    return MISSING if _missing(value) else f"{_signed(_times(value, 100), digits)}pp"


def bps(value: Number, digits: int = 1) -> str:
    """A figure that is in basis points already, with its sign; positive slippage is a cost.

    >>> bps(1.04)
    '+1.0 bp'
    """
    return MISSING if _missing(value) else f"{_signed(value, digits)} bp"


def ratio(value: Number, digits: int = 2) -> str:
    """A figure without a unit: a Sharpe ratio, a beta.

    >>> ratio(-0.001)
    '0.00'
    """
    return MISSING if _missing(value) else _fixed(value, digits)


def quantity(value: Number, digits: int = 4) -> str:
    """Shares, without trailing zeros: brokers deal in up to nine decimals, readers in few.

    >>> quantity(Decimal("1051.200000000"))
    '1,051.2'
    """
    if _missing(value):
        return MISSING
    text = _fixed(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def scientific(value: Number) -> str:
    """A tolerance or certificate, where only the size matters.

    >>> scientific(2.13e-9)
    '2e-09'
    """
    return MISSING if _missing(value) else f"{value:.0e}" if value else "0"


def new_york(instant: dt.datetime | None) -> str:
    """A naive UTC instant as New York wall time, to the minute.

    >>> new_york(dt.datetime(2015, 6, 1, 14, 0))
    'Mon 2015-06-01 10:00 New York'
    """
    if instant is None or pd.isna(instant):
        return MISSING
    local = instant.replace(tzinfo=dt.UTC).astimezone(_NEW_YORK)
    return f"{local:%a %Y-%m-%d %H:%M} New York"


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))


def _times(value: Number, factor: int) -> Number:
    return None if value is None else value * factor


def _fixed(value: Number, digits: int) -> str:
    return _NEGATIVE_ZERO.sub("", f"{value:,.{digits}f}")


def _signed(value: Number, digits: int) -> str:
    text = _fixed(value, digits)
    is_zero = not text.strip("0.,")
    return text if is_zero or text.startswith("-") else f"+{text}"
