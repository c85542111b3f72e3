"""Stopping by hand is one command; going on needs a reason and the number of the account."""

from decimal import Decimal

import pytest
from pydantic import SecretStr

from brokerage.client import Broker
from brokerage.endpoint import Endpoint
from brokerage.kill_switch import KillSwitch
from brokerage.models import OrderTicket
from config.settings import load_settings
from flows import halting, screens
from schemas.errors import ConfigError, RiskParityError
from schemas.identity import account_name

pytestmark = pytest.mark.integration


@pytest.fixture
def broker(exchange, monkeypatch):
    """The account on the exchange in the state folder."""
    for key in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("RISKPARITY_HOME", str(exchange.home))
    address = exchange.address
    keys = SecretStr(address.key_id), SecretStr(address.secret_key)
    return Broker(Endpoint("loopback", address.url, address.url, *keys), load_settings().broker)


def test_a_halt_stops_every_level_and_only_the_accounts_number_lifts_it(broker, exchange, capsys):
    exchange.control.set_faults({"method": "POST", "path": "/v2/orders", "action": "never_fill"})
    order = broker.submit(OrderTicket("risk_parity-2015-W23-1-B-SPY-1", "SPY", "buy", notional=Decimal(10)))

    assert halting.halt("a drill", at_the_broker=True) == 0

    assert "buy SPY: canceled" in capsys.readouterr().out
    assert broker.order(order.client_order_id).status == "canceled"
    assert broker.account().trade_suspended_by_user
    with pytest.raises(RiskParityError, match="a drill"):
        KillSwitch(exchange.home).require_off()

    with pytest.raises(ConfigError, match="not the number"):
        halting.unhalt("over", account="PA0000000000")
    assert KillSwitch(exchange.home).state() is not None

    # what the status of the exchange shows is what unhalt wants
    assert exchange.control.state()["account_number"] == broker.account().account_number
    assert halting.unhalt("over", account=broker.account().account_number) == 0
    KillSwitch(exchange.home).require_off()
    assert not broker.account().trade_suspended_by_user


def test_resuming_needs_a_reason_and_a_person(exchange, broker, monkeypatch):
    halting.halt("", at_the_broker=False)
    with pytest.raises(ConfigError, match="needs a reason"):
        halting.unhalt(" ", account=broker.account().account_number)
    with pytest.raises(ConfigError, match="a person at a terminal"):
        halting.unhalt("over", account="")

    assert halting.unhalt("over", account=account_name("loopback", broker.account().account_number)) == 0

    halting.halt("again", at_the_broker=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: broker.account().account_number)
    assert halting.unhalt("over", account="") == 0


def test_a_halt_holds_even_when_the_broker_cannot_be_reached(tmp_path, monkeypatch, capsys):
    for name, value in {
        "RISKPARITY_HOME": str(tmp_path),
        "ALPACA_API_KEY": "PK1",
        "ALPACA_SECRET_KEY": "sssh",
        "RISKPARITY__BROKER__TRADING_URL": "http://127.0.0.1:9",
        "RISKPARITY__BROKER__DATA_URL": "http://127.0.0.1:9",
        "RISKPARITY__BROKER__PATIENCE_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(RiskParityError):
        halting.halt("no network", at_the_broker=True)

    assert "Trading is halted" in capsys.readouterr().out
    screens.halted(KillSwitch(tmp_path).state())
    assert "TRADING IS HALTED" in capsys.readouterr().err
