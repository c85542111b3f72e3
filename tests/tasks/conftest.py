"""Stages run one by one, without a Prefect server, on a real loopback exchange: what Prefect would call, and when."""

from __future__ import annotations

import json

import pytest
from prefect.logging import disable_run_logger

from tests.pipeline import Pipeline
from warehouse import Warehouse


@pytest.fixture
def store(exchange, monkeypatch):
    """The warehouse in the exchange's home, where the stages find it too."""
    for key in ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("RISKPARITY_HOME", str(exchange.home))
    monkeypatch.setenv("RISKPARITY__EXECUTION__POLL_SECONDS", "0.05")
    with disable_run_logger():
        yield Warehouse(exchange.home)


@pytest.fixture
def pipeline(store):
    """Make a run: ``pipeline("max_weight=0.2", strategy="risk_parity", force=True, reason="drill")``."""
    return Pipeline


@pytest.fixture
def posts(exchange):
    """Client order ids of every order the exchange was ever sent."""

    def sent():
        requests = exchange.control.requests()
        return [json.loads(r["body"])["client_order_id"] for r in requests if r["method"] == "POST"]

    return sent
