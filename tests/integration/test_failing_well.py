"""Every stage fails well: one screen with the remedy, the right exit code, no traceback, nothing sent."""

from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

SECRETS = {"ALPACA_API_KEY": "PKPLANTED0KEY0ID0000", "ALPACA_SECRET_KEY": "planted-secret-0123456789"}


def alpaca_at(url):
    return {**SECRETS, "RISKPARITY__BROKER__TRADING_URL": url, "RISKPARITY__BROKER__DATA_URL": url}


def failed_well(outcome, code, said):
    assert outcome.code == code, outcome.err
    assert said in outcome.err
    assert "Traceback" not in outcome.err + outcome.out
    assert not [secret for secret in SECRETS.values() if secret in outcome.err + outcome.out]
    assert len(outcome.err.splitlines()) < 40


def sent(exchange):
    return [request for request in exchange.control.requests() if request["method"] == "POST"]


def test_wrong_keys_are_refused_and_written_nowhere(riskparity, exchange, prefect_environment):
    outcome = riskparity("run", "risk_parity", "rebalance", **alpaca_at(exchange.address.url))

    failed_well(outcome, 2, "ALPACA_API_KEY")
    assert not sent(exchange)
    for folder in (exchange.home, Path(prefect_environment["PREFECT_HOME"])):
        for file in (path for path in folder.rglob("*") if path.is_file()):
            content = file.read_bytes()
            assert not [secret for secret in SECRETS.values() if secret.encode() in content], file


def test_scenario_63_no_byte_of_a_failing_run_holds_the_keys(riskparity, exchange, prefect_environment):
    """The keys are right, the run is under way, and the broker echoes them in an error that will not pass."""
    keys = [exchange.address.key_id, exchange.address.secret_key]
    echo = {"code": 50010000, "message": f"internal error for {' '.join(keys)}"}
    exchange.control.set_faults(
        {
            "method": "POST",
            "path": "/v2/orders",
            "nth": 2,
            "times": None,
            "action": "status",
            "status": 500,
            "answer": echo,
        }
    )

    outcome = riskparity("run", "risk_parity", "rebalance", RISKPARITY__BROKER__PATIENCE_SECONDS="2")

    assert outcome.code not in {0, 1}, outcome.err
    said = [outcome.out.encode(), outcome.err.encode()]
    files = [
        file
        for folder in (exchange.home, Path(prefect_environment["PREFECT_HOME"]))
        for file in folder.rglob("*")
        if file.is_file() and file.name != "exchange.json"  # where the exchange keeps its keys
    ]
    assert len(files) > 20
    for content in [*said, *(file.read_bytes() for file in files)]:
        assert not [key for key in keys if key.encode() in content]


def test_no_network(riskparity, exchange, free_port):
    nowhere = alpaca_at(f"http://127.0.0.1:{free_port}")
    outcome = riskparity(
        "run", "risk_parity", "rebalance", **nowhere, RISKPARITY__BROKER__PATIENCE_SECONDS="2"
    )

    failed_well(outcome, 75, "again")
    assert not sent(exchange)


def test_no_prefect_server(riskparity, exchange, free_port):
    nowhere = f"http://127.0.0.1:{free_port}/api"

    failed_well(riskparity("run", "risk_parity", "rebalance", PREFECT_API_URL=nowhere), 75, "PREFECT_API_URL")
    assert not sent(exchange)


def test_live_trading_is_refused(riskparity, exchange):
    outcome = riskparity("run", "risk_parity", "rebalance", **alpaca_at("https://api.alpaca.markets"))

    failed_well(outcome, 2, "when the venue is paper")


@pytest.mark.parametrize(
    ("overrides", "code", "said"),
    [
        (["universe=SPY,TLT,NOPE"], 4, "NOPE"),
        (["max_weight=0.05", "sleeve_min=0.9", "sleeve_max=1.0"], 5, "sleeve"),
        (["lookback=4000"], 4, "lookback"),
        (["lookbak=100"], 2, "Did you mean 'lookback'?"),
        (["max_weight=1.5"], 2, "max_weight"),
        (["universe=diversifed"], 2, "diversified"),
    ],
)
def test_scenario_67_what_cannot_work_is_said_before_anything_is_sent(
    riskparity, exchange, overrides, code, said
):
    flags = [flag for item in overrides for flag in ("--set", item)]

    outcome = riskparity("run", "risk_parity", "rebalance", *flags)

    failed_well(outcome, code, said)
    assert not sent(exchange)


def test_an_unknown_strategy_names_the_nearest(riskparity):
    failed_well(riskparity("run", "risk_party", "rebalance"), 2, "risk_parity")


def test_scenario_51_a_closed_market_gets_no_orders(riskparity, exchange):
    exchange.control.advance("close")

    outcome = riskparity("run", "risk_parity", "rebalance")

    failed_well(outcome, 3, "Next opportunity")
    assert not sent(exchange)


def test_a_rejected_order_leaves_the_book_reconciled(riskparity, exchange):
    exchange.control.set_faults({"method": "POST", "path": "/v2/orders", "nth": 2, "action": "reject_async"})

    outcome = riskparity("run", "equal_weight", "rebalance")

    assert outcome.code == 7, outcome.err
    assert "rejected" in outcome.out
    assert "Traceback" not in outcome.err


def test_scenario_43_without_history_nothing_is_sent(riskparity, exchange):
    nothing = {"bars": {}, "next_page_token": None}
    exchange.control.set_faults(
        {"path": "/v2/stocks/bars", "action": "status", "status": 200, "answer": nothing, "times": None}
    )

    outcome = riskparity("run", "risk_parity", "rebalance")

    failed_well(outcome, 4, "no bars at all")
    assert not sent(exchange)
