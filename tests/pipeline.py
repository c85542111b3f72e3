"""The weekly flow's stages in its order, without a Prefect server, to be stopped and resumed anywhere."""

from __future__ import annotations

from config import load_settings
from config.overrides import override
from tasks.cleaning import clean_returns
from tasks.continuation import recall, take_over
from tasks.execution import plan_trades, send_orders, take_stock
from tasks.guard import open_run
from tasks.ingestion import pull_bars
from tasks.optimization import choose_weights
from tasks.reporting import close_books, commit_run


class Pipeline:
    """One run: each stage takes what the earlier ones left, as in a Prefect run.

    A second pipeline is another run.
    """

    def __init__(self, *overrides, strategy="risk_parity", **flags):
        parameters = override(load_settings().rebalance(strategy), overrides)
        self.parameters = parameters.model_copy(update=flags)

    def open(self):
        self.opening = open_run.fn(self.parameters)
        self.run = self.opening.run
        return self

    def resume(self, source, first):
        """Begin as another attempt at an earlier pipeline's run: with stage ``first``."""
        self.parameters = recall.fn(source.run.run_id)
        self.opening = open_run.fn(self.parameters, (first,))
        self.run = self.opening.run
        take_over.fn(self.opening, first, self.parameters, source.run.run_id)
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
