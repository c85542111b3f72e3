"""What the exchange answers when it refuses: status, code and message as Alpaca words them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

BAD_REQUEST = 40010001
"""The request itself is wrong: a missing, unknown or duplicate value."""
UNPROCESSABLE = 42210000
"""The request is well formed but breaks a trading rule."""
FORBIDDEN = 40310000
"""The account may not do this now."""
NOT_FOUND = 40410000
"""No such thing."""
WRONG_METHOD = 40510000
"""The path exists, but not for this method; in the manner of the others, for none was ever recorded."""


class Refusal(Exception):
    """An answer other than success, on its way to the client.

    Args:
        status: HTTP status.
        code: Alpaca's error code; the market data API has none.
        message: Alpaca's wording.
        extra: Further members of the body.
    """

    def __init__(self, status: int, code: int | None, message: str, **extra: str) -> None:
        self.status = status
        self.body: dict[str, Any] = {"message": message, **extra}
        if code is not None:
            self.body = {"code": code, **self.body}
        super().__init__(message)


def invalid(message: str) -> Refusal:
    """422 for a request that is wrong in itself."""
    return Refusal(422, BAD_REQUEST, message)


def unprocessable(message: str) -> Refusal:
    """422 for a request that breaks a trading rule."""
    return Refusal(422, UNPROCESSABLE, message)


def forbidden(message: str, **extra: str) -> Refusal:
    """403 for what the account may not do now."""
    return Refusal(403, FORBIDDEN, message, **extra)


def not_found(message: str) -> Refusal:
    """404."""
    return Refusal(404, NOT_FOUND, message)


def bad_data_request(message: str) -> Refusal:
    """400 of the market data API, which sends no code."""
    return Refusal(400, None, message)


def plain(number: Decimal) -> str:
    """A decimal as Alpaca prints it: no exponent, no trailing zeros.

    >>> plain(Decimal("1E+2")), plain(Decimal("0.500"))
    ('100', '0.5')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
