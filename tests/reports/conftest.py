"""A small account whose every figure can be checked by hand, in frames that pass the artifact models."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from reports.backtest_inputs import BacktestInputs
from reports.summary import SummaryInputs
from schemas.artifacts import ARTIFACTS
from schemas.metrics import METRICS
from tests.reports.sweeps import make_sweep, make_trials

FIRST_SESSION = dt.date(2015, 6, 1)
PRICE = Decimal(100)
CLOSED = ("complete", "adjusted", "hold")


@pytest.fixture
def make_inputs() -> Callable[..., SummaryInputs]:
    """Inputs for the last of several weekly runs, one an outcome.

    In week k the first symbol's target is 10% + 1% * (k % 20) more than the others' share; equity grows
    by $1,000 a week but falls by $3,000 in the third; each traded symbol fills 1 bp worse than planned.
    """
    return _make_inputs


def _make_inputs(
    outcomes: Sequence[str] = ("complete",), symbols: Sequence[str] = ("SPY", "TLT", "GLD"), **changes: object
) -> SummaryInputs:
    weeks = [_week(k, outcome, symbols) for k, outcome in enumerate(outcomes)]
    last = weeks[-1]["runs"][0]["run_id"]
    frames = {
        name: _frame(name, [row for week in weeks for row in week[name]])
        for name in weeks[0]
        if name != "runs"
    }
    inputs = SummaryInputs(
        run_id=last,
        venue="loopback",
        code_version="0.1.0",
        data_hash="d" * 64,
        command="riskparity run risk_parity rebalance",
        sql=f"select * from order_plan where run_id = '{last}'",
        runs=pd.DataFrame([row for week in weeks for row in week["runs"]]),
        cleaning_log=_frame("cleaning_log", [_cleaned(last, "GLD")]),
        remarks=_frame("notes", [{"run_id": last, "kind": "note", "text": "left the negative sleeve: GLD"}]),
        **frames,
    )
    return replace(inputs, **changes)


def _week(k: int, outcome: str, symbols: Sequence[str]) -> dict[str, list[Mapping[str, object]]]:
    session = FIRST_SESSION + dt.timedelta(weeks=k)
    iso = session.isocalendar()
    run_id = f"risk_parity-{iso.year}-W{iso.week:02d}-1"
    traded = outcome in ("complete", "adjusted")
    tilt = 0.1 + 0.01 * (k % 20)
    share = (0.99 - tilt) / len(symbols)
    targets = {symbol: share + tilt * (symbol == symbols[0]) for symbol in symbols}
    known = {"run_id": run_id, "session": session}
    rows = {
        "runs": [{**known, "outcome": outcome}],
        "decisions": [_decision(known, iso, outcome)],
        "performance": [_account(known, k, len(symbols) if traded else 0)] if outcome in CLOSED else [],
        "target_weights": [] if outcome == "refused" else [_target(known, s, w) for s, w in targets.items()],
        "certificates": [] if outcome == "refused" else [_certificate(run_id)],
        "explanations": []
        if outcome == "refused"
        else [_explained(known, k, s, w, w - 0.02) for s, w in targets.items()],
        "shadow_prices": [] if outcome == "refused" else [_price(run_id, *price) for price in _PRICES],
        "order_plan": [],
        "orders": [],
        "fills": [],
        "positions": [
            _held(run_id, s, w) for s, w in [*targets.items(), ("CASH", 0.01)] if outcome in CLOSED
        ],
    }
    if outcome in ("complete", "adjusted", "planned"):
        rows["order_plan"] = [_trade(run_id, n, s, w) for n, (s, w) in enumerate(targets.items(), start=1)]
    if traded:
        unfilled = symbols[-1] if outcome == "adjusted" else None
        rows["orders"] = [_order(run_id, s, filled=s != unfilled) for s in symbols]
        rows["fills"] = [_fill(run_id, s) for s in symbols if s != unfilled]
    return rows


def _frame(name: str, rows: list[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as the warehouse would hand them over: the model's columns, types and checks."""
    model = ARTIFACTS[name].model
    columns = model.to_schema().columns
    history = ["session"] if name in {"target_weights", "explanations"} else []
    frame = pd.DataFrame(rows, columns=[*columns, *history])
    frame = frame.astype({column: kind.dtype.type for column, kind in columns.items()})
    latest = frame[frame["run_id"] == frame["run_id"].iloc[-1]] if len(frame) else frame
    model.validate(latest[list(columns)].reset_index(drop=True))
    return frame


def _decision(known: Mapping[str, object], iso: object, outcome: str) -> Mapping[str, object]:
    passed = (
        "NO  once a week: 1 rebalance in this week" if outcome == "refused" else "ok  once a week: none yet"
    )
    decision = {"refused": "refused", "hold": "hold"}.get(outcome, "rebalance")
    session = known["session"]
    return {
        **known, "strategy": "risk_parity", "iso_week": f"{iso.year}-W{iso.week:02d}", "decision": decision,
        "decided_at": dt.datetime.combine(session, dt.time(14)), "forced_because": None,
        "reasons": f"ok  market: open until 16:00\n{passed}\nlargest drift 2.6pp", "drift": 0.026,
        "turnover": 0.05, "data_as_of": session - dt.timedelta(days=3), "parameters": json.dumps({"lookback": 252}),
        "config_hash": "c" * 64,
    }  # fmt: skip


def _account(known: Mapping[str, object], k: int, orders: int) -> Mapping[str, object]:
    equity = [100_000, 101_000, 98_000][k] if k < 3 else 98_000 + 1_000 * (k - 2)
    peak = max(equity, 101_000 if k else 100_000)
    return {
        **known, "strategy": "risk_parity", "equity": Decimal(equity), "cash": Decimal(1000),
        "period_return": None if k == 0 else 0.01, "cumulative_return": equity / 100_000 - 1,
        "drawdown": equity / peak - 1, "turnover": 0.05, "orders": orders,
        "slippage_cost": Decimal("0.01") * orders, "tracking_error": 0.002,
    }  # fmt: skip


def _target(known: Mapping[str, object], symbol: str, weight: float) -> Mapping[str, object]:
    return {
        **known, "symbol": symbol, "target_weight": weight, "current_weight": weight / 2, "lower_bound": 0.0,
        "upper_bound": 0.5, "mean_return": 1e-4, "downside_deviation": 0.01, "risk_contribution": weight,
        "in_sleeve": False, "binding": {"TLT": "min_weight TLT,sleeve_max", "GLD": "min_weight GLD"}.get(symbol, ""),
    }  # fmt: skip


def _certificate(run_id: str) -> Mapping[str, object]:
    prices = {"budget": 9e-5, "sleeve_max": 2e-5, "min_weight GLD": 5e-5, "max_weight SPY": 0.0}
    return {
        "run_id": run_id, "objective": 1e-5, "relative_gap": 2e-11, "violation": 3e-16, "iterations": 3,
        "active": ",".join(prices), "multipliers": json.dumps(prices),
    }  # fmt: skip


def _explained(
    known: Mapping[str, object], k: int, symbol: str, weight: float, previous: float
) -> Mapping[str, object]:
    """Held at half the target; the last target two points lower, none in the first week."""
    begin = weight / 2 if k == 0 else previous
    return {
        **known, "symbol": symbol, "current_weight": weight / 2, "previous_target": None if k == 0 else previous,
        "target_weight": weight, "drift": begin - weight / 2, "signal": weight - begin, "change": weight - weight / 2,
        "mean_return": 1e-4, "downside_deviation": 0.01, "risk_contribution": weight, "marginal_risk": 0.5,
        "binding": {"TLT": "sleeve_max", "GLD": "min_weight GLD"}.get(symbol, ""),
        "shadow_price": 0.25 if symbol == "GLD" else None,
    }  # fmt: skip


_PRICES = (
    ("min_weight GLD", "min_weight", "GLD", 0.0, 0.25, "GLD is left out: 1 pp of it in place of others would add 0.25 bp"),
    ("sleeve_max", "band_max", None, 0.3, 0.1, "the 30% ceiling of the sleeve costs 0.1 bp per 1 pp"),
    ("budget", "budget", None, 0.99, 0.45, "1 pp more invested instead of cash adds 0.45 bp"),
)  # fmt: skip


def _price(  # noqa: PLR0917 - a row in the order of its columns
    run_id: str, name: str, kind: str, symbol: str | None, limit: float, cost: float, sentence: str
) -> Mapping[str, object]:
    return {
        "run_id": run_id, "constraint_name": name, "kind": kind, "symbol": symbol, "limit_value": limit,
        "multiplier": cost * 6e-5, "cost_bp_per_pp": cost, "measure": "downside deviation",
        "free_at": None, "sentence": sentence,
    }  # fmt: skip


def _trade(run_id: str, sequence: int, symbol: str, weight: float) -> Mapping[str, object]:
    value = Decimal(str(round(weight * 100_000, 2)))
    return {
        "run_id": run_id, "sequence": sequence, "symbol": symbol, "action": "buy",
        "client_order_id": f"{run_id}-B-{symbol}", "qty": None, "notional": value / 2, "reference_price": PRICE,
        "current_qty": value / 2 / PRICE, "current_value": value / 2, "target_value": value,
        "current_weight": weight / 2, "target_weight": weight, "reason": f"{symbol} is below its target",
    }  # fmt: skip


def _order(run_id: str, symbol: str, *, filled: bool) -> Mapping[str, object]:
    return {
        "run_id": run_id, "client_order_id": f"{run_id}-B-{symbol}", "order_id": "id" if filled else None,
        "symbol": symbol, "side": "buy", "qty": None, "notional": Decimal(100),
        "status": "filled" if filled else "rejected", "filled_qty": Decimal(1 if filled else 0),
        "filled_avg_price": PRICE if filled else None, "submitted_at": None, "closed_at": None,
        "message": "" if filled else "insufficient buying power",
    }  # fmt: skip


def _fill(run_id: str, symbol: str) -> Mapping[str, object]:
    price = PRICE + Decimal("0.01")
    return {
        "run_id": run_id, "client_order_id": f"{run_id}-B-{symbol}", "symbol": symbol, "side": "buy",
        "qty": Decimal(1), "price": price, "value": price, "reference_price": PRICE, "slippage_bps": 1.0,
        "filled_at": None,
    }  # fmt: skip


def _held(run_id: str, symbol: str, weight: float) -> Mapping[str, object]:
    value = Decimal(str(round(weight * 100_000, 2)))
    price = Decimal(1) if symbol == "CASH" else PRICE
    return {
        "run_id": run_id, "symbol": symbol, "qty": value / price, "price": price, "market_value": value,
        "weight": weight, "target_weight": weight, "difference": 0.0,
    }  # fmt: skip


def _cleaned(run_id: str, symbol: str) -> Mapping[str, object]:
    return {
        "run_id": run_id, "symbol": symbol, "session": FIRST_SESSION, "rule": "bad_print",
        "action": "repaired", "field": "close", "raw_value": 10.0, "clean_value": 100.0,
        "detail": "-90% and back, nobody else moved",
    }  # fmt: skip


@pytest.fixture(scope="session")
def make_backtest() -> Callable[..., BacktestInputs]:
    """A year and a half of a strategy, its benchmark and equal weight, every statistic another number.

    The strategy gains 0.04% a session but falls by 10% on 2020-03-12, is done, held, skipped and falls back in turn, and
    holds 60% SPY and 40% TLT, then the reverse; its cap on SPY binds at the first decisions.
    """
    return _make_backtest


def _make_backtest(**changes: object) -> BacktestInputs:
    sessions = pd.bdate_range("2019-06-03", "2020-12-31", name="session")
    accounts = ["risk_parity", "SPY", "equal_weight"]
    growth = pd.Series(1.0004, sessions)
    growth[pd.Timestamp("2020-03-12")] = 0.9
    strategy = 100_000 * growth.cumprod() / growth.iloc[0]
    wave = np.sin(np.arange(len(sessions)) / 20)
    equity = pd.DataFrame(
        {"risk_parity": strategy, "SPY": 1e5 * (1 + 0.2 * wave), "equal_weight": 1e5 * (1 + 0.1 * wave)}
    )
    decided = sessions[4:-1:20]
    executed = sessions[5::20][: len(decided)].rename("executed")
    turns = np.arange(len(decided))
    rows = {
        "statistics": [
            (name, metric, 0.1 * a + 0.0137 * m, 0.1 * a + 0.0137 * m - 0.031, 0.1 * a + 0.0137 * m + 0.047)
            for a, name in enumerate(accounts, start=1)
            for m, metric in enumerate(METRICS)
        ],
        "drawdowns": [
            ("risk_parity", pd.Timestamp("2020-03-11"), pd.Timestamp("2020-03-12"), pd.NaT, -0.1, 210),
            ("SPY", pd.Timestamp("2019-08-01"), pd.Timestamp("2019-10-01"), pd.Timestamp("2020-01-02"), -0.3, 99),
        ],
        "months": [(n, 2019 + (5 + m) // 12, (5 + m) % 12 + 1, 0.001 * (m - 6)) for n in accounts for m in range(19)],
        "years": [(n, y, 0.02 * (y - 2019) - 0.01, 0.8, 4.5) for n in accounts for y in (2019, 2020)],
        "rolling": [
            (day, name, 0.1 * a, 0.5 * a) for a, name in enumerate(accounts, start=1) for day in sessions[252:]
        ],
        "crises": [
            (name, "Covid", dt.date(2020, 2, 19), dt.date(2020, 3, 23), -0.05 * a, -0.06 * a)
            for a, name in enumerate(accounts, start=1)
        ],
    }  # fmt: skip
    columns = {
        "statistics": ["series", "metric", "estimate", "low", "high"],
        "drawdowns": ["series", "peak", "trough", "recovered", "depth", "sessions"],
        "months": ["series", "year", "month", "period_return"],
        "years": ["series", "year", "period_return", "turnover", "costs_bp"],
        "rolling": ["session", "series", "volatility", "sharpe"],
        "crises": ["series", "crisis", "first", "last", "period_return", "max_drawdown"],
    }
    spy = np.where(turns % 2 == 0, 0.6, 0.4)
    weights = pd.DataFrame({"SPY": spy, "TLT": 1 - spy}, executed)
    inputs = BacktestInputs(
        strategy="risk_parity", benchmark="SPY", equity=equity,
        decisions=pd.DataFrame({
            "decided": decided, "executed": executed, "drift": 0.2, "turnover": 0.2, "costs": 10.0, "reason": "",
            "mark": [("done", "held", "skipped", "fallback")[turn % 4] for turn in turns],
        }),
        weights=weights,
        risk_shares=pd.DataFrame({"SPY": spy**2, "TLT": 1 - spy**2}, executed),
        binding=pd.DataFrame({"decided": decided[:3], "constraint_name": "max_weight SPY"}),
        sweep=make_sweep(), trials=make_trials([0.02, 0.02, 0.01, 9.0, 8.0]),
        tracking=pd.DataFrame({"session": sessions[-3:], "live": [1.0, 1.01, 1.0205], "model": [1.0, 1.01, 1.02]}),
        quality=pd.DataFrame({"symbol": ["SPY", "TLT"], "cells altered": [0, 2]}),
        parameters=json.dumps({"lookback": 252}),
        command="riskparity backtest risk_parity --start 2019-06-03",
        notes=("price return, without dividends",),
        assumptions={"costs": "3 bp of the value traded"},
        provenance={"code": "0.1.0", "data": "d" * 64},
        **{name: pd.DataFrame(table, columns=columns[name]) for name, table in rows.items()},
    )  # fmt: skip
    return replace(inputs, **changes)
