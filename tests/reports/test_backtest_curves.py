from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from reports.backtest_curves import crises, crises_finding, equity_and_falls, looks, rolling_risk, tracking
from reports.style import alt_text, to_svg


def _line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


@pytest.fixture(scope="module")
def inputs(make_backtest):
    return make_backtest()


def test_every_account_grows_from_one_dollar_on_a_log_axis(inputs):
    above, below = equity_and_falls(inputs).axes
    assert above.get_yscale() == "log"
    for name in inputs.accounts:
        expected = inputs.equity[name] / inputs.equity[name].iloc[0]
        np.testing.assert_allclose(_line(above, name).get_ydata(), expected)
    assert above.get_shared_x_axes().joined(above, below)


def test_the_strategy_is_drawn_strongest_and_the_benchmark_grey(inputs):
    strategy, benchmark, *others = looks(inputs).values()
    assert strategy.width > benchmark.width > max(other.width for other in others)
    assert strategy.order > benchmark.order > max(other.order for other in others)
    red, green, blue = (int(benchmark.color[k : k + 2], 16) for k in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) < 16
    assert len({look.color for look in looks(inputs).values()}) == 3


def test_falls_are_measured_from_the_highest_so_far_and_the_deepest_is_named(inputs):
    below = equity_and_falls(inputs).axes[1]
    drawn = np.asarray(_line(below, "risk_parity").get_ydata())
    equity = inputs.equity["risk_parity"]
    np.testing.assert_allclose(drawn, equity / equity.cummax() - 1)
    assert "risk parity -10.0%, 2020-03" in [text.get_text() for text in below.texts]


def test_lines_are_named_at_their_ends_without_touching(inputs):
    figure = equity_and_falls(inputs)
    to_svg(figure)
    for axes in figure.axes:
        boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 0.5 for low, high in pairwise(boxes))
    ends = [text.get_text() for text in figure.axes[0].texts]
    growth = inputs.equity.iloc[-1] / inputs.equity.iloc[0]
    assert f"equal weight ${growth['equal_weight']:.2f}" in ends


def test_rolling_figures_are_drawn_as_given(inputs):
    for axes, column in zip(rolling_risk(inputs).axes, ("volatility", "sharpe"), strict=True):
        for name in ("risk_parity", "SPY"):
            given = inputs.rolling.query("series == @name")[column]
            np.testing.assert_allclose(_line(axes, name).get_ydata(), given)


def test_a_crisis_runs_from_its_first_close(inputs):
    panel = crises(inputs).axes[0]
    window = inputs.equity.loc["2020-02-19":"2020-03-23", "SPY"]
    np.testing.assert_allclose(_line(panel, "SPY").get_ydata(), window / window.iloc[0] - 1)
    assert panel.get_title("left").startswith("Covid")
    assert "1 of 1 crises better than SPY" in crises_finding(inputs)


def test_live_and_model_start_together_and_their_difference_is_in_basis_points(inputs):
    above, below = tracking(inputs.tracking).axes
    assert _line(above, "live").get_ydata() == pytest.approx([0, 0.01, 0.0205])
    assert _line(above, "model").get_ydata() == pytest.approx([0, 0.01, 0.02])
    np.testing.assert_allclose(below.lines[0].get_ydata(), [0, 0, 5], atol=1e-9)
    assert alt_text(tracking(inputs.tracking)).endswith("+2.05%, its model +2.00%: +5.0 bp.")


def test_two_crises_with_the_same_return_are_two_labels(make_backtest, inputs):
    flat = inputs.equity * 0 + 100.0
    panel = crises(make_backtest(equity=flat)).axes[0]
    assert [text.get_text() for text in panel.texts] == ["0.0%", "0.0%"]


def test_a_history_of_one_week_is_drawn(make_backtest, inputs):
    week = make_backtest(equity=inputs.equity.iloc[:5])
    assert to_svg(equity_and_falls(week)).startswith("<svg")
    assert isinstance(week.equity.index, pd.DatetimeIndex)
