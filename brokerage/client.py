"""The broker as this project sees it: few verbs, exact decimals, and an order sent at most once."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetCalendarRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
)
from pydantic import TypeAdapter

from brokerage.endpoint import Endpoint
from brokerage.failures import NO_SUCH_THING, NOT_CANCELABLE, CallFailed, as_error
from brokerage.interlock import require_agreement
from brokerage.models import Account, Asset, CalendarDay, Clock, Order, OrderTicket, Position
from brokerage.transport import harden, once, with_retries
from schemas.errors import ConfigError, RiskParityError, UnknownOutcome
from schemas.settings import BrokerSettings

LOOK_UP_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for an order whose POST went unanswered: one miss is no proof."""

_CALENDAR = TypeAdapter(list[CalendarDay])
_POSITIONS = TypeAdapter(list[Position])
_ORDERS = TypeAdapter(list[Order])

Answer = TypeVar("Answer")


class Broker:
    """A trading account behind alpaca-py's TradingClient.

    Every method raises ``TemporaryError`` when the broker stays unreachable, ``ConfigError`` when it does
    not accept the keys and ``BrokerRefusal`` when it says no. Not safe to share between threads.

    Args:
        endpoint: Where the account is.
        settings: Time-outs.
        sleep: How to wait between looks for an order.
    """

    def __init__(
        self, endpoint: Endpoint, settings: BrokerSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.venue = endpoint.venue
        self._sleep = sleep
        self._patience = settings.patience_seconds
        self._endpoint = endpoint
        self._interlocked = False
        client = TradingClient(
            api_key=endpoint.key_id.get_secret_value(),
            secret_key=endpoint.secret_key.get_secret_value(),
            paper=True,
            raw_data=True,
            url_override=endpoint.trading_url,
        )
        self._client = harden(client, settings)

    def __reduce__(self) -> NoReturn:
        raise ConfigError(
            "A broker holds credentials and is never stored", remedy="Make a new one where it is used."
        )

    def account(self) -> Account:
        """Money and permissions of the account."""
        return self._read(lambda: Account.model_validate(self._client.get_account()))

    def clock(self) -> Clock:
        """The exchange's time and its next open and close."""
        return self._read(lambda: Clock.model_validate(self._client.get_clock()))

    def calendar(self, start: dt.date, end: dt.date) -> list[CalendarDay]:
        """Sessions from ``start`` to ``end``, both included."""
        wanted = GetCalendarRequest(start=start, end=end)
        return self._read(lambda: _CALENDAR.validate_python(self._client.get_calendar(wanted)))

    def asset(self, symbol: str) -> Asset:
        """What may be done with ``symbol``."""
        return self._read(lambda: Asset.model_validate(self._client.get_asset(symbol)))

    def positions(self) -> list[Position]:
        """Every holding of the account."""
        return self._read(lambda: _POSITIONS.validate_python(self._client.get_all_positions()))

    def open_orders(self) -> list[Order]:
        """Up to 500 orders that are not terminal, whoever sent them."""
        wanted = GetOrdersRequest(status=QueryOrderStatus.OPEN, limit=500)
        return self._read(lambda: _ORDERS.validate_python(self._client.get_orders(wanted)))

    def order_by_id(self, order_id: str) -> Order:
        """The order the broker itself gave this id."""
        return self._read(lambda: Order.model_validate(self._client.get_order_by_id(order_id)))

    def order(self, client_order_id: str) -> Order | None:
        """The order sent under ``client_order_id``, whatever became of it; none when there is none."""
        try:
            return with_retries(
                lambda: Order.model_validate(self._client.get_order_by_client_id(client_order_id)),
                self._patience,
            )
        except CallFailed as failure:
            if failure.code == NO_SUCH_THING:
                return None
            raise as_error(failure) from None

    def search(self, client_order_id: str) -> Order | None:
        """The same, asked for again with growing pauses while it is missing: one miss is no proof."""
        for pause in LOOK_UP_PAUSES:
            order = self.order(client_order_id)
            if order is not None:
                return order
            self._sleep(pause)
        return self.order(client_order_id)

    def submit(self, ticket: OrderTicket, permit: Callable[[], None] = lambda: None) -> Order:
        """Send an order, once.

        POST is never repeated blindly. When its outcome is unknown the order is looked up by its id with
        growing pauses, and adopted when found. When it stays missing, one more POST goes out under the
        same id, which the broker accepts only once. A refusal of that one settles nothing, for the first
        order may live and be its very reason: the order is looked up again.

        Args:
            ticket: The order.
            permit: Asked right before every POST, the second one too; what it raises keeps it from going out.

        Raises:
            UnknownOutcome: If a POST went unanswered and no look-up found the order.
            ConfigError: If the account is a live one and not everything says so, or the other way round.
        """
        self._interlock()
        in_doubt = False
        figures: dict[str, object] = {}
        for _ in range(2):
            try:
                permit()
            except RiskParityError as refusal:
                if in_doubt:
                    raise unresolved(ticket, figures | {"not sent again": refusal.what}) from None
                raise
            try:
                return same_trade(self._post(ticket), ticket)
            except CallFailed as caught:
                failure, figures = caught, caught.figures
            if not (in_doubt or failure.is_temporary or failure.is_duplicate_id):
                raise as_error(failure)
            in_doubt = in_doubt or failure.may_have_arrived or failure.is_duplicate_id
            order = self._search(ticket, failure, in_doubt=in_doubt)
            if order is not None:
                return same_trade(order, ticket)
        raise unresolved(ticket, figures) if in_doubt else as_error(failure)

    def cancel(self, order: Order) -> None:
        """Ask for the end of an order; whether and when it ends only its status tells.

        An order that is already terminal is left as it is.
        """
        self._interlock()
        try:
            # Unlike POST, a repeated DELETE of one order changes nothing more.
            with_retries(lambda: self._client.cancel_order_by_id(order.id), self._patience)
        except CallFailed as failure:
            if failure.code != NOT_CANCELABLE:
                raise as_error(failure) from None

    def configure(self, changes: Mapping[str, object]) -> None:
        """Change settings of the account: PATCH /v2/account/configurations, which may be repeated.

        Raises:
            ConfigError: If the account is a live one and not everything says so, or the other way round.
        """
        self._interlock()
        self._read(lambda: self._client.patch("/account/configurations", dict(changes)))

    def answer(self, path: str, **fields: object) -> Any:
        """What one GET answers, as it is: for questions that no other method asks."""
        return self._read(lambda: self._client.get(path, fields))

    def _read(self, call: Callable[[], Answer]) -> Answer:
        try:
            return with_retries(call, self._patience)
        except CallFailed as failure:
            raise as_error(failure) from None

    def _interlock(self) -> None:
        if not self._interlocked:
            require_agreement(self._endpoint, self.account().account_number)
            self._interlocked = True

    def _post(self, ticket: OrderTicket) -> Order:
        kind = _ExactMarketOrder if ticket.limit_price is None else _ExactLimitOrder
        request = kind(
            symbol=ticket.symbol,
            side=OrderSide(ticket.side),
            time_in_force=TimeInForce.DAY,
            client_order_id=ticket.client_order_id,
            **ticket.figures(),
        )
        return once(lambda: Order.model_validate(self._client.submit_order(request)))

    def _search(self, ticket: OrderTicket, failure: CallFailed, *, in_doubt: bool) -> Order | None:
        self._sleep(failure.retry_after or 0.0)
        for pause in LOOK_UP_PAUSES:
            self._sleep(pause)
            try:
                order = self.order(ticket.client_order_id)
            except RiskParityError as blind:
                if in_doubt:
                    raise unresolved(ticket, failure.figures | {"look-up": blind.what}) from None
                raise
            if order is not None:
                return order
        return None


def same_trade(order: Order, ticket: OrderTicket) -> Order:
    """Adopt ``order`` only when it is the trade meant; its size may be that of an earlier attempt.

    Raises:
        UnknownOutcome: If it is another trade under the same id.
    """
    if (order.symbol, order.side) != (ticket.symbol, ticket.side):
        raise unresolved(ticket, {"found": f"{order.side} {order.symbol}", "order_id": order.id})
    return order


def unresolved(ticket: OrderTicket, figures: Mapping[str, object]) -> UnknownOutcome:
    """What is raised of an order that may or may not have reached the broker."""
    wanted = f"{ticket.side} {ticket.symbol}"
    return UnknownOutcome(
        "The broker did not say whether an order arrived, and looking it up did not settle it",
        figures={"order": wanted, "client_order_id": ticket.client_order_id, **figures},
        remedy="Look for this client order id at the broker. Running the same week again looks it up "
        "first and cannot send it twice.",
    )


class _ExactMarketOrder(MarketOrderRequest):
    """alpaca-py sizes orders with floats; strings keep every digit and never turn into 1e-07."""

    qty: str | None = None  # type: ignore[assignment]
    notional: str | None = None  # type: ignore[assignment]


class _ExactLimitOrder(LimitOrderRequest):
    """The same for an order with a limit."""

    qty: str | None = None  # type: ignore[assignment]
    notional: str | None = None  # type: ignore[assignment]
    limit_price: str  # type: ignore[assignment]
