"""Optimization: from cleaned returns to certified target weights."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from portfolio.downside import asset_downside_deviations, risk_contributions
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import StrategyParameters
from schemas.results import DONE, Opening
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.registry import create
from strategies.window import Allocation, Window
from tasks.stage import adopted, journal, say, stage, warehouse
from warehouse import Warehouse


@stage("optimization")
def choose_weights(
    opening: Opening, returns: ArtifactRef, holdings: ArtifactRef, parameters: StrategyParameters
) -> tuple[ArtifactRef, ArtifactRef]:
    """Let the strategy decide; write ``target_weights`` and ``certificates`` and hand on both, in this order.

    Raises:
        InfeasibleError: No weights satisfy the constraints; the conflicting rows are named.
        SolverError: The weights could not be certified.
        DataError: Too little history.
    """
    store, run = warehouse(), opening.run
    if found := adopted(run, "target_weights", "certificates"):
        return found[0], found[1]
    window = _window(store, run, returns, holdings)
    strategy = create(_with_hedges(parameters, opening.hedges), journal(run))
    allocation = strategy.decide(window)
    seen = window.tail(strategy.lookback)
    rows = _rows(allocation, seen, strategy.minimum_acceptable_return)
    weights = store.put(run, "target_weights", rows)
    certificate = store.put(run, "certificates", _certificate(allocation))
    say("; ".join([_in_short(allocation), *allocation.notes]))
    return weights, certificate


def _window(store: Warehouse, run: Run, returns: ArtifactRef, holdings: ArtifactRef) -> Window:
    matrix = store.get(returns).pivot(index="session", columns="symbol", values="daily_return")  # noqa: PD010
    held = store.get(holdings).set_index("symbol")["weight"]
    before = store.history("target_weights", run.strategy, run.account, DONE)
    last = before[before["run_id"] == before["run_id"].iloc[-1]] if len(before) else before
    return Window(
        symbols=tuple(matrix.columns),
        sessions=tuple(matrix.index),
        returns=matrix.to_numpy(float),
        current_weights=held.reindex(matrix.columns).fillna(0.0).to_numpy(float),
        previous_sleeve=frozenset(last.loc[last["in_sleeve"].astype(bool), "symbol"]),
    )


def _with_hedges(parameters: StrategyParameters, hedges: tuple[str, ...]) -> StrategyParameters:
    """A universe may name its hedges; a strategy that names its own sleeve knows better."""
    if isinstance(parameters, RiskParityParameters) and parameters.negative_sleeve is None and hedges:
        return parameters.model_copy(update={"negative_sleeve": hedges})
    return parameters


def _rows(allocation: Allocation, window: Window, minimum_acceptable_return: float) -> pd.DataFrame:
    contributions = risk_contributions(window.returns, allocation.weights, minimum_acceptable_return)
    total = contributions.sum()
    return pd.DataFrame(
        {
            "symbol": allocation.symbols,
            # the solver's exact zeros and ones may miss by a rounding
            "target_weight": np.clip(allocation.weights, 0.0, 1.0),
            "current_weight": window.current_weights,
            "lower_bound": allocation.lower,
            "upper_bound": allocation.upper,
            "mean_return": window.returns.mean(axis=0),
            "downside_deviation": asset_downside_deviations(window.returns, minimum_acceptable_return),
            "risk_contribution": contributions / total if total > 0 else np.zeros_like(contributions),
            "in_sleeve": allocation.in_sleeve,
            "binding": [", ".join(names) for names in allocation.binding],
        }
    )


def _certificate(allocation: Allocation) -> list[dict[str, Any]]:
    proof = allocation.certificate
    if proof is None:
        return []
    return [
        {
            "objective": proof.objective,
            "relative_gap": proof.relative_gap,
            "violation": proof.violation,
            "iterations": proof.iterations,
            "active": ", ".join(proof.active),
            "multipliers": json.dumps(dict(proof.multipliers)),
        }
    ]


def _in_short(allocation: Allocation) -> str:
    held = int((allocation.weights > 0).sum())
    proof = allocation.certificate
    certified = f", relative gap {proof.relative_gap:.0e}" if proof else ""
    return f"{held} of {len(allocation.symbols)} assets, {allocation.weights.sum():.1%} invested{certified}"
