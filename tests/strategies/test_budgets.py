from __future__ import annotations

import pytest

from schemas.errors import ConfigError
from strategies.budgets import budget_notes, budgets_of


def test_budgets_follow_the_order_of_the_assets():
    assert budgets_of(("TLT", "SPY"), {"SPY": 3.0, "TLT": 1.0}).tolist() == [1.0, 3.0]
    assert budgets_of(("TLT", "SPY"), None) is None


def test_an_asset_without_a_budget_is_named():
    with pytest.raises(ConfigError, match="Not every asset") as refused:
        budgets_of(("TLT", "SPY", "GLD"), {"SPY": 1.0})
    assert refused.value.figures["without"] == "TLT, GLD"


def test_budgets_of_which_only_zeros_are_left():
    with pytest.raises(ConfigError, match="No asset has a risk budget above zero"):
        budgets_of(("TLT",), {"SPY": 1.0, "TLT": 0.0})


def test_a_budget_that_no_asset_takes_is_noted():
    assert budget_notes(("SPY",), {"SPY": 1.0, "TLT": 1.0}) == (
        "the others share the risk budget of TLT: not among the assets",
    )
    assert budget_notes(("SPY",), {"SPY": 1.0}) == budget_notes(("SPY",), None) == ()
