"""What stands between a decision and an order: the kill switch on two levels, and the limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from prefect.context import FlowRunContext, TaskRunContext
from prefect.variables import Variable

from brokerage.kill_switch import KillSwitch
from brokerage.limits import require_within_limits
from brokerage.orders import NOTHING, PlannedOrder
from config import load_settings
from config.settings import home
from schemas.errors import GuardRefusal
from schemas.identity import Run
from schemas.parameters import RebalanceParameters
from schemas.results import DONE
from warehouse import Warehouse

HALT_VARIABLE = "riskparity_halt"
"""Prefect variable with which somebody at the UI halts trading: any value but none, ``false`` and these words."""
FREE = frozenset({"", "off", "false", "no"})


def require_not_halted() -> None:
    """Refuse while trading is halted: by the file in the state folder or by the Prefect variable.

    Asked before every order. The variable is looked at inside a Prefect run only: elsewhere there is no
    UI that could have set it.

    Raises:
        GuardRefusal: With who halted trading and why.
    """
    KillSwitch(home()).require_off()
    if FlowRunContext.get() is None and TaskRunContext.get() is None:
        return
    value = _halt_variable()
    if not _is_free(value):
        raise GuardRefusal(
            "Trading is halted by a Prefect variable; nothing more was sent",
            figures={HALT_VARIABLE: value},
            remedy=f"When the reason is settled: delete the variable {HALT_VARIABLE} in the Prefect UI, or "
            f"`prefect variable unset {HALT_VARIABLE}`.",
        )


def require_limits(
    store: Warehouse, run: Run, plan: Sequence[PlannedOrder], parameters: RebalanceParameters
) -> None:
    """Refuse a trade list beyond the configured limits, before anything is sent.

    Raises:
        GuardRefusal: Every limit that is broken is named.
    """
    settings = load_settings()
    require_within_limits(
        plan,
        equity=_equity(store, run),
        limits=settings.limits,
        allowed=settings.universe(parameters.universe, run.venue).symbols,
        previous=_previous_targets(store, run),
        run_cap=settings.broker.live_cap,
    )


def _halt_variable() -> object:
    try:
        return Variable.get(HALT_VARIABLE, default=None)
    except Exception as error:  # noqa: BLE001 - whatever keeps the question from being answered is a no
        raise GuardRefusal(
            "Prefect does not say whether trading is halted, which counts as a halt; nothing more was sent",
            figures={HALT_VARIABLE: type(error).__name__},
            remedy="Run again once the Prefect server answers.",
        ) from None


def _is_free(value: object) -> bool:
    # 0 and 0.0 equal False, and are no word of release
    return value is None or value is False or (isinstance(value, str) and value.strip().lower() in FREE)


def _equity(store: Warehouse, run: Run) -> Decimal:
    holdings = store.find(run, "holdings")
    rows = store.rows(holdings) if holdings else []
    return sum((row["market_value"] for row in rows if row["in_universe"]), NOTHING)


def _previous_targets(store: Warehouse, run: Run) -> dict[str, float]:
    plans = store.history("order_plan", run.strategy, run.account, DONE)
    plans = plans[plans["run_id"] != run.run_id]
    last = plans[plans["run_id"] == plans["run_id"].iloc[-1]] if len(plans) else plans
    return dict(zip(last["symbol"], last["target_weight"], strict=True))
