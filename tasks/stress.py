"""The stages of a stress test as Prefect tasks; what they do stands beside, free of Prefect, for the command line."""

from __future__ import annotations

import datetime as dt

from prefect.artifacts import create_markdown_artifact

from schemas.artifacts import ArtifactRef
from schemas.identity import StressTest
from schemas.results import GatheredPrices
from schemas.stress_parameters import StressParameters
from schemas.stress_results import StressTables
from tasks.backtest_prices import gather_prices
from tasks.stage import say, stage, warehouse
from tasks.stress_base import base_of
from tasks.stress_report import commit_stress_test, write_stress_report
from tasks.stress_tables import no_weeks, write_histories, write_shocks, write_synthetic


@stage("begin")
def open_test(parameters: StressParameters) -> StressTest:
    """Give the stress test its name; a retried run keeps it."""
    return StressTest(strategy=parameters.strategy.name, decided_at=dt.datetime.now(dt.UTC))


@stage("prices")
def collect(test: StressTest, parameters: StressParameters) -> GatheredPrices:
    """See ``gather_prices``."""
    gathered = gather_prices(warehouse(), test, parameters, kind="stress")
    say(gathered.said, *gathered.artifacts)
    return gathered


@stage("shocks")
def shock(test: StressTest, prices: GatheredPrices, parameters: StressParameters) -> StressTables:
    """See ``write_shocks``."""
    base = base_of(warehouse(), prices, parameters)
    return _said(write_shocks(warehouse(), test, base, prices, parameters))


@stage("histories")
def resample(test: StressTest, prices: GatheredPrices, parameters: StressParameters) -> StressTables:
    """See ``write_histories``."""
    base = base_of(warehouse(), prices, parameters)
    return _said(write_histories(warehouse(), test, base, parameters))


@stage("universes")
def invent(test: StressTest, parameters: StressParameters) -> StressTables:
    """See ``write_synthetic``."""
    return _said(write_synthetic(warehouse(), test, parameters))


@stage("report")
def report(
    test: StressTest, prices: GatheredPrices, parts: list[StressTables], parameters: StressParameters
) -> StressTables:
    """See ``write_stress_report``; the summary on the run's page as well. Hands on all tables as one."""
    store = warehouse()
    tables = StressTables.together([*parts, no_weeks(store, test)])
    page = write_stress_report(store, test, prices, tables, parameters)
    summary = (store.root / page).with_name("summary.md").read_text(encoding="utf-8")
    key = f"{test.strategy.replace('_', '-')}-stress-summary"
    create_markdown_artifact(key=key, markdown=summary, description=test.run_id)
    say(page)
    return tables.model_copy(update={"said": page})


@stage("commit")
def commit(
    test: StressTest, prices: GatheredPrices, tables: StressTables, parameters: StressParameters
) -> ArtifactRef:
    """See ``commit_stress_test``."""
    return commit_stress_test(warehouse(), test, prices, tables, parameters)


def _said(tables: StressTables) -> StressTables:
    say(tables.said, *tables.artifacts)
    return tables
