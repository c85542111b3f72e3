"""Processes to be killed. They are forked from one that has imported everything, so that each starts in no time."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
from prefect.logging import disable_run_logger

from brokerage.calendar import TradingCalendar
from brokerage.paper_exchange.address import ExchangeAddress, read_address
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.server import serve
from brokerage.paper_exchange.sessions import Sessions
from portfolio.constraints import Constraints
from portfolio.solver import minimise_downside_variance
from schemas.errors import GuardRefusal
from schemas.settings import ExchangeSettings
from tests.crash.boundaries import Boundaries, Boundary
from tests.pipeline import Pipeline
from warehouse.lock import single_flight

OVERRIDES = ("max_weight=0.2",)
"""Other than in the week before, so that there is something to sell as well as to buy."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])

# Calendars and machine code are kept in memory, and so handed on to every fork.
TradingCalendar(), Sessions()
minimise_downside_variance(np.eye(3, 2), Constraints(("A", "B"), 1.0, np.zeros(2), np.ones(2)))


class Rebalance:
    """The week's rebalance of a state folder, begun in a process of its own."""

    def __init__(
        self, home: Path, *, end: Boundary | None = None, overrides: tuple[str, ...] = OVERRIDES
    ) -> None:
        self._told, tell = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_rebalance, args=(home, end, overrides, tell))
        self._process.start()
        tell.close()

    def finish(self) -> tuple[str, list[Boundary]]:
        """What it says at its end: its outcome, and what boundaries it passed. ``killed`` when it was."""
        try:
            said = self._told.recv()
        except EOFError:
            said = ("killed", [])
        self._process.join(60)
        return said


@contextmanager
def running_exchange(home: Path) -> Iterator[ExchangeControl]:
    """The exchange of a state folder, in a process of its own."""
    process = _FORKS.Process(target=_serve, args=(home,))
    process.start()
    try:
        yield ExchangeControl(_address(home, process))
    finally:
        process.kill()
        process.join(10)


def _address(home: Path, process: BaseProcess) -> ExchangeAddress:
    while process.is_alive():
        address = read_address(home)
        if address and address.pid == process.pid and ExchangeControl(address).answers():
            return address
        time.sleep(0.01)
    raise AssertionError("the exchange ended while starting")


def _serve(home: Path) -> None:
    with (home / "exchange.log").open("a") as log:
        os.dup2(log.fileno(), 1)
        serve(home, ExchangeSettings())


def _rebalance(home: Path, end: Boundary | None, overrides: tuple[str, ...], tell: Connection) -> None:
    os.environ["RISKPARITY_HOME"] = str(home)
    os.environ["RISKPARITY__EXECUTION__POLL_SECONDS"] = "0.02"
    boundaries = Boundaries(home, end)
    boundaries.watch()
    try:
        with disable_run_logger(), single_flight(home):
            outcome = _week(overrides)
    except GuardRefusal as refusal:
        outcome = f"refused: {refusal}"
    tell.send((outcome, boundaries.passed))


def _week(overrides: tuple[str, ...]) -> str:
    """What the flow does, but for the report."""
    pipeline = Pipeline(*overrides).open()
    if not pipeline.opening.allowed:
        pipeline.commit("refused")
        return "refused"
    return str(pipeline.decide().send().close().executed.outcome)
