"""A decision is derived again from its stored inputs, value by value; what comes out otherwise is named."""

import pytest

from schemas.errors import DataError
from tasks.rederivation import rederive
from warehouse import Warehouse


@pytest.fixture
def two_weeks(pipeline, exchange):
    """Ids of two runs a week apart: the second knows the first one's sleeve and targets."""
    first = pipeline().rebalance().run
    exchange.control.advance("next_week")
    return first.run_id, pipeline().rebalance().run.run_id


def test_decisions_come_out_again_as_they_are_on_record(two_weeks, store):
    for run_id in two_weeks:
        found = rederive(store, run_id)
        assert found.differences == ()
        assert found.values > 10_000


def test_what_comes_out_otherwise_is_named_and_only_that(pipeline, store, monkeypatch):
    run = pipeline("max_weight=0.2").rebalance().run
    as_written = Warehouse.rows

    def with_another_cap(self, reference):
        rows = as_written(self, reference)
        if reference.name == "decisions":
            rows[0]["parameters"] = rows[0]["parameters"].replace('"max_weight": 0.2', '"max_weight": 0.25')
        return rows

    monkeypatch.setattr(Warehouse, "rows", with_another_cap)
    found = rederive(store, run.run_id)

    assert {row.artifact for row in found.differences} >= {"target_weights", "explanations"}
    assert not {row.artifact for row in found.differences} & {"returns", "cleaning_log"}
    bound = [row for row in found.differences if row.column == "upper_bound"]
    assert {(row.recorded, row.derived) for row in bound} == {("0.2", "0.25")}


def test_inputs_that_were_exchanged_are_not_derived_from(pipeline, store):
    run = pipeline().rebalance().run
    other = pipeline(strategy="equal_weight", dry_run=True).open().decide()
    (store.root / store.find(run, "holdings").uri).write_bytes((store.root / other.holdings.uri).read_bytes())

    with pytest.raises(DataError, match=r"'holdings' of run .* is not the one that the run wrote"):
        rederive(store, run.run_id)
