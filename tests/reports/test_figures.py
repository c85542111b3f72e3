from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import num2date

from reports.figures import equity_so_far, weights_history
from reports.style import alt_text, to_svg

SYMBOLS_30 = tuple(f"ETF{n:02d}" for n in range(30))


def _area_at(axes, name: str, day: dt.date) -> tuple[float, float]:
    """Lower and upper edge of a stacked area at noon of a day."""
    area = next(one for one in axes.collections if one.get_label() == name)
    corners = area.get_paths()[0].vertices
    at = np.datetime64(day, "h").astype(float) / 24 + 0.5
    left = max(x for x in corners[:, 0] if x <= at)
    right = min(x for x in corners[:, 0] if x > at)
    on_step = [y for x, y in corners if x in (left, right)]
    before = {y for x, y in corners if x == left} & {y for x, y in corners if x == right}
    return min(before or on_step), max(before or on_step)


def _days(line) -> np.ndarray:
    return np.asarray(line.get_xdata(), dtype="datetime64[D]")


def _lines(axes, label: str):
    return [line for line in axes.lines if line.get_label() == label]


def test_the_height_of_an_area_is_the_target_weight_until_the_next_rebalance(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete", "adjusted"])
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    # SPY is held from the bottom up: 10% + 89% / 3 in the first week, 11% + 88% / 3 in the second.
    for day, weight in [(dt.date(2015, 6, 4), 0.1 + 0.89 / 3), (dt.date(2015, 6, 10), 0.11 + 0.88 / 3)]:
        assert _area_at(axes, "SPY", day) == pytest.approx((0.0, weight))


def test_areas_fill_the_whole_of_equity_with_cash_on_top(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete"])
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    assert _area_at(axes, "cash", dt.date(2015, 6, 4)) == pytest.approx((0.99, 1.0))


def test_a_week_that_held_or_was_refused_keeps_the_earlier_targets(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete", "hold", "refused"])
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    in_force = _area_at(axes, "SPY", dt.date(2015, 6, 10))
    assert _area_at(axes, "SPY", dt.date(2015, 6, 24)) == in_force


def test_of_two_rebalances_in_a_session_the_later_is_in_force(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete"])
    again = inputs.target_weights.query("session == session.max()").assign(run_id="again")
    again["target_weight"] = again["symbol"].eq("TLT").astype(float)
    weights = pd.concat([inputs.target_weights, again])
    runs = pd.concat([inputs.runs, inputs.runs.tail(1).assign(run_id="again")])
    axes = weights_history(weights, runs).axes[0]
    assert _area_at(axes, "TLT", dt.date(2015, 6, 10)) == pytest.approx((0.0, 1.0))


def test_each_outcome_has_its_own_marker_on_its_day(make_inputs) -> None:
    inputs = make_inputs(["complete", "adjusted", "hold", "refused", "complete"])
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    markers = {line.get_gid(): line for line in axes.lines if line.get_gid()}
    assert set(markers) == {"complete", "adjusted", "hold", "refused"}
    assert len({(m.get_marker(), m.get_markerfacecolor()) for m in markers.values()}) == 4
    assert list(_days(markers["refused"])) == [np.datetime64("2015-06-22")]
    assert list(_days(markers["complete"])) == [np.datetime64("2015-06-01"), np.datetime64("2015-06-29")]


def test_the_equity_curve_is_marked_where_books_were_closed(make_inputs) -> None:
    inputs = make_inputs(["complete", "adjusted", "hold", "refused"])
    axes = equity_so_far(inputs.performance, inputs.runs).axes[0]
    markers = {line.get_gid(): line for line in axes.lines if line.get_gid()}
    assert set(markers) == {"complete", "adjusted", "hold"}
    assert list(markers["adjusted"].get_ydata()) == [101_000.0]


def test_names_stand_beside_their_areas_without_touching(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete"], symbols=SYMBOLS_30)
    figure = weights_history(inputs.target_weights, inputs.runs)
    to_svg(figure)
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 0.5 for lower, upper in pairwise(boxes))


def test_the_smallest_of_thirty_assets_share_an_area(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete"], symbols=SYMBOLS_30)
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    names = [area.get_label() for area in axes.collections]
    assert names[-2:] == ["18 others", "cash"]
    lower, upper = _area_at(axes, "18 others", dt.date(2015, 6, 4))
    assert upper - lower == pytest.approx(18 * 0.89 / 30)


def test_an_asset_keeps_its_colour_when_a_week_is_added(make_inputs) -> None:
    def colours(weeks):
        inputs = make_inputs(["complete"] * weeks)
        areas = weights_history(inputs.target_weights, inputs.runs).axes[0].collections
        return {area.get_label(): tuple(area.get_facecolor()[0]) for area in areas}

    assert colours(2) == colours(9)


@pytest.mark.parametrize("outcomes", [["complete"], ["planned"], ["hold"], ["complete", "hold"]])
def test_a_single_rebalance_is_bars_of_target_with_ticks_of_now(make_inputs, outcomes) -> None:
    inputs = make_inputs(outcomes)
    axes = weights_history(inputs.target_weights, inputs.runs).axes[0]
    tilt = 0.1 + 0.01 * (len(outcomes) - 1)
    share = (0.99 - tilt) / 3
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([share, share, share + tilt])
    assert list(_lines(axes, "now")[0].get_xdata()) == pytest.approx(
        [share / 2, share / 2, (share + tilt) / 2]
    )
    assert axes.get_yticklabels()[-1].get_text() == "SPY"


def test_a_first_run_that_was_refused_says_that_nothing_is_decided(make_inputs) -> None:
    inputs = make_inputs(["refused"])
    figure = weights_history(inputs.target_weights, inputs.runs)
    assert alt_text(figure) == "No target weights have been decided yet."


def test_before_the_first_books_are_closed_there_is_no_curve(make_inputs) -> None:
    inputs = make_inputs(["planned"])
    assert alt_text(equity_so_far(inputs.performance, inputs.runs)) == "No run has closed its books yet."


@pytest.mark.parametrize("count", [1, 2, 500])
def test_equity_and_drawdown_are_drawn_as_they_are_on_one_time_axis(make_inputs, count) -> None:
    inputs = make_inputs(["complete"] * count)
    figure = equity_so_far(inputs.performance, inputs.runs)
    to_svg(figure)
    above, below = figure.axes
    curve = _lines(above, "equity")[0]
    assert list(curve.get_ydata()) == [float(value) for value in inputs.performance["equity"]]
    days = [day.date() for day in num2date(curve.get_xdata(orig=False))]
    assert days == list(inputs.performance["session"])
    assert list(below.lines[0].get_ydata()) == list(inputs.performance["drawdown"])
    assert above.get_shared_x_axes().joined(above, below)


def test_runs_are_drawn_in_the_order_of_their_sessions(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 3)
    backwards = equity_so_far(inputs.performance.iloc[::-1], inputs.runs)
    assert to_svg(backwards) == to_svg(equity_so_far(inputs.performance, inputs.runs))


def test_a_long_history_marks_only_the_exceptions(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 60 + ["adjusted"])
    axes = equity_so_far(inputs.performance, inputs.runs).axes[0]
    assert [line.get_gid() for line in axes.lines if line.get_gid()] == ["adjusted"]


def test_the_deepest_drawdown_is_written_where_it_was(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 5)
    note = equity_so_far(inputs.performance, inputs.runs).axes[1].texts[0]
    assert note.get_text() == "-3.0%"
    assert note.xy[0] == np.datetime64("2015-06-15")


def test_the_text_alternatives_state_the_findings(make_inputs) -> None:
    inputs = make_inputs(["complete"] * 3)
    assert alt_text(equity_so_far(inputs.performance, inputs.runs)) == (
        "Equity after each of 3 runs, 2015-06-01 to 2015-06-15: $98,000.00, -2.0% since the first. "
        "Deepest drawdown -3.0% on 2015-06-15."
    )
    assert alt_text(weights_history(inputs.target_weights, inputs.runs)) == (
        "Target weights in force over 3 rebalances, 2015-06-01 to 2015-06-15. "
        "Latest: SPY 41.0%, GLD 29.0%, TLT 29.0%."
    )


def test_inputs_are_left_untouched(make_inputs) -> None:
    inputs = make_inputs(["complete", "hold"])
    before = inputs.performance.copy(), inputs.target_weights.copy(), inputs.runs.copy()
    weights_history(inputs.target_weights, inputs.runs)
    equity_so_far(inputs.performance, inputs.runs)
    for frame, copy in zip((inputs.performance, inputs.target_weights, inputs.runs), before, strict=True):
        assert frame.equals(copy)
