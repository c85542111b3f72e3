"""Why these weights: what a decision's explanation says, as a table and as sentences, on terminal and page alike.

Rows are those of the artifacts ``explanations``, ``shadow_prices`` and ``certificates``, by column name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from reports.format import MISSING, percent, scientific, signed_percent, signed_pp
from reports.tables import SESSIONS_A_YEAR, Column, Row, Table, table_of

LEGEND = (
    "change = drift (back to the last target) + signal (from the last target to the new one); risk: share of the "
    "portfolio's downside variance; 1pp adds: 1 pp of the asset to the portfolio's daily downside deviation; cost: of the "
    "asset's own limit, in the same unit per 1 pp."
)
"""What the columns of the table mean."""


def why_table(explanations: pd.DataFrame, shadow_prices: Sequence[Row]) -> Table:
    """One line an asset: the way to its weight, what it adds to risk, what stops it.

    The largest target comes first; of those left out, the one nearest to being held.
    """
    ranked = explanations.sort_values(
        ["target_weight", "shadow_price", "symbol"], ascending=[False, True, True], kind="stable"
    )
    at_zero = _floors_at_zero(shadow_prices)
    return table_of(_WHY, ranked.assign(binds=[_binds(names, at_zero) for names in ranked["binding"]]))


def price_sentences(shadow_prices: Sequence[Row]) -> list[str]:
    """What each binding constraint costs; floors at zero, which nobody chose, are left to the table."""
    return [_capital(row["sentence"]) for row in shadow_prices if not _at_zero(row)]


def objective_facts(certificate: Row | None, shadow_prices: Sequence[Row]) -> dict[str, str]:
    """The risk of the target portfolio and the proof that it is optimal; says so when nothing was solved."""
    if certificate is None:
        return {"certificate": "none: no optimum was sought"}
    daily = math.sqrt(certificate["objective"])
    return {
        measure_of(
            shadow_prices
        ): f"{percent(daily, 3)} a day, {percent(daily * math.sqrt(SESSIONS_A_YEAR), 2)} a year",
        "certificate": f"relative duality gap {scientific(certificate['relative_gap'])}, "
        f"largest violation {scientific(certificate['violation'])}",
    }


def measure_of(shadow_prices: Sequence[Row]) -> str:
    """The risk in which prices, and the certificate's objective, are stated."""
    return next((str(row["measure"]) for row in shadow_prices), "downside deviation")


def asset_facts(row: Row, shadow_prices: Sequence[Row]) -> dict[str, str]:
    """The explanation of one asset, name by name."""
    first = pd.isna(row["previous_target"])
    return {
        "held when deciding": percent(row["current_weight"], 2),
        "last target": "none, this is the first decision" if first else percent(row["previous_target"], 2),
        "target": percent(row["target_weight"], 2),
        "change": f"{signed_pp(row['change'], 2)} = drift {signed_pp(row['drift'], 2)} + signal "
        f"{signed_pp(row['signal'], 2)}",
        "mean daily return": signed_percent(row["mean_return"], 3),
        "daily downside deviation": percent(row["downside_deviation"], 3),
        "share of downside variance": percent(row["risk_contribution"]),
        "1 pp more of it adds": f"{_bp(row['marginal_risk'])} of daily downside deviation",
        "binds": _binds(row["binding"], _floors_at_zero(shadow_prices)) or "nothing",
    }


def asset_sentences(row: Row, shadow_prices: Sequence[Row]) -> list[str]:
    """Why one asset has its weight, and what it would take to change that."""
    if not shadow_prices:
        return ["No optimum was sought, so no constraint has a price."]
    names = row["binding"].split(", ")
    stopping = [price for price in shadow_prices if price["constraint_name"] in names]
    own = [price for price in stopping if price["symbol"] == row["symbol"]]
    lines = [_place(row, own[0]) if own else _free(row)]
    return [
        *lines,
        *(_capital(price["sentence"]) for price in stopping if not _at_zero(price)),
    ]


def _place(row: Row, price: Row) -> str:
    """An asset at a limit of its own is there because 1 pp of it adds more, or less, than 1 pp of others."""
    symbol, adds = row["symbol"], f"1 pp of it adds {_bp(row['marginal_risk'])} of daily downside deviation"
    if pd.isna(price["free_at"]):
        return f"{symbol} stands at a limit of its own."
    turn = _bp(price["free_at"])
    if _at_zero(price):
        return (
            f"{symbol} is left out: {adds}. It would enter if that fell below {turn}; until then 1 pp of it in place of "
            f"others costs the difference, {_bp(price['cost_bp_per_pp'])}."
        )
    if price["kind"] == "min_weight":
        return f"{symbol} is held for its floor: {adds}. It would be held for its own sake if that fell below {turn}."
    return f"{symbol} is as large as it may be: {adds}. It would be held below its cap if that rose above {turn}."


def _free(row: Row) -> str:
    return (
        f"{row['symbol']} has no limit of its own in its way: 1 pp more of it would add {_bp(row['marginal_risk'])} of "
        "daily downside deviation."
    )


def _floors_at_zero(shadow_prices: Sequence[Row]) -> dict[str, str | None]:
    """The asset by the name of each such floor; none for that of a band."""
    return {row["constraint_name"]: row["symbol"] for row in shadow_prices if _at_zero(row)}


def _at_zero(price: Row) -> bool:
    return price["kind"] in {"min_weight", "band_min"} and price["limit_value"] == 0.0


def _capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}."


def _binds(names: str, at_zero: Mapping[str, str | None]) -> str:
    """Floors at zero say no more than that nothing is held."""
    chosen = [name for name in names.split(", ") if name not in at_zero]
    left_out = any(at_zero.get(name) is not None for name in names.split(", "))
    return ", ".join(["left out", *chosen] if left_out else chosen)


def _bp(value: float) -> str:
    return MISSING if pd.isna(value) else f"{value:.3f} bp"


_WHY = (
    Column("symbol", "key", lambda row: row["symbol"]),
    Column("held", "figure", lambda row: percent(row["current_weight"], 2)),
    Column("target", "figure", lambda row: percent(row["target_weight"], 2)),
    Column("change", "figure", lambda row: signed_pp(row["change"], 2)),
    Column("drift", "figure", lambda row: signed_pp(row["drift"], 2)),
    Column("signal", "figure", lambda row: signed_pp(row["signal"], 2)),
    Column("risk", "figure", lambda row: percent(row["risk_contribution"])),
    Column("1pp adds", "figure", lambda row: _bp(row["marginal_risk"])),
    Column("cost", "figure", lambda row: _bp(row["shadow_price"])),
    Column("binds", "text", lambda row: row["binds"]),
)
