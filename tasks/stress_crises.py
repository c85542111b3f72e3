"""Named crises: what the account lived through in them, and what today's portfolio would have."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from portfolio.crisis_windows import Held, held_through
from portfolio.periods import CRISES, Crisis, crisis_returns
from portfolio.simulation import Simulation
from schemas.artifacts import ArtifactRef
from schemas.identity import StressTest
from strategies.relived import Relived
from tasks.stress_base import StressBase
from warehouse import Warehouse

Record = dict[str, object]


def write_crises(store: Warehouse, test: StressTest, base: StressBase) -> ArtifactRef:
    """Write ``stress_crises``: one row for each named crisis, those that no price reaches too."""
    lived, market = (
        {fall.crisis.name: fall for fall in crisis_returns(account.sessions, account.equity)}
        for account in (base.account, base.benchmark)
    )
    history = base.history.of(base.window.symbols)
    rows: list[Record] = []
    for crisis in CRISES:
        ours, held = lived.get(crisis.name), held_through(history, base.portfolio, crisis)
        row: Record = {**crisis._asdict(), "reached": _reached(held, there=ours is not None)}
        row["crisis"] = row.pop("name")
        row |= {"lived": ours.total, "lived_drawdown": ours.max_drawdown} if ours else {}
        row |= {"benchmark": market[crisis.name].total} if crisis.name in market else {}
        row |= {"held": held.total, "held_drawdown": held.max_drawdown} if held else {}
        rows.append(_EMPTY | row | (_traded_in(base.account, base.lived, crisis) if ours else {}))
    return store.put(test, "stress_crises", rows)


_EMPTY: Record = {
    **dict.fromkeys(
        (
            "lived", "lived_drawdown", "benchmark", "held", "held_drawdown", "turnover", "cost_bp", "refused",
        )
    ),
    "dearest": "",
}  # fmt: skip


def _reached(held: Held | None, *, there: bool) -> str:
    if there:
        return "account" if held is None else "both"
    return "no" if held is None else "holdings"


def _traded_in(account: Simulation, lived: list[Relived], crisis: Crisis) -> Record:
    """Turnover, costs, refusals and the dearest limit of the decisions traded in the crisis."""
    first, last = (np.datetime64(day) for day in (crisis.first, crisis.last))
    decisions = account.decisions
    within = (decisions.executed > first) & (decisions.executed <= last)
    failed = [mark in {"skipped", "fallback"} for mark in decisions.marks]
    days = (account.sessions > first) & (account.sessions <= last)
    return {
        "turnover": float(decisions.turnover[within].sum()),
        "cost_bp": float(1e4 * (account.costs[days] / account.equity[days]).sum()),
        "refused": float(np.sum(within & np.array(failed))),
        "dearest": _dearest([one for one in lived if crisis.first <= one.decided < crisis.last]),
    }


def _dearest(lived: list[Relived]) -> str:
    """The limit that cost most, summed over the decisions; floors at zero are limits only of what may be sold."""
    costs: dict[str, float] = defaultdict(float)
    for one in lived:
        for price in one.allocation.shadow_prices:
            if price.constraint_name in one.limits:
                costs[price.constraint_name] += price.cost_bp_per_pp
    if not costs:
        return ""
    name = max(costs, key=lambda limit: costs[limit])
    return f"{name}, {costs[name] / len(lived):.2g} bp a day per pp on average"
