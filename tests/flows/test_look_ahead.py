"""The command that puts a strategy on trial; that the leaky are caught is tests/strategies/test_look_ahead.py's to show."""

import json

import pytest

from flows.look_ahead import check_lookahead
from schemas.errors import ConfigError


def test_a_strategy_that_knows_nothing_early_passes_on_every_decision_asked_for(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))

    assert check_lookahead("inverse_volatility", ["end=2010-01-29"], last=20, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {
        "strategy": "inverse_volatility",
        "decisions": 20,
        "moved": [],
    }
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_unknown_strategy_is_named(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no strategy 'inverse'"):
        check_lookahead("inverse", [], last=None, as_json=True)
