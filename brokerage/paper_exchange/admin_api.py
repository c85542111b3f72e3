"""The admin endpoints: the clock, the switchboard, the world, the request log. Not Alpaca's: tests and the CLI use them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brokerage.paper_exchange.book import Book
from brokerage.paper_exchange.corporate_actions import CorporateAction
from brokerage.paper_exchange.documents import account_number, clock_document
from brokerage.paper_exchange.fault_rule import FaultRule
from brokerage.paper_exchange.faults import Faults
from brokerage.paper_exchange.options import ExchangeOptions, read_options
from brokerage.paper_exchange.rate_limit import MOST_PER_MINUTE, RateLimiter
from brokerage.paper_exchange.refusal import invalid, not_found, plain
from brokerage.paper_exchange.ticket import parse_json

_Cents = Annotated[Decimal, Field(decimal_places=2)]
_Shares = Annotated[Decimal, Field(gt=0, decimal_places=9)]
_ASSET_FLAGS = {"status": ("active", "inactive"), "tradable": (True, False), "fractionable": (True, False)}


class AdminApi:
    """Handlers over one book, its switchboard and its request budget."""

    def __init__(self, book: Book, faults: Faults, limiter: RateLimiter) -> None:
        self._book = book
        self._faults = faults
        self._limiter = limiter

    def routes(self) -> list[Route]:
        """Paths and methods served."""
        return [
            Route("/__sim/health", self.health),
            Route("/__sim/state", self.state),
            Route("/__sim/clock", self.clock, methods=["POST"]),
            Route("/__sim/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/__sim/rate_limit", self.rate_limit, methods=["POST"]),
            Route("/__sim/assets/{symbol}", self.asset, methods=["POST"]),
            Route("/__sim/options", self.options, methods=["GET", "POST"]),
            Route("/__sim/transfers", self.transfer, methods=["POST"]),
            Route("/__sim/trades", self.trade, methods=["POST"]),
            Route("/__sim/corporate_actions", self.corporate_action, methods=["POST"]),
            Route("/__sim/invariants", self.invariants),
            Route("/__sim/requests", self.requests),
        ]

    async def health(self, _: Request) -> Response:
        """GET /__sim/health: alive; the only answer without credentials."""
        return JSONResponse({"status": "ok"})

    async def state(self, _: Request) -> Response:
        """GET /__sim/state: what this exchange is and where its clock stands."""
        book = self._book
        first, last = book.tape.span()
        facts = {row["key"]: row["value"] for row in book.store.rows("SELECT key, value FROM meta")}
        account = book.account()
        return JSONResponse(
            {
                **clock_document(book.sessions, book.now),
                "session": book.sessions.latest(book.now).isoformat(),
                "first_session": first.isoformat(),
                "last_session": last.isoformat(),
                "symbols": book.tape.symbols,
                "account_number": account_number(facts["seed"]),
                "start": facts["start"],
                "seed": facts["seed"],
                "opening_cash": facts["opening_cash"],
                "prices": facts["prices"],
                "cash": plain(account.cash),
                "equity": plain(account.equity),
                "orders": book.store.rows("SELECT COUNT(*) FROM orders")[0][0],
            }
        )

    async def clock(self, request: Request) -> Response:
        """POST /__sim/clock ``{"to": ...}``."""
        to = parse_json(await request.body()).get("to")
        if not isinstance(to, str):
            raise invalid("to must be next_session, next_week, close or an ISO instant with its UTC offset")
        self._book.advance(to)
        return JSONResponse(clock_document(self._book.sessions, self._book.now))

    async def faults(self, request: Request) -> Response:
        """GET, POST ``{"rules": [...]}`` and DELETE /__sim/faults."""
        if request.method != "GET":
            content = await request.json() if request.method == "POST" else {}
            self._faults.set(_valid(dict[Literal["rules"], list[FaultRule]], content).get("rules", []))
        return JSONResponse({"rules": self._faults.state()})

    async def rate_limit(self, request: Request) -> Response:
        """POST /__sim/rate_limit ``{"per_minute": ...}``; 0 limits nothing."""
        wanted = parse_json(await request.body()).get("per_minute")
        if not isinstance(wanted, Decimal) or wanted % 1 or not 0 <= wanted <= MOST_PER_MINUTE:
            raise invalid(f"per_minute must be a whole number from 0 to {MOST_PER_MINUTE}")
        self._limiter.set(int(wanted))
        return JSONResponse({"per_minute": int(wanted)})

    async def asset(self, request: Request) -> Response:
        """POST /__sim/assets/{symbol} with ``status``, ``tradable`` or ``fractionable``."""
        symbol = request.path_params["symbol"].upper()
        if symbol not in self._book.tape.symbols:
            raise not_found(f"asset not found for {symbol}")
        changes = parse_json(await request.body())
        if not all(value in _ASSET_FLAGS.get(name, ()) for name, value in changes.items()):
            raise invalid("give status (active or inactive), tradable or fractionable (true or false)")
        with self._book.store.transaction() as book:
            for column, value in changes.items():
                book.execute(f"UPDATE asset SET {column} = ? WHERE symbol = ?", (value, symbol))  # noqa: S608
        return JSONResponse(changes)

    async def options(self, request: Request) -> Response:
        """GET and POST /__sim/options: how real the exchange feels; what is not named stays."""
        options = read_options(self._book.store.book)
        if request.method == "POST":
            changes = parse_json(await request.body())
            options = _valid(ExchangeOptions, options.model_dump() | changes)
            self._book.set_options(options)
        return JSONResponse(options.model_dump(mode="json"))

    async def transfer(self, request: Request) -> Response:
        """POST /__sim/transfers ``{"amount": ...}``: a deposit or, when negative, a withdrawal (USD)."""
        amount = parse_json(await request.body()).get("amount")
        self._book.transfer(_valid(_Cents, amount))
        return JSONResponse({"cash": plain(self._book.account().cash)})

    async def trade(self, request: Request) -> Response:
        """POST /__sim/trades ``{"symbol", "side", "qty"}``: what somebody else does in the same account."""
        sent = parse_json(await request.body())
        side, qty = _valid(Literal["buy", "sell"], sent.get("side")), _valid(_Shares, sent.get("qty"))
        order = self._book.trade_by_hand(str(sent.get("symbol")), side, qty)
        return JSONResponse({"id": order.id, "status": order.status})

    async def corporate_action(self, request: Request) -> Response:
        """POST /__sim/corporate_actions: announce one (see ``CorporateAction``)."""
        action = _valid(CorporateAction, parse_json(await request.body()))
        return JSONResponse({"id": self._book.add_corporate_action(action)})

    async def invariants(self, _: Request) -> Response:
        """GET /__sim/invariants: what does not hold in the book; nothing, always."""
        return JSONResponse({"violations": self._book.check()})

    async def requests(self, _: Request) -> Response:
        """GET /__sim/requests: every request to the trading and data endpoints, oldest first."""
        return JSONResponse(
            [dict(row) for row in self._book.store.rows("SELECT * FROM request ORDER BY seq")]
        )


def _valid(kind: Any, value: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise invalid(str(error)) from error
