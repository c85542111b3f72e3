"""The layers of the configuration, and what is said when one of them is wrong."""

import pytest

from config.settings import home, load_settings, origins
from schemas.errors import ConfigError


def test_the_shipped_files_are_valid_and_name_the_three_universes():
    settings = load_settings()

    assert set(settings.universes) == {"bundled", "diversified", "growth_hedge"}
    assert settings.rebalance("risk_parity").strategy.max_weight == 0.35


def test_a_variable_lies_over_the_files_and_is_named_as_the_origin(monkeypatch):
    monkeypatch.setenv("RISKPARITY__GUARD__MAX_TURNOVER", "0.2")
    monkeypatch.setenv("RISKPARITY__STRATEGIES__RISK_PARITY__LOOKBACK", "126")
    settings = load_settings()

    assert settings.guard.max_turnover == 0.2
    assert settings.rebalance("risk_parity").strategy.lookback == 126
    assert origins()["guard.max_turnover"] == "environment"
    assert origins()["guard.window_start"] == "config/limits.toml"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RISKPARITY__GUARD__MAX_TURNOVR", "0.2", "did you mean 'max_turnover'"),
        ("RISKPARITY_GUARD_MAX_TURNOVER", "0.2", "two underscores"),
        ("RISKPARITY__GARD__MAX_TURNOVER", "0.2", "did you mean 'guard'"),
        ("RISKPARITY__GUARD__MAX_TURNOVER", "7", "less than or equal to 1"),
        ("RISKPARITY__STRATEGIES__RISK_PARITY__LOOKBAK", "9", "did you mean 'lookback'"),
    ],
)
def test_a_wrong_key_or_value_is_an_error_with_the_remedy(monkeypatch, variable, value, said):
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigError, match=said) as caught:
        load_settings().rebalance("risk_parity")

    assert caught.value.exit_code == 2
    assert caught.value.remedy


def test_auto_means_bundled_prices_without_keys_and_diversified_with_them():
    settings = load_settings()

    assert "CSJ" in settings.universe("auto", "loopback").symbols
    assert "GLD" in settings.universe("auto", "paper").symbols
    assert settings.universe("growth_hedge", "paper").hedges == ("VXZ", "RWM")


def test_a_universe_may_be_spelt_out_and_a_wrong_name_is_corrected():
    settings = load_settings()

    assert settings.universe("SPY, TLT,SPY", "paper").symbols == ("SPY", "TLT")
    with pytest.raises(ConfigError, match="Did you mean 'diversified'"):
        settings.universe("diversifed", "paper")


def test_all_state_lives_in_one_folder(tmp_path):
    assert home({"RISKPARITY_HOME": str(tmp_path)}) == tmp_path
    assert home({}).name == "data"
