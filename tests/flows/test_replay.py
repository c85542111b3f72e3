"""What the replay says of its tolerance; the weeks themselves are lived in tests/tasks/test_replayed.py."""

import json

import pandas as pd
import pytest

from flows import replay as replaying
from portfolio.replay import CAUSES
from schemas.simulation_parameters import Costs
from tasks.replayed import Comparison


@pytest.fixture
def replayed(tmp_path, monkeypatch):
    """Replay a week at whose end 100,000 USD lived differ from the engine by the causes given."""

    def run(*, as_json=True, **usd):
        causes = pd.DataFrame({cause: [0.0, usd.get(cause.replace(" ", "_"), 0.0)] for cause in CAUSES})
        days = causes.assign(
            session=pd.to_datetime(["2015-06-01", "2015-06-02"]),
            engine=100_000.0,
            lived=100_000.0 + causes.sum(axis=1),
        )
        monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))
        monkeypatch.setenv("RISKPARITY__BROKER__VENUE", "loopback")
        monkeypatch.setattr(replaying, "_live", lambda *_, **__: None)
        monkeypatch.setattr(replaying, "compare", lambda *_: Comparison(days, 1, 1, Costs()))
        return replaying.replay("risk_parity", [], weeks=1, as_json=as_json)

    return run


def test_prices_of_the_hour_spread_and_rounding_may_differ_by_any_amount(replayed, capsys):
    assert replayed(price_path=900.0, spread=-50.0, sizing=-20.0, targets=4.0, unexplained=-5.0) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["agrees"]
    assert (told["unexplained_bp"], told["tolerance_bp"]) == (pytest.approx(0.9), 1.0)


@pytest.mark.parametrize("cause", ["targets", "unexplained"])
def test_more_than_a_basis_point_that_neither_explains_fails_and_is_said(replayed, capsys, cause):
    assert replayed(as_json=False, **{cause: -11.0}) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "They DO NOT agree to within fills and rounding" in said
    assert "by at most 1.10 bp of capital at any close; the tolerance is 1.00 bp" in said
