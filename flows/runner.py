"""The command line ``riskparity``: strategies by name, actions on them, and what belongs to no strategy.

Answers go to stdout, talk to stderr. Heavy modules are imported where they are used, so that help is quick.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from cyclopts import App, Parameter
from cyclopts.validators import Number

from flows.exchange_commands import exchange
from flows.history_commands import backtest, check_lookahead, replay
from flows.run_commands import runs
from flows.serve_command import deploy, serve
from flows.stress_commands import stress
from flows.sweep_commands import sweep
from flows.warehouse_commands import warehouse
from flows.watch_commands import automations, watch

EXIT_CODES = """
Exit codes: 0 done, or nothing to do · 1 unexpected failure · 2 usage or configuration · 3 refused by a guard, or aborted with nothing in doubt ·
4 prices invalid or stale, or data damaged · 5 constraints infeasible · 6 a person must look ·
7 the broker refused, or left orders unfilled · 75 temporary, try later · 130 interrupted
"""

app = App(
    name="riskparity",
    help="Keep a diversified ETF portfolio at downside-risk-optimal weights, once a week, on Alpaca paper.",
    help_epilogue=EXIT_CODES,
    version=lambda: version("riskparity"),
    version_flags=["--version"],
    result_action="return_value",
)
app.command(exchange)
for of_the_past in (backtest, sweep, stress, replay, check_lookahead):
    app.command(of_the_past)
for of_the_server in (watch, automations):
    app.command(of_the_server)
app.command(runs)
app.command(warehouse)
app.command(serve)
app.command(deploy)

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]


@app.command
def run(
    strategy: str,
    action: Literal["rebalance", "plan", "status", "performance", "backtest"],
    *,
    weeks: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    force: Flag = False,
    reason: str = "",
    out: Path | None = None,
    json: Json = False,
) -> int:
    """Act on a strategy: `riskparity run risk_parity plan`.

    Args:
        strategy: A registered strategy; `riskparity strategies` lists them.
        action: rebalance sends orders; plan shows the same decision and sends nothing; status says where the
            strategy stands; performance lists its runs; backtest simulates it (`riskparity backtest` has its own flags).
        weeks: Rebalance so many weeks in a row on the loopback exchange's virtual clock.
        overrides: A parameter for this run, as key=value; may be given again. Example: --set lookback=126
        force: Rebalance although this week is done or the hour is wrong. Market hours still hold.
        reason: Why; recorded with the decision, and needed with --force.
        out: Write the plan to this file as well, signed, for `riskparity apply`.
        json: Print JSON instead of tables.
    """
    from flows import actions  # noqa: PLC0415

    request = actions.Request(strategy, overrides, force, reason, weeks, json, out)
    return actions.ACTIONS[action](request)


@app.command
def apply(plan: str, *, json: Json = False) -> int:
    """Send a plan exactly as it was approved: `riskparity apply plan.json`.

    Refused when the plan was altered or is of another day or account, or when holdings, cash or prices have changed since.

    Args:
        plan: A file written by `riskparity run STRATEGY plan --out FILE`.
        json: Print JSON instead of tables.
    """
    from flows import actions  # noqa: PLC0415

    return actions.apply(plan, as_json=json)


@app.command
def halt(*, reason: str = "", broker: Flag = False) -> int:
    """Stop trading at once: no further order is sent, and our open ones are cancelled.

    It holds for every process of this state folder, also for a run under way, until `riskparity unhalt`. At the Prefect UI
    the variable `riskparity_halt` does the same.

    Args:
        reason: Why; stays on record.
        broker: Have the broker refuse new orders as well, whoever sends them.
    """
    from flows import halting  # noqa: PLC0415

    return halting.halt(reason, at_the_broker=broker)


@app.command
def unhalt(*, reason: str = "", account: str = "") -> int:
    """Let trading go on after a halt, by hand or by a circuit breaker, once the account's number is typed.

    `riskparity doctor` shows the account: its number on the loopback exchange, the end of it on Alpaca, and its name on both.

    Args:
        reason: What was settled; needed, and stays on record.
        account: The account's number or its name, for scripts; otherwise it is asked for.
    """
    from flows import halting  # noqa: PLC0415

    return halting.unhalt(reason, account=account)


@app.command
def acknowledge(run: str, *, reason: str = "") -> int:
    """Say that you have looked at a run that needed a person, so that its strategy may trade again.

    Args:
        run: The run that ended `needs_human`.
        reason: What was found and done; needed, and kept for good.
    """
    from flows import halting  # noqa: PLC0415

    return halting.acknowledge(run, reason)


@app.command
def doctor(*, harden: Flag = False, json: Json = False) -> int:
    """Check everything a rebalance stands on, and change nothing: machine, keys, clock, calendar, account, warehouse.

    With Alpaca keys it also compares the shapes of Alpaca's answers with those of the loopback exchange: please report differences.
    Exits with 3 when something would stop a rebalance.

    Args:
        harden: First set the account's own safety catches at the broker: no margin, no shorting, a mail for each trade.
        json: Print JSON instead of a table.
    """
    from flows import doctor as examination  # noqa: PLC0415

    return examination.doctor(harden=harden, as_json=json)


@app.command
def strategies(*, json: Json = False) -> int:
    """List the registered strategies and their parameters, with defaults, bounds and units."""
    from flows import listings  # noqa: PLC0415

    return listings.strategies(as_json=json)


@app.command
def why(
    symbol: str | None = None,
    /,
    *,
    as_of: dt.date | None = None,
    strategy: str = "risk_parity",
    run: str | None = None,
    rederive: str | None = None,
    json: Json = False,
) -> int:
    """Explain the latest decision: `riskparity why`, or one asset of it: `riskparity why TLT`.

    For each asset: what the market moved (drift), what the new decision wants otherwise (signal), what it adds to risk,
    and what stops it. Then what each limit costs, in basis points of daily downside deviation per percentage point.

    Examples: `riskparity why --as-of 2015-06-30` · `riskparity why TLT --run risk_parity-2015-W23-1` ·
    `riskparity why --strategy risk_parity --json`

    Args:
        symbol: Explain only this asset, and what it would take to hold more or less of it.
        as_of: The last decision up to this date, as YYYY-MM-DD.
        strategy: A registered strategy.
        run: The decision of this run, plans included.
        rederive: Instead, derive the decision of this run again from its stored inputs; exits with 4 when anything differs by
            more than 1e-8, and says what.
        json: Print JSON instead of tables.
    """
    if rederive:
        from flows.rederived import rederived  # noqa: PLC0415

        return rederived(rederive, as_json=json)
    from flows import why as explain  # noqa: PLC0415

    return explain.why(symbol, strategy=strategy, as_of=as_of, run_id=run, as_json=json)


@app.command
def sql(query: str, *, json: Json = False, csv: Flag = False) -> int:
    """Ask the warehouse: `riskparity sql "select * from runs"`. Read-only; runs go on meanwhile.

    Args:
        query: One SELECT. Views: runs, decisions, target_weights, explanations, shadow_prices, order_plan, orders, fills, positions,
            performance, bars, returns, cleaning_log and more; `describe runs` lists a view's columns.
        json: Print JSON instead of a table.
        csv: Print CSV instead of a table.
    """
    from flows import listings  # noqa: PLC0415

    return listings.sql(query, as_json=json, as_csv=csv)


@app.command
def config(*, json: Json = False) -> int:
    """Show every setting, its value and where it came from. Keys are masked."""
    from flows import listings  # noqa: PLC0415

    return listings.configuration(as_json=json)


def interrupted(*_: object) -> NoReturn:
    """End at once: a run survives that, while Prefect would go on trying to tell a server that is ending too."""
    sys.stderr.write("\ninterrupted; the same command goes on where it stopped, and sends no order twice\n")
    sys.stderr.flush()
    os._exit(130)


def main() -> None:
    """Console script: run the command and exit with its documented code."""
    signal.signal(signal.SIGINT, interrupted)
    try:
        code = app()
    except KeyboardInterrupt:
        interrupted()
    except Exception as error:  # noqa: BLE001 - the last place where an error can be made readable
        from flows.failures import explain  # noqa: PLC0415

        code = explain(error)
    sys.exit(code)
