from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from reports.backtest_holdings import (
    allocation,
    allocation_finding,
    constraints,
    constraints_finding,
    months,
    months_finding,
    risk,
    risk_finding,
    turnover_and_costs,
)
from reports.style import to_svg


@pytest.fixture(scope="module")
def inputs(make_backtest):
    return make_backtest()


def _areas(axes):
    return {area.get_label(): area for area in axes.collections}


def _edges(area):
    return sorted({round(float(y), 9) for _, y in area.get_paths()[0].vertices})


def test_the_height_of_an_area_is_the_weight_in_force(inputs):
    areas = _areas(allocation(inputs).axes[0])
    assert list(areas) == ["SPY", "TLT"]  # invested in full: no cash
    assert _edges(areas["SPY"]) == [0.0, 0.4, 0.6]
    assert _edges(areas["TLT"]) == [0.4, 0.6, 1.0]


def test_what_is_not_invested_is_cash_and_what_is_borrowed_is_seen(make_backtest, inputs):
    areas = _areas(allocation(make_backtest(weights=0.9 * inputs.weights)).axes[0])
    assert _edges(areas["cash"]) == pytest.approx([0.9, 1.0])
    assert allocation(make_backtest(weights=1.5 * inputs.weights)).axes[0].get_ylim()[1] == pytest.approx(1.5)


def test_a_long_history_is_drawn_in_as_many_steps_as_a_screen_shows(make_backtest):
    days = pd.bdate_range("2019-06-03", periods=1040, name="session")
    weights = pd.DataFrame({"SPY": np.tile([0.2, 0.4, 0.6, 0.8], 260)}, days)
    spy = _areas(allocation(make_backtest(weights=weights)).axes[0])["SPY"]
    assert max(_edges(spy)) == pytest.approx(0.8)  # the last one stands as it is
    assert {0.0, 0.5} <= set(_edges(spy))  # the mean of four neighbours
    assert len(spy.get_paths()[0].vertices) < 1100


def test_every_kind_of_decision_has_its_row_of_ticks_and_its_count(inputs):
    below = allocation(inputs).axes[1]
    for mark, rows in inputs.decisions.groupby("mark"):
        line = next(line for line in below.lines if line.get_label() == mark)
        drawn = np.asarray(line.get_xdata(orig=True), dtype="datetime64[D]")[::3]
        assert list(drawn) == list(rows["executed"].to_numpy("datetime64[D]"))
    assert {text.get_text() for text in below.texts} == {
        f"{count} {mark}" for mark, count in inputs.decisions["mark"].value_counts().items()
    }
    assert "fallback" in allocation_finding(inputs)


def test_an_asset_has_the_same_look_in_both_figures(inputs):
    weights, shares = (_areas(draw(inputs).axes[0]) for draw in (allocation, risk))
    for name in ("SPY", "TLT"):
        assert tuple(weights[name].get_facecolor()[0]) == tuple(shares[name].get_facecolor()[0])
    assert _edges(shares["SPY"]) == pytest.approx([0.0, 0.16, 0.36])
    assert "TLT carried most of the downside variance" in risk_finding(inputs)


def test_a_constraint_is_drawn_from_its_first_decision_to_the_first_free_of_it(inputs):
    axes = constraints(inputs).axes[0]
    (spell,) = axes.collections[0].get_paths()
    first, until = inputs.decisions["decided"].iloc[[0, 3]]
    assert [spell.vertices[:, 0].min(), spell.vertices[:, 0].max()] == pytest.approx(
        [date2num(first), date2num(until)]
    )
    assert axes.get_yticklabels()[0].get_text() == "max weight SPY"
    share = f"{100 * 3 / len(inputs.decisions):.0f}%"
    assert [text.get_text() for text in axes.texts] == [share]
    assert f"max weight SPY ({share})" in constraints_finding(inputs)


def test_every_month_and_year_is_written_in_its_cell(inputs):
    axes = months(inputs).axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    ours = inputs.months.query("series == 'risk_parity'")
    assert len(cells) == len(ours) + 2
    for row in ours.itertuples():
        assert cells[(row.month - 0.5, row.year - 2019 + 0.5)] == f"{100 * row.period_return:.1f}".replace(
            "-0.0", "0.0"
        )
    assert cells[(12.5, 0.5)] == "-1.0"
    assert cells[(12.5, 1.5)] == "1.0"
    assert "the worst month was Jun 2019, -0.6%, the best Dec 2020, +1.2%" in months_finding(inputs)


def test_the_text_in_a_coloured_cell_keeps_its_colour_on_a_dark_page(inputs):
    svg = to_svg(months(inputs))
    assert "#111111" in svg or "#111" in svg
    assert "#ffffff" in svg


def test_turnover_and_costs_are_bars_by_year(inputs):
    above, below = turnover_and_costs(inputs).axes
    assert [bar.get_height() for bar in above.patches] == [0.8, 0.8]
    assert [bar.get_height() for bar in below.patches] == [4.5, 4.5]
