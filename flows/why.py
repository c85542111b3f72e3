"""``riskparity why``: the decision of a run, explained as a whole or for one asset."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from typing import Any

import pandas as pd

from config.settings import home
from flows import screens
from flows.explained import Decision, decision_of, run_named, run_of
from reports.tables import records
from reports.why import (
    LEGEND,
    asset_facts,
    asset_sentences,
    objective_facts,
    price_sentences,
    why_table,
)
from schemas.errors import ConfigError
from strategies.registry import strategy_class
from warehouse import Warehouse


def why(
    symbol: str | None = None,
    *,
    strategy: str = "risk_parity",
    as_of: dt.date | None = None,
    run_id: str | None = None,
    as_json: bool = False,
) -> int:
    """Explain the latest decision, or that of a date or run.

    Raises:
        ConfigError: There is no such decision, or the symbol had no part in it.
    """
    store = Warehouse(home())
    chosen = run_named(store, run_id, as_of) if run_id else run_of(store, strategy, as_of)
    decision = decision_of(store, chosen)
    if symbol is not None:
        decision = _only(decision, symbol)
    if as_json:
        screens.answer(json.dumps(_content(decision), indent=2))
        return 0
    if chosen["outcome"] == "planned":
        screens.talk("This was a plan: nothing was sent.")
    if symbol is None:
        _show(decision)
    else:
        _show_asset(decision)
    return 0


def _only(decision: Decision, symbol: str) -> Decision:
    symbols = decision.explanations["symbol"].tolist()
    if symbol.upper() not in symbols:
        near = difflib.get_close_matches(symbol.upper(), symbols, n=1, cutoff=0.3)
        raise ConfigError(
            f"No weight was decided for {symbol}",
            figures={"decided": ", ".join(symbols)},
            remedy=f"{f'Did you mean {near[0]}? ' if near else ''}What cleaning left out is in "
            f"`{screens.COMMAND} sql \"from cleaning_log where run_id = '{decision.run['run_id']}'\"`.",
        )
    asset = decision.explanations[decision.explanations["symbol"] == symbol.upper()]
    return Decision(decision.run, asset, decision.shadow_prices, decision.certificate, decision.notes)


def _show(decision: Decision) -> None:
    screens.key_values(f"Why {decision.run['run_id']}", _header(decision))
    table = why_table(decision.explanations, decision.shadow_prices)
    figures = frozenset(column.name for column in table.columns if column.kind == "figure")
    screens.rows("Weights", [column.name for column in table.columns], table.rows, right=figures)
    screens.talk(LEGEND)
    sentences = price_sentences(decision.shadow_prices)
    if sentences:
        screens.answer("\n".join(["", "What the limits cost", *(f"  {line}" for line in sentences)]))
    if decision.notes:
        texts = [f"  {note['text']}" for note in decision.notes]
        screens.answer("\n".join(["", "Notes", *texts]))


def _show_asset(decision: Decision) -> None:
    row = records(decision.explanations)[0]
    screens.key_values(
        f"Why {row['symbol']}, {decision.run['run_id']}", asset_facts(row, decision.shadow_prices)
    )
    for text in decision.fallbacks or asset_sentences(row, decision.shadow_prices):
        screens.answer(text)
    for line in _experiments(row, decision):
        screens.talk(line)


def _experiments(row: dict[str, Any], decision: Decision) -> list[str]:
    """Commands that show what another limit would do."""
    strategy, symbol = decision.run["strategy"], row["symbol"]
    known = strategy_class(strategy).parameters_type.model_fields
    plan = f"{screens.COMMAND} run {strategy} plan --set"
    names = set(row["binding"].split(", "))
    own = [p for p in decision.shadow_prices if p["symbol"] == symbol and p["constraint_name"] in names]
    lines = [
        f"\nWith another cap: {plan} {p['kind']}=VALUE"
        for p in own
        if p["kind"] in known.keys() - {"min_weight"}
    ]
    if row["target_weight"] == 0.0 and "groups" in known:
        group = f'groups=[{{name="{symbol}", symbols=["{symbol}"], min=0.05}}]'
        lines.append(f"\nTo hold 5% of it all the same: {plan} '{group}'")
    return lines


def _header(decision: Decision) -> dict[str, object]:
    run = decision.run
    return {
        "session": run["session"],
        "data as of": run["data_as_of"],
        "outcome": run["outcome"],
        **objective_facts(decision.certificate, decision.shadow_prices),
        **({"fallback": decision.fallbacks[0]} if decision.fallbacks else {}),
    }


def _content(decision: Decision) -> dict[str, Any]:
    """The same for programs."""
    return {
        "run": {name: value and str(value) for name, value in _without_gaps(decision.run).items()},
        "certificate": decision.certificate,
        "assets": [_without_gaps(row) for row in records(decision.explanations)],
        "shadow_prices": [_without_gaps(row) for row in decision.shadow_prices],
        "notes": decision.notes,
    }


def _without_gaps(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if pd.isna(value) else value for name, value in row.items()}
