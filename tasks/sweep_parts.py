"""One part of a sweep: its points evaluated in a row, in whatever process, on whatever machine."""

from __future__ import annotations

import platform
from functools import lru_cache

from portfolio.price_history import PriceHistory
from schemas.artifacts import ArtifactRef
from schemas.errors import ConfigError
from schemas.sweep_results import OpenedSweep, Part
from strategies.sweep_design import Design, Point
from strategies.sweep_points import Evaluator, Lived
from tasks.backtest_prices import history_of
from tasks.sweep_tables import sweep_tables
from warehouse import Warehouse
from warehouse.sweep_parts import SweepParts
from warehouse.version import code_version


def evaluate_points(store: Warehouse, opened: OpenedSweep, part: Part) -> Part:
    """Evaluate a part and keep it, unless that was done before. A point that fails is recorded and stops nothing.

    Args:
        store: Where the sweep's prices are; the folder is at the same path wherever parts are evaluated.
        opened: The sweep.
        part: Which points.

    Raises:
        DataError: The prices are not the ones that were written.
        ConfigError: This process runs other code than the one that began the sweep.
    """
    if opened.code_version != code_version():
        raise ConfigError(
            "This process runs other code than the one that began the sweep",
            figures={
                "began": opened.code_version,
                "this process": code_version(),
                "machine": platform.node(),
            },
            remedy="Install the same version on every machine, start its workers again, and give the same command again.",
        )
    kept = SweepParts(store.root, opened.sweep)
    if not kept.finished(part):
        evaluator = Evaluator(histories(store, opened.prices, opened.cash), opened.weeks_from)
        design = Design(opened.parameters, opened.symbols)
        kept.put(
            part, sweep_tables([(point, _lived(evaluator, point)) for point in design.points(*part)], opened)
        )
    return part


@lru_cache(maxsize=1)
def histories(store: Warehouse, prices: ArtifactRef, cash: ArtifactRef) -> dict[float, PriceHistory]:
    """By outlier rule; read once a process, and their returns computed once."""
    every, earned = store.get(prices), store.get(cash)
    rules = every["spike_threshold"].unique().tolist()
    return {rule: history_of(every[every["spike_threshold"] == rule], earned) for rule in rules}


def _lived(evaluator: Evaluator, point: Point) -> Lived | Exception:
    try:
        return evaluator.evaluate(point)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one point must not cost the others
        return error
