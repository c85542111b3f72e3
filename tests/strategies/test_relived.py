"""A simulated account's decisions once more: the same weights, and now with the limits they stood on."""

import numpy as np
import pytest

from portfolio.price_history import PriceHistory
from schemas.risk_parity_parameters import RiskParityParameters
from schemas.simulation_parameters import Rules
from strategies.relived import relive
from strategies.risk_parity import RiskParity
from strategies.walk_forward import walk_forward


@pytest.fixture
def history():
    rng = np.random.default_rng(5)
    days = np.arange("2020-01-01", "2020-08-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    returns = rng.standard_t(4, (len(days), 4)) * [0.002, 0.006, 0.008, 0.01]
    return PriceHistory(("BIL", "TLT", "GLD", "SPY"), days, 100 * np.cumprod(1 + returns, axis=0))


@pytest.mark.parametrize("leverage", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("limits", [{}, {"turnover_limit": 0.05}])
def test_every_decision_comes_out_as_it_was_and_names_what_bound(history, limits, leverage):
    strategy = RiskParity(RiskParityParameters(lookback=60, max_weight=0.4, **limits))
    account = walk_forward(strategy, history, Rules(execution="next_close", leverage=leverage))

    lived = relive(strategy, history, account)

    made = np.array(account.decisions.marks) != "skipped"
    assert made.sum() > 10
    assert [decision.decided for decision in lived] == account.decisions.decided[made].tolist()
    weights = np.array([decision.allocation.weights for decision in lived])
    np.testing.assert_allclose(leverage * weights, account.decisions.targets[made], atol=1e-9)
    assert all(any(name.endswith("max_weight BIL") for name in decision.limits) for decision in lived)
    assert not any(name.startswith("min_weight") for decision in lived for name in decision.limits)


def test_what_was_refused_is_left_out(history):
    strategy = RiskParity(RiskParityParameters(lookback=60, max_weight=0.4, min_weight=0.3))
    account = walk_forward(strategy, history, Rules(execution="next_close"))

    assert set(account.decisions.marks) == {"skipped"}
    assert relive(strategy, history, account) == []
