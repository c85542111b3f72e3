"""--set lays single values over the configuration."""

import pytest

from config import load_settings
from config.overrides import override
from schemas.errors import ConfigError
from schemas.risk_parity_parameters import Group


@pytest.fixture
def configured():
    return load_settings().rebalance("risk_parity")


def test_a_key_names_a_strategy_parameter_a_section_or_the_universe(configured):
    changed = override(configured, ["lookback=126", "guard.max_turnover=0.2", "universe=SPY,TLT"])

    assert changed.strategy.lookback == 126
    assert changed.guard.max_turnover == 0.2
    assert changed.universe == "SPY,TLT"
    assert changed.strategy.max_weight == configured.strategy.max_weight


def test_a_list_is_written_as_in_toml(configured):
    assert override(configured, ['negative_sleeve=["VXZ", "RWM"]']).strategy.negative_sleeve == ("VXZ", "RWM")


def test_groups_are_written_as_in_toml(configured):
    changed = override(configured, ['groups=[{name="bonds", symbols=["TLT", "IEF"], min=0.2, max=0.5}]'])
    assert changed.strategy.groups == (Group(name="bonds", symbols=("TLT", "IEF"), min=0.2, max=0.5),)
    assert override(changed, ["turnover_limit=0.1"]).strategy.groups == changed.strategy.groups


def test_nothing_given_is_nothing_changed(configured):
    assert override(configured, []) == configured


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("lookback", "not key=value"),
        ("lokback=1", "Did you mean 'lookback'"),
        ("guard.max_turnovr=1", r"Did you mean 'guard\.max_turnover'"),
        ("guard=1", "no parameter 'guard'"),
        ("max_weight=2", "max_weight"),
        ('groups=[{name="bonds", symbols=["TLT"], max=2}]', "groups"),
        ("lookback=soon", "lookback"),
        ("name=equal_weight", "no parameter 'name'"),
        ("dry_run=true", "no parameter 'dry_run'"),
    ],
)
def test_what_is_wrong_is_named(configured, item, said):
    with pytest.raises(ConfigError, match=said):
        override(configured, [item])


def test_a_backtest_starts_from_the_live_guard_and_takes_the_same_flags():
    configured = load_settings().backtest("risk_parity")
    changed = override(configured, ["lookback=126", "rules.weekday=2", "costs.slippage_bps=5"])

    assert configured.rules.max_turnover == load_settings().guard.max_turnover
    assert (changed.strategy.lookback, changed.rules.weekday, changed.costs.slippage_bps) == (126, 2, 5)
    with pytest.raises(ConfigError, match=r"costs\.slippage_bp"):
        override(configured, ["costs.slippage=5"])
