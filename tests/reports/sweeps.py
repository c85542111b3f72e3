"""A small sweep whose every figure can be checked by hand: lookback by cap, and the assets left out; and a ledger of trials."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd

from reports.sweep_inputs import SweepInputs

DIFFERENCES = ("above_neighbours", "below_best", "beyond_edge", "slope", "from_beside")


def make_sweep(**changes: object) -> SweepInputs:
    """Nine points of lookback and cap and two universes; the chosen one is 252 with 0.35, and its score 0.71.

    Lookback is a plateau, the cap still rises where its values end, costs are a condition, and universes are level.
    """
    inputs = SweepInputs(
        strategy="risk_parity",
        chosen="lookback 252, max weight 0.35",
        verdicts=pd.DataFrame([
            verdict("lookback", "plateau", chosen="252", best="252", lowest="126", highest="378", explained=0.12),
            verdict(
                "max_weight", "edge", chosen="0.35", best="0.5", lowest="0.2", highest="0.5", explained=0.61,
                beyond_edge=(0.15, 0.04), below_best=(0.15, 0.04), slope=(1.0, 0.2),
            ),
            verdict("cost_bps", "condition", chosen="2", best="0", lowest="0", highest="5", below_best=(0.02, 0.001)),
            verdict("left_out", "plateau", ordered=False, chosen="none", best="none", lowest="none", highest="without SPY", levels=2),
        ]),
        curves=pd.concat([
            curve("lookback", ["126", "252", "378"], [0.66, 0.71, 0.69], at=1, points=[1, 4, 7]),
            curve("max_weight", ["0.2", "0.35", "0.5"], [0.56, 0.71, 0.86], at=1, points=[3, 4, 5]),
            curve("cost_bps", ["0", "2", "5"], [0.73, 0.71, 0.68], at=1, points=[9, 4, 10]),
            curve("left_out", ["none", "without SPY"], [0.71, 0.64], at=0, points=[4, 11]),
        ], ignore_index=True),
        summary={
            "points": 12, "weeks": 400, "score": 0.71, "noise": 0.34, "rank": 4, "above_neighbours": 0.02,
            "above_neighbours_error": 0.05, "independent_trials": 1.7, "expected_maximum": 0.31, "probabilistic": 0.97,
            "deflated": 0.84, "overfit": 0.23, "splits": 12_870, "degradation": -0.4, "loss": 0.05, "spearman": 0.41, "kendall": 0.3,
        },
        pairs=pd.DataFrame(
            [("max_weight", "lookback", cap, days, 0.5 + 0.1 * k) for k, cap in enumerate(["0.2", "0.35", "0.5"]) for days in ("126", "252", "378")],
            columns=["first", "second", "first_value", "second_value", "score"],
        ),
        points=pd.DataFrame({
            "point": range(12), "label": [f"point number {n}" for n in range(12)], "chosen": [n == 4 for n in range(12)],
            "score": [0.71 + 0.03 * (n - 4) for n in range(12)], "cagr": 0.03, "volatility": 0.04, "max_drawdown": -0.06,
            "turnover": 1.37, "costs": 5.5, "mean_distance": [0.02 * abs(n - 4) for n in range(12)],
        }),
        distances=pd.DataFrame(
            [("lookback", "126", 0.06, 0.11), ("lookback", "252", 0.0, 0.0)],
            columns=["parameter", "value", "mean_distance", "weekly_distance"],
        ),
        ranks=pd.DataFrame([
            (period, pd.Timestamp(2009 + 2 * period, 1, 2), pd.Timestamp(2010 + 2 * period, 12, 31), point, 0.5 + 0.01 * point, 12.0 - point)
            for period in range(2) for point in range(12)
        ], columns=["period", "first", "last", "point", "score", "rank"]),
        agreement=pd.DataFrame({"first": [0], "second": [1], "spearman": [0.41], "kendall": [0.3]}),
        best_elsewhere=pd.DataFrame({"period": [0, 1], "point": [11, 10], "label": ["the first winner", "the second"], "score": [1.1, 0.9], "elsewhere": [0.8, 0.4]}),
        failures=pd.DataFrame({"point": [12], "label": ["cap 0.05"], "error_class": ["InfeasibleError"], "error_text": ["Caps add up to 0.55"]}),
        command="riskparity sweep risk_parity --set lookback=126,252,378",
        notes=("price return, without dividends",),
        assumptions={"resamples": "1,000, seed 0"},
        provenance={"weeks": "2009-01-09 to 2016-07-01", "sweep": "risk_parity-sweep-0f3a", "code": "0.1.0", "data": "d" * 64},
    )  # fmt: skip
    return replace(inputs, **changes)


def verdict(parameter: str, said: str, **figures: object) -> dict[str, object]:
    """A row of verdicts; differences are given with their errors."""
    row = {
        "parameter": parameter, "kind": "slice", "verdict": said, "ordered": True, "levels": 3, "score": 0.71, "best_score": 0.71,
        "noise": 0.34, "level_with": 1.0, "beside": "", "explained": 0.05,
        **dict.fromkeys(DIFFERENCES, (float("nan"), float("nan"))), "above_neighbours": (0.03, 0.05), "below_best": (0.0, 0.0), **figures,
    }  # fmt: skip
    errors = {f"{name}_error": row[name][1] for name in DIFFERENCES}
    return row | {name: row[name][0] for name in DIFFERENCES} | errors


def curve(parameter: str, values: list[str], scores: list[float], at: int, points: list[int]) -> pd.DataFrame:
    """A slice, and an average a tenth below it."""
    rows = pd.DataFrame({
        "parameter": parameter, "kind": "slice", "position": range(len(values)), "value": values, "number": float("nan"),
        "chosen": [k == at for k in range(len(values))], "point": points, "points": 1, "score": scores, "error": 0.34,
        "difference": [score - scores[at] for score in scores], "difference_error": [0.05 * (k != at) for k in range(len(values))],
    })  # fmt: skip
    return pd.concat([rows, rows.assign(kind="average", point=-1, points=3, score=rows["score"] - 0.1)])


def make_trials(sharpes: list[float]) -> pd.DataFrame:
    """A ledger: two backtests, then points of sweeps."""
    return pd.DataFrame([
        {
            "kind": "backtest" if n < 2 else "sweep", "strategy": "equal_weight",
            "started_at": pd.Timestamp(2026, 1, 5 + n, 9), "prices": "bundled", "first": dt.date(2019, 6, 3),
            "last": dt.date(2020, 12, 31), "cagr": 0.03, "volatility": 0.09, "sharpe": sharpe, "max_drawdown": -0.2,
        }
        for n, sharpe in enumerate(sharpes)
    ])  # fmt: skip
