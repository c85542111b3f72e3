from __future__ import annotations

import numpy as np
import pytest

from portfolio.cleaning.clean import repair
from portfolio.cleaning.panel import PRICES
from portfolio.cleaning.units import unit_errors


@pytest.mark.parametrize("factor", [100.0, 0.01, 1e4])
@pytest.mark.parametrize(
    "rows", [slice(40, 41), slice(40, 52), slice(0, 30), slice(150, 160), slice(159, 160)], ids=str
)
def test_bars_in_another_unit_are_brought_back(market, spoil, params, rows, factor):
    clean = market()
    repaired, edits = repair(spoil(clean, rows, "TLT", factor), params)
    for name in PRICES:
        assert np.allclose(repaired.field(name), clean.field(name))
    assert {(edit.symbol, edit.rule, edit.action) for edit in edits} == {("TLT", "unit_error", "repaired")}


@pytest.mark.parametrize("field", PRICES)
def test_one_field_in_another_unit_is_brought_back(market, spoil, params, field):
    clean = market()
    repaired, (edit,) = repair(spoil(clean, 70, "SPY", 100.0, fields=[field]), params)
    assert np.allclose(repaired.field(field), clean.field(field))
    assert edit.field == field


def test_a_file_that_flips_unit_again_and_again_has_one_unit_afterwards(market, spoil, params):
    clean = market()
    panel = spoil(spoil(clean, slice(10, 25), "GLD", 0.01), slice(60, 90), "GLD", 0.01)
    repaired, _ = repair(panel, params)
    assert np.allclose(repaired.close, clean.close)


def test_a_consolidation_by_eighty_is_no_unit_error(market, spoil, params):
    panel = spoil(market(), slice(0, 80), "DBC", 1 / 80)
    assert unit_errors(panel, params) == []
