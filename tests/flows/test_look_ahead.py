"""The command that puts a strategy and the cleaning on trial; that the leaky are caught is shown in
tests/strategies/test_look_ahead.py and tests/tasks/test_late_knowledge.py."""

import datetime as dt
import json

import pytest

from flows import look_ahead
from flows.look_ahead import check_lookahead
from schemas.errors import ConfigError
from tasks.late_knowledge import LateKnowledge


def test_a_strategy_that_knows_nothing_early_passes_on_every_decision_asked_for(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))

    assert check_lookahead("inverse_volatility", ["end=2010-01-29"], last=20, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {
        "strategy": "inverse_volatility",
        "decisions": 20,
        "moved": [],
        "cut": 20,
        "late": [],
    }
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("by_design", "exits", "says"),
    [
        (False, 1, "Cleaning looks ahead: 1 returns differ when bars are cut at 2 decisions"),
        (True, 0, "It did at 1 of these decisions' closes."),
    ],
)
def test_a_cleaned_price_that_knows_what_comes_after_fails_unless_it_is_by_design(
    tmp_path, monkeypatch, capsys, *, by_design, exits, says
):
    day = dt.date(2010, 1, 22)
    late = LateKnowledge(day, "SPY", day, 0.3, 0.0, by_design=by_design)
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))
    monkeypatch.setattr(look_ahead, "find_late_knowledge", lambda *_: iter([(late,)]))

    assert check_lookahead("inverse_volatility", ["end=2010-01-29"], last=2, as_json=False) == exits
    said = capsys.readouterr()
    assert says in " ".join((said.out + said.err).split())


def test_an_unknown_strategy_is_named(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no strategy 'inverse'"):
        check_lookahead("inverse", [], last=None, as_json=True)
