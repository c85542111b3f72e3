"""``riskparity watch`` and ``riskparity automations`` as a crontab, or somebody who starts a server of his own, calls them."""

from __future__ import annotations

import pytest
from prefect.logging import disable_run_logger

from flows.watch_commands import automations, watch
from schemas.errors import ConfigError, NeedsHuman, TemporaryError
from tests.pipeline import Pipeline
from tests.prefect_processes import free_port

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def home(exchange, monkeypatch):
    monkeypatch.setenv("RISKPARITY_HOME", str(exchange.home))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def test_the_watch_says_that_nothing_was_missed_and_fails_when_something_was(capsys, exchange):
    with disable_run_logger():
        Pipeline().open()
    assert watch("risk_parity") == 0
    assert capsys.readouterr().out == "risk_parity: no week was missed.\n"

    exchange.control.advance("next_week")
    with pytest.raises(NeedsHuman, match="2015-W23"):
        watch("risk_parity")


def test_without_a_server_the_automations_say_how_to_get_one(monkeypatch):
    with pytest.raises(ConfigError, match="riskparity serve"):
        automations()

    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    with pytest.raises(TemporaryError, match="does not answer"):
        automations()
