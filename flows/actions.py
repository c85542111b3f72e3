"""What can be done with a strategy: the registry of actions behind ``riskparity run STRATEGY ACTION``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.session import prefect_session
from schemas.errors import ConfigError
from schemas.parameters import RebalanceParameters
from schemas.results import DONE, RunResult
from strategies.registry import strategy_class
from warehouse import Warehouse

EXIT_CODES = {
    "complete": 0,
    "hold": 0,
    "planned": 0,
    "refused": 3,
    "aborted": 3,
    "needs_human": 6,
    "adjusted": 7,
}
"""By the outcome of a run; errors bring their own."""


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    strategy: str
    overrides: tuple[str, ...] = ()
    force: bool = False
    reason: str = ""
    weeks: int | None = None
    as_json: bool = False

    def parameters(self, *, dry_run: bool) -> RebalanceParameters:
        """The configuration with the request's flags over it.

        Raises:
            ConfigError: An unknown strategy or parameter, a wrong value, or force without a reason.
        """
        strategy_class(self.strategy)
        if self.force and not self.reason.strip():
            raise ConfigError(
                "--force needs a reason", remedy="Add --reason TEXT; it is recorded with the decision."
            )
        configured = override(load_settings().rebalance(self.strategy), self.overrides)
        return configured.model_copy(update={"dry_run": dry_run, "force": self.force, "reason": self.reason})


def rebalance(request: Request) -> int:
    """Rebalance now, or as many weeks in a row as asked for on the loopback exchange."""
    return _run(request, dry_run=False)


def plan(request: Request) -> int:
    """The same decision, and nothing sent."""
    if request.weeks:
        raise ConfigError("A plan is for this week", remedy="Leave out --weeks, or rebalance with it.")
    return _run(request, dry_run=True)


def status(request: Request) -> int:
    """Where the strategy stands after its last run."""
    strategy_class(request.strategy)
    store = Warehouse(home())
    screens.status(store, request.strategy, as_json=request.as_json)
    return 0


def performance(request: Request) -> int:
    """Every run's equity, return, drawdown and cost."""
    strategy_class(request.strategy)
    store = Warehouse(home())
    account = store.last_account(request.strategy) or "none"
    frame = store.history("performance", request.strategy, account)
    screens.performance(frame, as_json=request.as_json)
    return 0


ACTIONS: dict[str, Callable[[Request], int]] = {
    "rebalance": rebalance,
    "plan": plan,
    "status": status,
    "performance": performance,
}


def _run(request: Request, *, dry_run: bool) -> int:
    parameters = request.parameters(dry_run=dry_run)
    store = Warehouse(home())
    results: list[RunResult] = []
    progress = screens.Progress(store, quiet=request.as_json)
    with prefect_session(home(), progress.told, progress.wait):
        from flows.weekly_rebalance import weekly_rebalance  # noqa: PLC0415

        for _ in range(request.weeks or 1):
            if request.weeks:
                _advance_when_done(store, request.strategy)
            result = weekly_rebalance(parameters)
            results.append(result)
            if not request.as_json:
                screens.ending(store, result)
            if result.outcome == "refused":
                break
    if request.as_json:
        print(json.dumps([result.model_dump(mode="json") for result in results], indent=2))  # noqa: T201
    return max(EXIT_CODES[result.outcome] for result in results)


def _advance_when_done(store: Warehouse, strategy: str) -> None:
    from flows.loopback import advance_to_next_week, exchange_week  # noqa: PLC0415

    runs = store.runs(strategy, store.last_account(strategy) or "none")
    if str(exchange_week()) in set(runs.loc[runs["outcome"].isin(DONE), "iso_week"]):
        advance_to_next_week()
