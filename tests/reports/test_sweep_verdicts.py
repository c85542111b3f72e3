from __future__ import annotations

import pytest

from reports.sweep_verdicts import finding, headline, overall, why
from tests.reports.sweeps import make_sweep, verdict


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            verdict("lookback", "plateau", chosen="252", best="315", lowest="63", highest="504", levels=5, level_with=0.8, below_best=(0.04, 0.06)),
            "4 of 5 values are level with 252; the best, 315, is +0.04 ± 0.06 above it.",
        ),
        (
            verdict("lookback", "plateau", chosen="252", best="252", lowest="63", highest="504", above_neighbours=(0.09, 0.06)),
            "3 of 3 values are level with 252; it is the best, +0.09 ± 0.06 above the best beside it.",
        ),
        (
            verdict("lookback", "spike", chosen="252", best="252", lowest="63", highest="504", above_neighbours=(0.46, 0.05)),
            "252 is +0.46 ± 0.05 above the best beside it.",
        ),
        (
            verdict("left_out", "spike", ordered=False, chosen="none", best="none", lowest="none", highest="without SPY", above_neighbours=(0.4, 0.1)),
            "none is +0.40 ± 0.10 above the next best.",
        ),
        (
            verdict("lookback", "edge", chosen="252", best="63", lowest="63", highest="504", beyond_edge=(0.1, 0.03)),
            "The best, 63, is the smallest tried, +0.10 ± 0.03 above the best inside the grid: try further.",
        ),
        (
            verdict("lookback", "slope", chosen="252", best="189", lowest="63", highest="504", below_best=(0.3, 0.1)),
            "189 is +0.30 ± 0.10 above 252.",
        ),
        (
            verdict("lookback", "uneven", chosen="252", best="252", lowest="63", highest="504", beside="189", from_beside=(-0.22, 0.2)),
            "189 is -0.22 ± 0.20 from 252, which may be luck.",
        ),
        (
            verdict("lookback", "too few values", chosen="252", best="252", lowest="126", highest="252", levels=2),
            "2 tried: 126 to 252.",
        ),
    ],
)  # fmt: skip
def test_a_verdict_is_explained_by_its_figures(row, said):
    assert why(row) == said


def _with(**verdicts):
    sweep = make_sweep()
    return make_sweep(verdicts=sweep.verdicts.assign(verdict=sweep.verdicts["parameter"].map(verdicts)))


def test_the_worst_verdict_is_that_of_all():
    said = {"lookback": "plateau", "max_weight": "slope", "cost_bps": "condition", "left_out": "spike"}
    assert overall(_with(**said)) == "spike"
    assert headline(_with(**said)) == (
        "Risk parity: a spike in assets left out; not at its best in max weight; on a plateau in lookback"
    )


def test_what_nobody_chooses_and_what_was_hardly_tried_is_no_verdict():
    said = dict.fromkeys(["lookback", "max_weight", "left_out"], "too few values") | {"cost_bps": "condition"}
    assert overall(_with(**said)) == "too few values"
    assert headline(_with(**said)) == "Risk parity: too few values of any parameter to judge"


@pytest.mark.parametrize(
    ("overfit", "deflated", "said"),
    [
        (
            0.2,
            0.97,
            "is more than luck (PBO 20%, luck gives 50%); given so many trials the Sharpe ratio can be told from none",
        ),
        (
            0.6,
            0.01,
            "is mostly luck (PBO 60%, luck gives 50%); given so many trials the Sharpe ratio can not be told from none",
        ),
        (float("nan"), 0.5, "too few weeks to say"),
    ],
)
def test_picking_the_best_is_judged_by_what_luck_gives(overfit, deflated, said):
    summary = {**make_sweep().summary, "overfit": overfit, "deflated": deflated}
    assert said in finding(make_sweep(summary=summary))
