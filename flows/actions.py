"""What can be done with a strategy: the registry of actions behind ``riskparity run STRATEGY ACTION``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.backtesting import backtest
from flows.session import prefect_session
from schemas.errors import ConfigError
from schemas.parameters import RebalanceParameters
from schemas.results import DONE, RunResult
from schemas.stages import FirstStage
from strategies.registry import strategy_class
from tasks.derivation import recorded_parameters
from warehouse import Warehouse, files
from warehouse.approval import approved_run, signed_plan

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
    out: Path | None = None

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
    return _exit_code(_run(request.parameters(dry_run=False), request))


def plan(request: Request) -> int:
    """The same decision, and nothing sent."""
    if request.weeks:
        raise ConfigError("A plan is for this week", remedy="Leave out --weeks, or rebalance with it.")
    results = _run(request.parameters(dry_run=True), request)
    if request.out:
        files.replace(request.out, signed_plan(Warehouse(home()), results[0].run).encode())
        screens.talk(f"Signed plan: {request.out}. To send exactly it: riskparity apply {request.out}")
    return _exit_code(results)


def apply(plan: str, *, as_json: bool) -> int:
    """Send a plan exactly as it was approved: from a signed file, for no name says what somebody has read.

    Raises:
        ConfigError: There is no such file.
        GuardRefusal: It was altered, or is of another day or account, or the account has changed since.
    """
    store = Warehouse(home())
    if not Path(plan).is_file():
        raise ConfigError(
            f"There is no plan file named {plan}",
            remedy="riskparity run STRATEGY plan --out FILE makes one.",
        )
    run_id, sha256 = approved_run(store, Path(plan).read_text())
    # what set the guard aside for the plan does not set it aside for the orders
    now = {"dry_run": False, "force": False, "reason": "", "approved": run_id, "approved_sha256": sha256}
    parameters = _planned_parameters(store, run_id).model_copy(update=now)
    return _exit_code(_run(parameters, Request(parameters.strategy.name, as_json=as_json)))


def resume(run_id: str, first: FirstStage, *, as_json: bool) -> int:
    """Do a stage of an earlier run again, and everything after it; or only its report.

    Raises:
        ConfigError: There is no such run.
        GuardRefusal: Its orders went out, or it is of another day or account.
    """
    store = Warehouse(home())
    progress = screens.Progress(store, quiet=as_json)
    with prefect_session(home(), progress.told, progress.wait):
        from flows.resume import resume as resume_flow  # noqa: PLC0415

        result = resume_flow(run_id, first)
    if as_json:
        screens.answer(json.dumps(result.model_dump(mode="json"), indent=2))
    else:
        screens.ending(store, result)
    return _exit_code([result])


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
    "backtest": lambda request: backtest(request.strategy, request.overrides, as_json=request.as_json),
}


def _run(parameters: RebalanceParameters, request: Request) -> list[RunResult]:
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
    return results


def _exit_code(results: Iterable[RunResult]) -> int:
    return max(EXIT_CODES[result.outcome] for result in results)


def _planned_parameters(store: Warehouse, run_id: str) -> RebalanceParameters:
    """The parameters with which a plan was made."""
    openings = store.openings()
    found = openings[openings["run_id"] == run_id]
    if found.empty:
        raise ConfigError(
            f"There is no plan named {run_id} in this state folder",
            remedy="riskparity run STRATEGY plan --out FILE makes one.",
        )
    strategy, account = found["strategy"].iloc[0], found["account"].iloc[0]
    decisions = store.history("decisions", strategy, account, ("planned",))
    written = decisions.loc[decisions["run_id"] == run_id, "parameters"]
    if written.empty:
        raise ConfigError(f"Run {run_id} is no finished plan", remedy="Apply one that is.")
    parameters, _ = recorded_parameters(written.iloc[0])
    return parameters


def _advance_when_done(store: Warehouse, strategy: str) -> None:
    from flows.loopback import advance_to_next_week, exchange_week  # noqa: PLC0415

    runs = store.runs(strategy, store.last_account(strategy) or "none")
    if str(exchange_week()) in set(runs.loc[runs["outcome"].isin(DONE), "iso_week"]):
        advance_to_next_week()
