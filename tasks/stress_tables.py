"""All tables of a stress test in a row, and what cannot be computed said instead of left out."""

from __future__ import annotations

from collections.abc import Callable

from reports.format import percent, signed_percent
from schemas.identity import StressTest
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressTables
from tasks.stress_base import StressBase
from tasks.stress_crises import write_crises
from tasks.stress_futures import write_leverage, write_resamples
from tasks.stress_scenarios import write_scenarios
from tasks.stress_universes import write_universes
from warehouse import Warehouse

Told = Callable[[str], None]


def write_shocks(
    store: Warehouse, test: StressTest, base: StressBase, prices: GatheredPrices, parameters: StressParameters
) -> StressTables:
    """Scenarios on today's portfolio, and the named crises."""
    scenarios, *rest = write_scenarios(store, test, base, parameters)
    crises = write_crises(store, test, base)
    rows = store.get(scenarios)
    worst = rows.sort_values("loss", kind="stable").iloc[0]
    said = f"{len(rows)} scenarios, worst {worst['scenario']}, {signed_percent(worst['loss'])}"
    return StressTables(artifacts=(scenarios, *rest, crises), said=said, notes=_notes(base, prices))


def write_histories(
    store: Warehouse,
    test: StressTest,
    base: StressBase,
    parameters: StressParameters,
    told: Told = lambda _: None,
) -> StressTables:
    """The whole strategy through drawn histories, and its account with leverage."""
    resamples, why = write_resamples(store, test, base, parameters, told)
    leverage = write_leverage(store, test, base, parameters)
    falls = store.get(resamples).query("draw >= 0")["max_drawdown"]
    said = why or f"{len(falls):,} drawn histories, median deepest fall {percent(falls.median())}"
    return StressTables(artifacts=(resamples, leverage), said=said, notes=(why,) if why else ())


def write_synthetic(
    store: Warehouse, test: StressTest, parameters: StressParameters, told: Told = lambda _: None
) -> StressTables:
    """Decisions on assets that nobody has traded."""
    written, short = write_universes(store, test, parameters, told)
    return StressTables(
        artifacts=(written,), said=f"{written.rows} synthetic universes", notes=(short,) if short else ()
    )


def no_weeks(store: Warehouse, test: StressTest) -> StressTables:
    """No crash was lived through on the exchange: that is a thing of the command line."""
    return StressTables(artifacts=(store.put(test, "stress_weeks", []),), said="")


def _notes(base: StressBase, prices: GatheredPrices) -> tuple[str, ...]:
    notes = [f"Prices: {prices.source}.", *prices.remarks]
    if base.history.open is None:
        notes.append("Only closes are known: what would trade at the next open trades at the next close.")
    if base.today.outcome == "refused":
        notes.append(
            f"The strategy finds no weights at the last close, so what is held is stressed: {base.today.said}"
        )
    return tuple(notes)
