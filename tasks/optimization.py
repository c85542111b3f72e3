"""Optimization: from cleaned returns to certified target weights."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from brokerage.records import CASH
from portfolio.arrays import FloatArray
from portfolio.compiled import is_kept
from portfolio.downside import asset_downside_deviations, risk_contributions
from portfolio.explanation import marginal_risk, weight_change
from portfolio.start import minimised
from schemas.artifacts import ArtifactRef
from schemas.identity import Run
from schemas.parameters import StrategyParameters
from schemas.results import DONE, Opening
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.registry import create
from strategies.window import Allocation, Window
from tasks.stage import adopted, journal, say, stage, warehouse
from warehouse import Warehouse
from warehouse.tables import Rows

WRITTEN = ("target_weights", "certificates", "explanations", "shadow_prices", "notes")


@stage("optimization")
def choose_weights(
    opening: Opening, returns: ArtifactRef, holdings: ArtifactRef, parameters: StrategyParameters
) -> tuple[ArtifactRef, ...]:
    """Let the strategy decide, and explain it; write the artifacts ``WRITTEN`` and hand them on in this order.

    Raises:
        InfeasibleError: No weights satisfy the constraints; the conflicting rows are named.
        SolverError: The weights could not be certified.
        DataError: Too little history.
    """
    store, run = warehouse(), opening.run
    if found := adopted(run, *WRITTEN):
        return found
    before = _last_decision(store, run)
    window = _window(store, returns, holdings, before)
    strategy = create(_with_hedges(parameters, opening.hedges), journal(run))
    if not is_kept(minimised):
        say("compiling the optimiser, once after an installation or update: up to a minute")
    allocation = strategy.decide(window)
    seen = window.tail(strategy.lookback)
    weights = _weights(allocation, seen, strategy.minimum_acceptable_return)
    marginal = marginal_risk(
        seen.returns, allocation.weights, allocation.scale * strategy.minimum_acceptable_return
    )
    content: dict[str, Rows] = {
        "target_weights": weights,
        "certificates": _certificate(allocation),
        "explanations": _explanations(allocation, weights, before, marginal),
        "shadow_prices": [price._asdict() for price in allocation.shadow_prices],
        "notes": _notes(allocation),
    }
    say("; ".join([_in_short(allocation), *(note["text"] for note in _notes(allocation))]))
    return tuple(store.put(run, name, content[name]) for name in WRITTEN)


def _last_decision(store: Warehouse, run: Run) -> pd.DataFrame:
    """Target weights of the last run that used up its week, by symbol; empty before the first."""
    targets = store.history("target_weights", run.strategy, run.account, DONE)
    last = targets[targets["run_id"] == targets["run_id"].iloc[-1]] if len(targets) else targets
    return last.set_index("symbol")


def _window(store: Warehouse, returns: ArtifactRef, holdings: ArtifactRef, before: pd.DataFrame) -> Window:
    matrix = store.get(returns).pivot(index="session", columns="symbol", values="daily_return")  # noqa: PD010
    return Window(
        symbols=tuple(matrix.columns),
        sessions=tuple(matrix.index),
        returns=matrix.to_numpy(float),
        current_weights=_held(store.get(holdings), matrix.columns),
        previous_sleeve=frozenset(before.index[before["in_sleeve"].astype(bool)]),
    )


def _held(holdings: pd.DataFrame, symbols: pd.Index[str]) -> FloatArray:
    """Held weights (N,) as shares of what the decision is about: a holding kept as it is, without returns, is not."""
    weights = holdings.set_index("symbol")["weight"]
    left = 1.0 - weights.drop([*symbols, CASH], errors="ignore").sum()
    return weights.reindex(symbols).fillna(0.0).to_numpy(float) / (left if left > 0 else 1.0)


def _with_hedges(parameters: StrategyParameters, hedges: tuple[str, ...]) -> StrategyParameters:
    return parameters.with_hedges(hedges) if isinstance(parameters, RiskParityParameters) else parameters


def _weights(allocation: Allocation, window: Window, minimum_acceptable_return: float) -> pd.DataFrame:
    hurdle = allocation.scale * minimum_acceptable_return
    contributions = risk_contributions(window.returns, allocation.weights, hurdle)
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


def _explanations(
    allocation: Allocation, weights: pd.DataFrame, before: pd.DataFrame, marginal: FloatArray
) -> pd.DataFrame:
    previous = before["target_weight"].reindex(weights["symbol"]).fillna(0.0) if len(before) else None
    split = weight_change(weights["current_weight"], previous, weights["target_weight"])
    # the dearest last, so that it stands when an asset's floor and cap are one
    own = {price.symbol: price.cost_bp_per_pp for price in reversed(allocation.shadow_prices) if price.symbol}
    known = ["symbol", "mean_return", "downside_deviation", "risk_contribution", "binding"]
    return weights[known].assign(
        current_weight=split.current,
        previous_target=np.nan if split.previous_target is None else split.previous_target,
        target_weight=split.target,
        drift=split.drift,
        signal=split.signal,
        change=split.change,
        marginal_risk=marginal,
        shadow_price=weights["symbol"].map(own).astype(float),
    )


def _notes(allocation: Allocation) -> list[dict[str, str]]:
    fallback = [{"kind": "fallback", "text": allocation.fallback}] if allocation.fallback else []
    return [*fallback, *({"kind": "note", "text": text} for text in allocation.notes)]


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
