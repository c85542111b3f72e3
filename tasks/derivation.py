"""What the stages compute: from the rows of one artifact to those of the next, without clock, broker or file.

A decision is derived here when it is taken, and by the same functions when it is derived again years later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from brokerage.calendar import TradingCalendar
from brokerage.holdings import trade_list
from brokerage.records import CASH
from portfolio.arrays import FloatArray
from portfolio.cleaning.clean import Cleaned, clean
from portfolio.cleaning.panel import FIELDS, Sessions, align
from portfolio.downside import asset_downside_deviations, risk_contributions
from portfolio.explanation import marginal_risk, weight_change
from portfolio.rebalance import RebalanceDecision, beside_kept, decide_rebalance
from schemas.identity import Run
from schemas.parameters import CleaningParameters, RebalanceParameters, StrategyParameters
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.journal import Journal
from strategies.registry import create
from strategies.window import Allocation, Window
from warehouse.tables import Rows

Record = dict[str, Any]


def cleaned_rows(
    bars: pd.DataFrame, lookback: int, parameters: CleaningParameters
) -> tuple[pd.DataFrame, list[Record]]:
    """From ``window_bars`` to the rows of ``returns`` and of ``cleaning_log``.

    Raises:
        DataError: Too few assets are usable; each one left out is named with its reason.
    """
    sessions = TradingCalendar().sessions(bars["session"].min(), bars["session"].max())
    open_, high, low, close, volume = (bars[field].to_numpy(float) for field in FIELDS)
    panel, alignment = align(
        bars["symbol"].to_numpy(str),
        _days(bars["session"]),
        open_,
        high,
        low,
        close,
        volume,
        _days(pd.Series(sessions)),
    )
    cleaned = clean(panel, parameters, min_history=lookback)
    return _long(cleaned), [asdict(edit) for edit in (*alignment, *cleaned.edits)]


def weight_rows(  # noqa: PLR0917 - what a decision rests on
    returns: pd.DataFrame,
    holdings: pd.DataFrame,
    before: pd.DataFrame,
    parameters: StrategyParameters,
    hedges: Sequence[str],
    journal: Journal,
) -> tuple[Allocation, dict[str, Rows]]:
    """From ``returns`` and ``holdings`` to the weights, their proof and their explanation, rows by artifact.

    Args:
        returns: Rows of ``returns``.
        holdings: Rows of ``holdings``.
        before: Rows of ``target_weights`` of the decision before; none at first.
        parameters: The strategy's.
        hedges: The universe's.
        journal: Where the strategy's records go.

    Raises:
        InfeasibleError: No weights satisfy the constraints; the conflicting rows are named.
        SolverError: The weights could not be certified.
        DataError: Too little history.
    """
    before = before.set_index("symbol")
    window = _window(returns, holdings, before)
    strategy = create(_with_hedges(parameters, tuple(hedges)), journal)
    allocation = strategy.decide(window)
    seen = window.tail(strategy.lookback)
    weights = _weights(allocation, seen, strategy.minimum_acceptable_return)
    marginal = marginal_risk(
        seen.returns, allocation.weights, allocation.scale * strategy.minimum_acceptable_return
    )
    return allocation, {
        "target_weights": weights,
        "certificates": _certificate(allocation),
        "explanations": _explanations(allocation, weights, before, marginal),
        "shadow_prices": [price._asdict() for price in allocation.shadow_prices],
        "notes": _notes(allocation),
    }


def plan_rows(
    run: Run, held: Sequence[Record], weights: Sequence[Record], parameters: RebalanceParameters
) -> tuple[RebalanceDecision, list[Record]]:
    """From ``holdings`` and ``target_weights`` to what is decided, and the rows of ``order_plan``.

    Raises:
        GuardRefusal: The weights are no long-only portfolio, or there is nothing to invest.
    """
    targets = {row["symbol"]: row["target_weight"] for row in weights}
    current = {row["symbol"]: row["weight"] for row in held if row["in_universe"] and row["symbol"] != CASH}
    wanted = list(beside_kept(current, targets).values())
    decision = decide_rebalance(
        list(current),
        list(current.values()),
        wanted,
        drift_threshold=parameters.guard.drift_threshold,
        max_turnover=parameters.guard.max_turnover,
    )
    hold = decision.decision == "hold"
    plan = trade_list(
        run,
        held,
        dict(zip(current, wanted if hold else decision.weights.tolist(), strict=True)),
        parameters.execution,
        reasons=dict(zip(current, decision.reasons, strict=True)),
        hold=hold,
    )
    return decision, [asdict(row) for row in plan]


def as_recorded(parameters: RebalanceParameters, **more: object) -> str:
    """Parameters, and what else the decision rests on, as ``decisions.parameters`` has them."""
    return json.dumps({**parameters.model_dump(mode="json"), **more}, sort_keys=True)


def recorded_parameters(recorded: str) -> tuple[RebalanceParameters, Mapping[str, Any]]:
    """The same read back, and everything that was recorded beside them."""
    given: dict[str, Any] = json.loads(recorded)
    own = {name: value for name, value in given.items() if name in RebalanceParameters.model_fields}
    return RebalanceParameters.model_validate(own), given


def _days(sessions: pd.Series) -> Sessions:
    return sessions.to_numpy(dtype="datetime64[D]")


def _long(cleaned: Cleaned) -> pd.DataFrame:
    count = len(cleaned.symbols)
    return pd.DataFrame(
        {
            "symbol": np.tile(np.array(cleaned.symbols), len(cleaned.sessions)),
            "session": np.repeat(cleaned.sessions, count).astype("datetime64[s]"),
            "daily_return": cleaned.returns.ravel(),
        }
    )


def _window(returns: pd.DataFrame, holdings: pd.DataFrame, before: pd.DataFrame) -> Window:
    matrix = returns.pivot(index="session", columns="symbol", values="daily_return")  # noqa: PD010
    return Window(
        symbols=tuple(matrix.columns),
        sessions=tuple(matrix.index),
        returns=matrix.to_numpy(float),
        current_weights=_held(holdings, matrix.columns),
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
