"""Each scenario judged: what the portfolio loses, what the strategy does next, which limit binds, what a live run would stop for."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from config import load_settings
from portfolio.account_guard import equity_drop
from portfolio.arrays import FloatArray
from portfolio.scenarios import portfolio_risk, worst_stretch
from reports.format import percent
from schemas.artifacts import ArtifactRef
from schemas.errors import DataError
from schemas.identity import StressTest
from schemas.settings import LimitSettings
from schemas.stress_parameters import StressParameters
from strategies.stressed import Answer, answer, traded
from tasks.stress_base import StressBase
from tasks.stress_cases import Case, cases
from warehouse import Warehouse

WEEK = 5
"""Sessions between two rebalances."""

Record = dict[str, object]


class Judged(NamedTuple):
    """Rows of one scenario."""

    scenario: Record
    limits: list[Record]
    weights: list[Record]


def write_scenarios(
    store: Warehouse, test: StressTest, base: StressBase, parameters: StressParameters
) -> tuple[ArtifactRef, ...]:
    """Judge every scenario and write ``stress_scenarios``, ``stress_limits`` and ``stress_weights``."""
    limits = load_settings().limits
    judged = [judge(base, case, parameters, limits) for case in cases(base, parameters)]
    return (
        store.put(test, "stress_scenarios", [one.scenario for one in judged]),
        store.put(test, "stress_limits", [row for one in judged for row in one.limits]),
        store.put(test, "stress_weights", [row for one in judged for row in one.weights]),
    )


def judge(base: StressBase, case: Case, parameters: StressParameters, limits: LimitSettings) -> Judged:
    """What comes of one scenario.

    The loss is that of today's portfolio: of the shock, or of the worst week of the stressed window. Then the strategy
    decides on what it can see, and what it wants is traded as live.
    """
    w, symbols = base.portfolio, base.window.symbols
    loss = worst_stretch(case.returns, w, WEEK) if case.shock is None else float(w @ case.shock)
    said = _answer(case, symbols)
    after = traded(case.held, said.target, base.rules, case.frozen)
    turnover = float(np.abs(after - case.held).sum() / 2)
    risk = portfolio_risk(case.returns, w)
    row: Record = {
        "scenario": case.name,
        "kind": case.kind,
        "loss": loss,
        **risk._asdict(),
        "outcome": said.outcome,
        "invested": float(after.sum()),
        "turnover": turnover,
        "cost_bp": 2e4 * turnover * parameters.costs.rate,
        "after": portfolio_risk(case.returns, after).downside_deviation,
        "dearest": said.dearest,
        "live": "; ".join(_live(base, case, said, loss, limits)),
        "said": "; ".join(filter(None, (case.note, said.said))),
    }
    binding = [
        {
            "scenario": case.name,
            "constraint_name": limit.constraint_name,
            "limit_value": limit.limit_value,
            "cost_bp_per_pp": limit.cost_bp_per_pp,
        }
        for limit in said.limits
    ]
    return Judged(row, binding, _weights(case, symbols, said, after))


def _answer(case: Case, symbols: tuple[str, ...]) -> Answer:
    """As live: what the strategy cannot see is left alone, and the rest of the equity is what it decides on."""
    if isinstance(case.seen, DataError):
        return Answer("refused", np.full(len(symbols), np.nan), (), str(case.seen), float("nan"))
    said = answer(case.strategy, case.seen, symbols)
    unseen = ~np.isin(symbols, case.seen.symbols)
    rest = 1.0 - case.held[unseen].sum()
    return said._replace(target=np.where(unseen, case.held, rest * said.target))


def _live(base: StressBase, case: Case, said: Answer, loss: float, limits: LimitSettings) -> list[str]:
    """What would have kept a live run from trading on."""
    stops = []
    if case.shock is not None:
        drop = equity_drop(Decimal(1), Decimal(1) + Decimal(str(loss)), Decimal(0), limits.max_equity_drop)
        stops += [] if drop.passed else [f"trading halts: {drop.name} {drop.detail}"]
    change = np.abs(said.target - base.portfolio)
    if said.outcome != "refused" and change.max() > limits.max_weight_change:
        symbol = base.window.symbols[int(change.argmax())]
        stops.append(
            f"refused: target of {symbol} changes by {percent(change.max(), 0)}, "
            f"at most {percent(limits.max_weight_change, 0)}"
        )
    return stops


def _weights(case: Case, symbols: tuple[str, ...], said: Answer, after: FloatArray) -> list[Record]:
    return [
        {
            "scenario": case.name,
            "symbol": symbol,
            "held": held,
            "target": None if np.isnan(target) else target,
            "traded": now,
        }
        for symbol, held, target, now in zip(
            symbols, case.held.tolist(), said.target.tolist(), after.tolist(), strict=True
        )
    ]
