"""A broker that misbehaves on purpose: a real HTTP server on this machine that does what a script says."""

import io
import json
import socket
import struct
import threading
from collections import Counter, defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import stamina
from pydantic import SecretStr

from brokerage.client import Broker
from brokerage.endpoint import Endpoint
from brokerage.execution import execute
from brokerage.intents import IntentLog
from brokerage.market_data import latest_prices, latest_quotes
from brokerage.orders import plan_orders
from schemas.identity import Run
from schemas.parameters import ExecutionParameters
from schemas.settings import BrokerSettings

KEY_ID, SECRET_KEY = "PKPLANTED0000000KEY", "planted-secret-do-not-leak-0123456789"


class Request(NamedTuple):
    method: str
    path: str
    query: dict
    headers: dict
    body: dict | None


class Misbehaving:
    """Answers by script: one act a request, the last act for ever.

    ``book`` holds the orders that arrived, by client order id: an act decides whether an order arrives
    and, apart from that, what the client gets to hear about it.
    """

    def __init__(self):
        self.requests, self.book = [], {}
        self.stopped = threading.Event()
        self._acts = defaultdict(deque)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def secure(self, context):
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def script(self, call, *acts):
        self._acts[call] = deque(acts)

    def act(self, request):
        acts = self._acts.get(f"{request.method} {request.path}") or deque([_by_default])
        return acts.popleft() if len(acts) > 1 else acts[0]

    def received(self, call):
        return [r for r in self.requests if f"{r.method} {r.path}" == call]

    def stop(self):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_call(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        parts = urlsplit(self.path)
        request = Request(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        self.owner.requests.append(request)
        self.owner.act(request)(self, request)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_one_call  # noqa: N815 - http.server's names

    def log_message(self, *_):
        pass


def answer(status=200, body=None, headers=(), raw=None):
    """Answer with JSON, or with ``raw`` bytes whatever they are."""

    def act(handler, _request):
        content = raw if raw is not None else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return act


def hang(handler, _request):
    """Say nothing until the test is over."""
    handler.owner.stopped.wait()
    handler.close_connection = True


def reset(handler, _request):
    """Cut the connection the hard way."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    handler.wfile, handler.rfile = io.BytesIO(), io.BytesIO()


def drip(body, seconds):
    """Send a good answer, one byte at a time: each arrives well within any read time-out."""

    def act(handler, _request):
        content = json.dumps(body).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        for byte in content:
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                break
            handler.owner.stopped.wait(seconds)
        handler.close_connection = True

    return act


def accept(then=None, **becomes):
    """Let the order arrive, as ``becomes`` says, then answer with it, or do something else instead."""

    def act(handler, request):
        name = request.body["client_order_id"]
        if name in handler.owner.book:
            return refuse(422, 40010001, "client_order_id must be unique")(handler, request)
        handler.owner.book[name] = order_json(**request.body | becomes)
        return (then or answer(200, handler.owner.book[name]))(handler, request)

    return act


def refuse(status, code, message, **headers):
    return answer(status, {"code": code, "message": message}, headers)


def look_up(handler, request):
    """Find an order by its client id, as Alpaca does."""
    order = handler.owner.book.get(request.query["client_order_id"][0])
    act = answer(200, order) if order else refuse(404, 40410000, "order not found")
    act(handler, request)


def order_json(client_order_id, symbol, side, *, qty=None, notional=None, status="pending_new", **more):
    return {
        "id": f"id-of-{client_order_id}",
        "client_order_id": client_order_id,
        "symbol": symbol,
        "side": side,
        "qty": qty,
        "notional": notional,
        "status": status,
        "filled_qty": "0",
        "filled_avg_price": None,
    } | more


def account_json(**more):
    return {"account_number": "PA123", "status": "ACTIVE", "cash": "1000", "equity": "1000"} | more


def _by_default(handler, request):
    defaults = {
        "GET /v2/account": answer(200, account_json()),
        "POST /v2/orders": accept(),
        "PATCH /v2/account/configurations": answer(200, {}),
        "GET /v2/orders:by_client_order_id": look_up,
    }
    act = defaults.get(f"{request.method} {request.path}") or refuse(404, 40410000, "endpoint not found")
    act(handler, request)


class Acts:
    """What a script is made of."""

    answer = staticmethod(answer)
    hang = staticmethod(hang)
    reset = staticmethod(reset)
    drip = staticmethod(drip)
    accept = staticmethod(accept)
    refuse = staticmethod(refuse)
    look_up = staticmethod(look_up)
    order_json = staticmethod(order_json)
    account_json = staticmethod(account_json)


@pytest.fixture
def acts():
    return Acts


@pytest.fixture
def misbehaving():
    server = Misbehaving()
    yield server
    server.stop()


@pytest.fixture
def misbehaving_endpoint(misbehaving):
    return Endpoint("loopback", misbehaving.url, misbehaving.url, SecretStr(KEY_ID), SecretStr(SECRET_KEY))


@pytest.fixture
def planted():
    """The two strings that must appear nowhere."""
    return KEY_ID, SECRET_KEY


@pytest.fixture
def impatient():
    """Time-outs short enough for a test."""
    return BrokerSettings(connect_timeout=0.5, read_timeout=0.5)


@pytest.fixture
def three_tries():
    """Retries without waiting, three in all."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def trader(exchange):
    """A broker on a loopback exchange of its own."""
    address = exchange.address
    keys = SecretStr(address.key_id), SecretStr(address.secret_key)
    return Broker(Endpoint("loopback", address.url, address.url, *keys), BrokerSettings())


PARAMS = ExecutionParameters(poll_seconds=10, deadline_seconds=60)
FIRST = {"SPY": 0.3, "TLT": 0.5, "IEF": 0.19}


class Time:
    """A clock that waits without waiting, and lets something happen meanwhile."""

    def __init__(self):
        self.now = 0.0
        self.meanwhile = lambda: None

    def sleep(self, seconds):
        self.now += seconds
        self.meanwhile()

    def monotonic(self):
        return self.now


class Desk:
    """An account at the loopback exchange, the plans made for it, and the log of what was to be sent."""

    def __init__(self, exchange):
        self.control = exchange.control
        self.address = exchange.address
        self.broker = self.broker_of(Broker)
        self.time = Time()
        self.intents = IntentLog(exchange.home, "loopback-00000000", patience=0.1)

    def broker_of(self, kind, secret=None):
        keys = SecretStr(self.address.key_id), SecretStr(secret or self.address.secret_key)
        self.endpoint = Endpoint("loopback", self.address.url, self.address.url, *keys)
        return kind(self.endpoint, BrokerSettings(), sleep=lambda _: None)

    def run(self):
        now = self.broker.clock().timestamp.replace(
            microsecond=0
        )  # each order moves the clock by a microsecond
        return Run(
            strategy="risk_parity",
            session=now.date(),
            decided_at=now,
            venue="loopback",
            account="loopback-00000000",
        )

    def plan(self, targets, run=None):
        account, positions = self.broker.account(), self.broker.positions()
        symbols = sorted({p.symbol for p in positions} | targets.keys())
        prices = latest_prices(self.endpoint, symbols, feed="iex")
        return plan_orders(
            run or self.run(),
            equity=account.equity,
            cash=account.spendable,
            positions=positions,
            targets=targets,
            prices=prices,
            last_closes=prices,
            assets={symbol: self.broker.asset(symbol) for symbol in symbols},
            params=PARAMS,
        )

    def execute(
        self,
        plan,
        broker=None,
        run=None,
        *,
        before_sending=lambda: None,
        before_wave=lambda: None,
        before_each=lambda: None,
        **params,
    ):
        return execute(
            broker or self.broker,
            run or self.run(),
            plan,
            PARAMS.model_copy(update=params),
            intents=self.intents,
            before_sending=before_sending,
            before_wave=before_wave,
            before_each=before_each,
            quotes=lambda symbols: latest_quotes(self.endpoint, symbols, feed="iex"),
            sleep=self.time.sleep,
            monotonic=self.time.monotonic,
        )

    def invested(self):
        """The account a week after its first funding."""
        assert self.execute(self.plan(FIRST)).outcome == "complete"
        self.control.advance("next_week")
        return self

    def posts(self):
        """Every order that was ever sent, as it was sent."""
        sent = [r for r in self.control.requests() if (r["method"], r["path"]) == ("POST", "/v2/orders")]
        return [json.loads(r["body"]) for r in sent]

    def booked(self):
        """How many orders the exchange holds for each id it was ever sent."""
        found = self.broker._client.get("/orders", {"status": "all", "limit": 500})
        return Counter(order["client_order_id"] for order in found)


@pytest.fixture
def desk(exchange):
    return Desk(exchange)
