"""What can go wrong with one HTTP call, and which of this project's errors it becomes."""

from __future__ import annotations

import re

from schemas.errors import BrokerRefusal, ConfigError, GuardRefusal, RiskParityError, TemporaryError

TOO_MANY_REQUESTS = 429
NO_SUCH_THING = 40410000
INVALID_REQUEST = 40010001
NOT_CANCELABLE = 42210000

_REDIRECTS = range(300, 400)
_PASSING = frozenset({408, TOO_MANY_REQUESTS, *range(200, 300), *range(500, 600)})
_TAKES_NO_ORDERS = re.compile(
    "new orders are rejected by user request|account is not authorized to trade", re.IGNORECASE
)
_SHORT_OF_MONEY = "insufficient buying power"
_UNAUTHORISED_CODES = frozenset({None, 40110000})


class CallFailed(Exception):
    """One HTTP call gave no usable answer. It stays inside ``brokerage`` and carries no headers.

    Args:
        call: Method and path, e.g. ``POST /v2/orders``.
        message: The broker's own words, or what broke.
        status: HTTP status; none when no answer came, 2xx when the answer could not be read.
        code: The broker's error code, where it gave one.
        retry_after: Seconds to wait before asking again, where the broker said so.
        sent: False when the request provably never left this machine.
    """

    def __init__(
        self,
        call: str,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        retry_after: float | None = None,
        sent: bool = True,
    ) -> None:
        super().__init__(f"{call}: {message}")
        self.call = call
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.sent = sent

    @property
    def is_temporary(self) -> bool:
        """Whether the same call may work later: no answer, an unreadable one, 429 or a server error."""
        return self.status is None or self.status in _PASSING

    @property
    def may_have_arrived(self) -> bool:
        """Whether a request that changes something may have taken effect all the same."""
        return self.sent and self.is_temporary and self.status != TOO_MANY_REQUESTS

    @property
    def is_duplicate_id(self) -> bool:
        """Whether the broker refused because an order with this client id exists already."""
        return self.code == INVALID_REQUEST and "client_order_id must be unique" in self.message

    @property
    def figures(self) -> dict[str, object]:
        """What is known about the failure, by name, for an error's figures."""
        known = {"call": self.call, "status": self.status, "code": self.code, "message": self.message}
        return {name: value for name, value in known.items() if value is not None}


def as_error(failure: CallFailed) -> RiskParityError:
    """The error a person should see for ``failure`` of a trading call.

    Classified by status and code, never by a substring of the body: the broker uses 403 both for wrong
    keys (no code) and for refusing one order (code 4031xxxx).
    """
    if failure.is_temporary:
        return TemporaryError(
            "The broker cannot be reached or is unwell",
            figures=failure.figures,
            remedy="Run the same command again later.",
        )
    if failure.status in _REDIRECTS:
        return ConfigError(
            "The broker's address answered with a redirect, which is never followed with keys",
            figures=failure.figures,
            remedy="Check trading_url and data_url in the configuration.",
        )
    if failure.status in {401, 403} and failure.code in _UNAUTHORISED_CODES:
        return ConfigError(
            "The broker does not accept the keys",
            figures=failure.figures,
            remedy="Check ALPACA_API_KEY and ALPACA_SECRET_KEY: they must be the pair of a paper account.",
        )
    if _TAKES_NO_ORDERS.search(failure.message):
        return GuardRefusal(
            "The broker takes no new orders from this account",
            figures=failure.figures,
            remedy="Lift the suspension at the broker, then run again; nothing more was sent.",
        )
    return BrokerRefusal(
        "The broker refused",
        figures=failure.figures,
        remedy="Asking again unchanged will not help: see the message.",
    )


def lacks_money(message: str) -> bool:
    """Whether the broker refused an order because the account cannot pay for it: a smaller one may pass."""
    return _SHORT_OF_MONEY in message
