"""What was tried before counts against what is found now, and the same again does not count twice."""

import datetime as dt

import numpy as np
import pytest

from config import load_settings
from config.overrides import override
from portfolio.luck import luck
from schemas.identity import Trial
from tasks.trial_ledger import config_hash, judge_luck, sharpes_tried
from tests.any_row import NOON, any_row
from tests.visible import visible
from warehouse import Warehouse
from warehouse.query import query

EXCESS = np.random.default_rng(8).normal(0.0004, 0.01, 500)
A_YEAR = np.sqrt(252)


@pytest.fixture
def ledger(tmp_path):
    return Warehouse(tmp_path)


@pytest.fixture
def parameters():
    return load_settings().backtest("risk_parity")


def tried(store, digest, sharpe, minutes=0):
    trial = Trial(strategy="risk_parity", decided_at=NOON + dt.timedelta(minutes=minutes))
    store.put(trial, "backtests", [any_row("backtests", config_hash=digest, sharpe=sharpe)])


def judged(store, parameters):
    reference = judge_luck(
        store, Trial(strategy="risk_parity", decided_at=NOON), "risk_parity", EXCESS, parameters
    )
    (row,) = store.rows(reference)
    return row


def test_the_first_backtest_is_judged_by_itself(ledger, parameters):
    row = judged(ledger, parameters)
    assert (row["trials"], row["expected_maximum"]) == (1, 0.0)
    assert row["deflated"] == row["probabilistic"]


def test_every_configuration_tried_counts_once_with_its_latest_ratio(ledger, parameters):
    for minutes, (digest, sharpe) in enumerate([("a", 9.0), ("b", 0.2), ("a", 0.5), ("c", None)]):
        tried(ledger, digest, sharpe, minutes)
    np.testing.assert_equal(sharpes_tried(ledger), {"a": 0.5, "b": 0.2, "c": np.nan})

    row = judged(ledger, parameters)

    own = luck(EXCESS, []).sharpe
    expected = luck(EXCESS, np.array([own * A_YEAR, 0.5, 0.2, np.nan]) / A_YEAR)
    assert row["trials"] == 4
    assert row["deflated"] == pytest.approx(expected.deflated)
    assert row["expected_maximum"] == pytest.approx(expected.expected_maximum * A_YEAR)
    assert row["deflated"] < row["probabilistic"]


def test_the_same_configuration_again_is_no_new_trial(ledger, parameters):
    tried(ledger, config_hash(parameters), 0.3)
    tried(ledger, config_hash(override(parameters, ["lookback=126"])), 0.4, minutes=1)
    assert judged(ledger, parameters)["trials"] == 2


def test_a_record_below_zero_never_becomes_long_enough(ledger, parameters):
    reference = judge_luck(
        ledger, Trial(strategy="risk_parity", decided_at=NOON), "risk_parity", -EXCESS, parameters
    )
    assert np.isnan(ledger.get(reference)["track_record"].iloc[0])


def test_the_judgement_shows_with_its_backtest(ledger, parameters):
    judged(ledger, parameters)
    hidden = query(ledger.root, "from backtest_luck").num_rows
    tried(ledger, "a", 0.5)
    assert hidden == 0
    assert len(visible(ledger.root, "from backtest_luck")) == 1
