"""The doctor: everything is looked at, nothing is changed, and what would stop a rebalance is said with its remedy."""

import json

import pytest

from brokerage.kill_switch import KillSwitch
from flows.doctor import doctor

pytestmark = pytest.mark.integration


@pytest.fixture
def examine(exchange, monkeypatch, capsys):
    for key in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("RISKPARITY_HOME", str(exchange.home))

    def examine(*, harden=False):
        code = doctor(harden=harden, as_json=True)
        return code, {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}

    return examine


def test_a_healthy_account_is_examined_and_left_as_it_is(examine, exchange):
    code, findings = examine()

    assert code == 0
    assert {finding["state"] for finding in findings.values()} <= {"ok", "advice"}
    assert "its own are alike" in findings["shapes"]["detail"]
    assert exchange.control.state()["account_number"] in findings["account"]["detail"]
    assert {request["method"] for request in exchange.control.requests()} == {"GET"}
    assert exchange.address.key_id not in json.dumps(findings)


def test_what_would_stop_a_rebalance_is_said_with_its_remedy(examine, exchange, monkeypatch):
    KillSwitch(exchange.home).engage("a drill", by="Ada")
    exchange.control.set_faults(
        {
            "path": "/v2/account",
            "action": "status",
            "status": 401,
            "answer": {"message": "unauthorized."},
            "times": None,
        }
    )

    code, findings = examine()

    assert code == 3
    assert findings["halt"]["remedy"] == "riskparity unhalt --reason TEXT"
    assert (findings["broker"]["state"], "ALPACA_API_KEY" in findings["broker"]["remedy"]) == ("STOP", True)
