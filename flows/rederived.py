"""``riskparity why --rederive RUN``: whether a decision comes out again as it is on record."""

from __future__ import annotations

import json

from config.settings import home
from flows import screens
from flows.explained import run_named
from schemas.errors import DataError
from tasks.rederivation import TOLERANCE, Rederived, rederive
from warehouse import Warehouse

SHOWN = 20
"""Differences the table shows; --json has all."""


def rederived(run_id: str, *, as_json: bool) -> int:
    """Derive the decision of a finished run again and tell what differs; the exit code is that of unusable data if so.

    Raises:
        ConfigError: There is no such run, or it decided nothing.
        DataError: An input is missing, damaged, or not the one that was written.
    """
    store = Warehouse(home())
    run_named(store, run_id, None)
    found = rederive(store, run_id)
    if as_json:
        content = {"run_id": run_id, "tolerance": TOLERANCE, "values": found.values}
        rows = [difference._asdict() for difference in found.differences]
        screens.answer(json.dumps({**content, "differences": rows}, indent=2))
    else:
        _show(run_id, found)
    return DataError.exit_code if found.differences else 0


def _show(run_id: str, found: Rederived) -> None:
    if not found.differences:
        screens.answer(f"{run_id} derived again: {found.values:,} values, all as on record to {TOLERANCE:g}.")
        return
    columns = ["artifact", "row", "column", "on record", "derived again"]
    screens.rows(f"{run_id} derived again", columns, found.differences[:SHOWN])
    screens.answer(
        f"{len(found.differences):,} of {found.values:,} values differ by more than {TOLERANCE:g}. The first artifact "
        "named is where it begins: its inputs are as they were written, so code or libraries have changed since."
    )
