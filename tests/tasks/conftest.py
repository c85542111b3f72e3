"""Stages run one by one, without a Prefect server, on a real loopback exchange: what Prefect would call, and when."""

from __future__ import annotations

import json

import pytest
from prefect.logging import disable_run_logger

from config import load_settings
from config.overrides import override
from tasks.cleaning import clean_returns
from tasks.execution import plan_trades, send_orders, take_stock
from tasks.guard import open_run
from tasks.ingestion import pull_bars
from tasks.optimization import choose_weights
from tasks.reporting import close_books, commit_run
from warehouse import Warehouse


class Pipeline:
    """The weekly flow's stages in its order, to be stopped and resumed anywhere.

    Each stage takes what the earlier ones left, as a Prefect run does; a second pipeline is another run.
    """

    def __init__(self, *overrides, strategy="risk_parity", **flags):
        parameters = override(load_settings().rebalance(strategy), overrides)
        self.parameters = parameters.model_copy(update=flags)

    def open(self):
        self.opening = open_run.fn(self.parameters)
        self.run = self.opening.run
        return self

    def decide(self):
        """From prices to the trade list."""
        lookback = self.parameters.strategy.lookback
        self.bars = pull_bars.fn(self.run, self.opening.symbols, lookback, self.parameters.ingestion)
        self.returns, self.log = clean_returns.fn(self.run, self.bars, lookback, self.parameters.cleaning)
        self.holdings = take_stock.fn(self.opening, self.bars, self.returns, self.parameters)
        self.weights, *_ = choose_weights.fn(
            self.opening, self.returns, self.holdings, self.parameters.strategy
        )
        self.decision, self.plan = plan_trades.fn(
            self.opening, self.bars, self.holdings, self.weights, self.parameters
        )
        return self

    def send(self):
        self.executed = send_orders.fn(self.run, self.decision, self.plan, self.parameters)
        return self

    def close(self):
        close_books.fn(self.run, self.executed, self.parameters.strategy)
        return self

    def commit(self, outcome):
        commit_run.fn(self.run, outcome)
        return self

    def rebalance(self):
        """All of it."""
        return self.open().decide().send().close()


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
