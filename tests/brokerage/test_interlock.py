"""Real money moves only when four independent facts agree: all sixteen combinations, over real TLS.

The address book of this machine is replaced, so that both Alpaca hosts lead to a server here with a
certificate for both names. Everything else is the product as it is.
"""

import datetime as dt
import itertools
import socket
import ssl
from decimal import Decimal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from brokerage.client import Broker
from brokerage.endpoint import DATA_HOST, LIVE_HOST, PAPER_HOST, resolve_endpoint
from brokerage.models import Order, OrderTicket
from schemas.errors import ConfigError
from schemas.settings import BrokerSettings, ExchangeSettings

KEYS = {"ALPACA_API_KEY": "PK1", "ALPACA_SECRET_KEY": "sssh"}
LIVE_NUMBER, PAPER_NUMBER = "123456789", "PA3ABCDEF"
ORDER = Order(
    id="7c1e4b6a-0000-4000-8000-000000000001", client_order_id="id", symbol="SPY", side="buy", status="new"
)
TICKET = OrderTicket("risk_parity-2015-W23-1-B-SPY", "SPY", "buy", notional=Decimal(10))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for Alpaca's hosts that only this test trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in (LIVE_HOST, PAPER_HOST, DATA_HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(hours=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def alpaca(misbehaving, certificate, monkeypatch):
    """The server that answers to Alpaca's names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    misbehaving.secure(context)

    def here(host, _port, *_args, **_kwargs):
        assert host in {LIVE_HOST, PAPER_HOST, "127.0.0.1"}, "nothing else is asked for"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", misbehaving.port))]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    return misbehaving


MUTATIONS = {
    "POST": lambda broker: broker.submit(TICKET),
    "PATCH": lambda broker: broker.configure({"suspend_trade": True}),
    "DELETE": lambda broker: broker.cancel(ORDER),
}
"""Everything with which this project changes something in an account."""


def mutate(certificate, settings, environ, home, change=MUTATIONS["POST"]):
    """Resolve the endpoint and change something, as every run does."""
    endpoint = resolve_endpoint(settings, ExchangeSettings(), home, KEYS | environ)
    broker = Broker(endpoint, settings)
    broker._client._session.verify = str(certificate)
    change(broker)


def changed(alpaca):
    """Requests that could have changed something, with the host they were meant for."""
    return [
        (request.method, request.headers["Host"]) for request in alpaca.requests if request.method != "GET"
    ]


@pytest.mark.parametrize("said", list(itertools.product([False, True], repeat=4)))
def test_only_four_facts_that_agree_move_real_money(said, alpaca, acts, certificate, tmp_path):
    live_venue, understood, live_account, live_host = said
    number = LIVE_NUMBER if live_account else PAPER_NUMBER
    alpaca.script("GET /v2/account", acts.answer(200, acts.account_json(account_number=number)))
    alpaca.script(f"DELETE /v2/orders/{ORDER.id}", acts.answer(200, {}))
    settings = BrokerSettings(
        venue="live" if live_venue else "paper",
        trading_url=f"https://{LIVE_HOST if live_host else PAPER_HOST}",
        live_cap=Decimal(100) if live_host else None,
        patience_seconds=1,
    )
    environ = {"I_UNDERSTAND_LIVE": number} if understood else {}

    for method, change in MUTATIONS.items():
        if len(set(said)) > 1:
            with pytest.raises(ConfigError):
                mutate(certificate, settings, environ, tmp_path, change)
            assert changed(alpaca) == []
        else:
            mutate(certificate, settings, environ, tmp_path, change)
            assert changed(alpaca)[-1] == (method, LIVE_HOST if all(said) else PAPER_HOST)


@pytest.mark.parametrize(
    ("environ", "cap"),
    [({}, 100), ({"I_UNDERSTAND_LIVE": LIVE_NUMBER}, None), ({"I_UNDERSTAND_LIVE": " "}, 100)],
)
def test_live_trading_by_halves_asks_the_broker_nothing(environ, cap, alpaca, certificate, tmp_path):
    settings = BrokerSettings(venue="live", trading_url=f"https://{LIVE_HOST}", live_cap=cap)

    with pytest.raises(ConfigError, match="by halves"):
        mutate(certificate, settings, environ, tmp_path)
    assert alpaca.requests == []


def test_the_number_of_another_account_is_no_consent(alpaca, acts, certificate, tmp_path):
    alpaca.script("GET /v2/account", acts.answer(200, acts.account_json(account_number=LIVE_NUMBER)))
    settings = BrokerSettings(venue="live", trading_url=f"https://{LIVE_HOST}", live_cap=100)

    with pytest.raises(ConfigError, match="names the account: no"):
        mutate(certificate, settings, {"I_UNDERSTAND_LIVE": "987654321"}, tmp_path)
    assert changed(alpaca) == []


def test_scenario_59_a_live_host_is_refused_before_any_request_when_the_venue_is_paper(
    alpaca, certificate, tmp_path
):
    settings = BrokerSettings(venue="paper", trading_url=f"https://{LIVE_HOST}")

    with pytest.raises(ConfigError, match="when the venue is paper"):
        mutate(certificate, settings, {}, tmp_path)
    assert alpaca.requests == []


def test_scenario_59_a_live_account_gets_nothing_but_the_question_whose_it_is(
    alpaca, acts, certificate, tmp_path
):
    alpaca.script("GET /v2/account", acts.answer(200, acts.account_json(account_number=LIVE_NUMBER)))

    with pytest.raises(ConfigError, match="do not agree") as refused:
        mutate(certificate, BrokerSettings(venue="paper"), {}, tmp_path)
    assert [(request.method, request.path) for request in alpaca.requests] == [("GET", "/v2/account")]
    assert LIVE_NUMBER not in str(refused.value)
