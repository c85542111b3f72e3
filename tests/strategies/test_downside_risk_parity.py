from __future__ import annotations

import numpy as np
import pytest

from portfolio.downside import risk_contributions
from schemas.baseline_parameters import DownsideRiskParityParameters
from schemas.errors import DataError, InfeasibleError
from strategies.downside_risk_parity import DownsideRiskParity


def decide(window, **parameters):
    return DownsideRiskParity(DownsideRiskParityParameters(**parameters)).decide(window)


def test_every_asset_contributes_the_same(window):
    seen = window()
    allocation = decide(seen, cash_buffer=0.02)
    contributions = risk_contributions(seen.returns, allocation.weights)

    np.testing.assert_allclose(contributions, contributions[0], rtol=1e-12)
    assert allocation.weights.sum() == pytest.approx(0.98)
    assert allocation.certificate.relative_gap <= 1e-12
    assert [price.kind for price in allocation.shadow_prices] == ["budget"]


def test_budgets_and_a_hurdle(window):
    seen, budgets = window(), {"SPY": 4.0, "TLT": 2.0, "GLD": 1.0, "LQD": 1.0, "VXZ": 0.0, "XYZ": 9.0}
    allocation = decide(seen, risk_budgets=budgets, minimum_acceptable_return=2e-4)
    contributions = risk_contributions(seen.returns, allocation.weights, 2e-4)

    np.testing.assert_allclose(contributions / contributions[2], [4, 2, 1, 1, 0], rtol=1e-9)
    assert "the others share the risk budget of XYZ: not among the assets" in allocation.notes


def test_a_cap_that_binds_is_named_with_its_price(window):
    allocation = decide(window(), max_weight=0.25)
    binding = {
        symbol: rows for symbol, rows in zip(allocation.symbols, allocation.binding, strict=True) if rows
    }

    assert binding == {"VXZ": ("max_weight VXZ",)}
    assert allocation.weights[4] == 0.25
    prices = {price.constraint_name: price.cost_bp_per_pp for price in allocation.shadow_prices}
    assert prices.keys() == {"max_weight VXZ", "budget"}
    assert prices["max_weight VXZ"] > 0


def test_what_the_caps_cannot_take_stays_in_cash(window):
    allocation = decide(window(), max_weight=0.15, cash_buffer=0.01)

    np.testing.assert_allclose(allocation.weights, 0.15)
    assert len(allocation.notes) == 1
    assert "24.00% of equity stays in cash" in allocation.notes[0]


def test_last_weeks_weights_are_only_a_start(window):
    held = np.array([0.5, 0.0, 0.1, 0.2, 0.1])
    np.testing.assert_allclose(
        decide(window(current_weights=held)).weights, decide(window()).weights, rtol=1e-10
    )


def test_an_asset_that_never_fell_is_named_with_the_dates(window):
    R = window().returns.copy()
    R[:, 2] = np.abs(R[:, 2])

    with pytest.raises(DataError, match="GLD never fell from 2015-01-01 to 2015-09-09"):
        decide(window(returns=R))


def test_floors_above_the_budget(window):
    with pytest.raises(InfeasibleError):
        decide(window(), min_weight=0.3)
