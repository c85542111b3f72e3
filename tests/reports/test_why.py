"""An explanation in words: what moved a weight, what stops it, and what it would take."""

from __future__ import annotations

import pytest

from reports.tables import records
from reports.why import asset_facts, asset_sentences, objective_facts, price_sentences, why_table


def asset(**known):
    return {
        "symbol": "TLT", "current_weight": 0.339, "previous_target": 0.347, "target_weight": 0.35, "drift": 0.008,
        "signal": 0.003, "change": 0.011, "mean_return": 2e-4, "downside_deviation": 0.0055, "risk_contribution": 0.3,
        "marginal_risk": 0.4, "binding": "", "shadow_price": None, **known,
    }  # fmt: skip


def price(name, kind, cost, *, limit=0.35, symbol=None, free_at=None):
    sentence = f"{name} costs {cost} bp"
    return {
        "constraint_name": name, "kind": kind, "symbol": symbol, "limit_value": limit, "multiplier": 0.0,
        "cost_bp_per_pp": cost, "measure": "downside deviation", "free_at": free_at, "sentence": sentence,
    }  # fmt: skip


CAP = price("max_weight TLT", "max_weight", 0.15, symbol="TLT", free_at=0.55)
FLOOR = price("min_weight TLT", "min_weight", 0.15, limit=0.05, symbol="TLT", free_at=0.25)
OUT = price("min_weight TLT", "min_weight", 0.15, limit=0.0, symbol="TLT", free_at=0.25)
BAND = price("bonds max", "band_max", 0.2)


def test_the_table_leads_with_the_largest_and_of_those_left_out_the_nearest_to_being_held(make_inputs):
    explanations = make_inputs(symbols=["SPY", "TLT", "GLD", "EEM"]).explanations
    explanations.loc[[1, 2, 3], "target_weight"] = 0.0
    explanations.loc[[1, 2, 3], "shadow_price"] = [0.3, 0.2, 0.1]
    assert [row[0] for row in why_table(explanations, []).rows] == ["SPY", "EEM", "GLD", "TLT"]


def test_what_binds_is_said_without_the_floors_nobody_chose(make_inputs):
    inputs = make_inputs()
    inputs.explanations.loc[1, "binding"] = "min_weight TLT, bonds max, sleeve min"
    prices = [OUT, BAND, price("sleeve min", "band_min", 0.0, limit=0.0), *records(inputs.shadow_prices)]
    binds = {row[0]: row[-1] for row in why_table(inputs.explanations, prices).rows}
    assert binds == {"SPY": "", "TLT": "left out, bonds max", "GLD": "left out"}


def test_sentences_leave_out_the_floors_at_zero(make_inputs):
    assert price_sentences([OUT, FLOOR, BAND]) == [
        "Min_weight TLT costs 0.15 bp.",
        "Bonds max costs 0.2 bp.",
    ]


def test_the_risk_of_the_target_is_said_by_day_and_by_year():
    proof = {"objective": 1e-6, "relative_gap": 3e-16, "violation": 0.0}
    assert objective_facts(proof, []) == {
        "downside deviation": "0.100% a day, 1.59% a year",
        "certificate": "relative duality gap 3e-16, largest violation 0",
    }
    assert "volatility" in objective_facts(proof, [{**CAP, "measure": "volatility"}])
    assert objective_facts(None, []) == {"certificate": "none: no optimum was sought"}


def test_one_asset_is_told_with_its_split():
    facts = asset_facts(asset(), [])
    assert facts["change"] == "+1.10pp = drift +0.80pp + signal +0.30pp"
    assert facts["binds"] == "nothing"
    assert asset_facts(asset(binding="min_weight TLT"), [OUT])["binds"] == "left out"
    assert facts["last target"] == "34.70%"
    assert (
        asset_facts(asset(previous_target=float("nan")), [])["last target"]
        == "none, this is the first decision"
    )


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (CAP, "as large as it may be: 1 pp of it adds 0.400 bp"),
        (CAP, "below its cap if that rose above 0.550 bp"),
        (FLOOR, "held for its floor"),
        (FLOOR, "if that fell below 0.250 bp"),
        (OUT, "TLT is left out: 1 pp of it adds 0.400 bp"),
        (OUT, "would enter if that fell below 0.250 bp; until then 1 pp of it in place of others costs"),
    ],
)
def test_an_asset_at_its_limit_is_told_what_it_would_take(own, said):
    lines = asset_sentences(asset(binding=own["constraint_name"]), [own, BAND])
    assert said in lines[0]
    assert lines[1:] == (
        [] if own is OUT else [f"{own['constraint_name'].capitalize()[:-3]}TLT costs 0.15 bp."]
    )


def test_where_risk_is_not_minimised_nothing_is_said_of_what_it_would_take():
    lines = asset_sentences(asset(binding="max_weight TLT"), [{**CAP, "free_at": float("nan")}])
    assert lines[0] == "TLT stands at a limit of its own."


def test_an_asset_within_its_limits_is_balanced_against_the_others():
    lines = asset_sentences(asset(binding="bonds max"), [BAND])
    assert "no limit of its own in its way" in lines[0]
    assert lines[1] == "Bonds max costs 0.2 bp."


def test_without_an_optimum_there_are_no_prices():
    assert asset_sentences(asset(), []) == ["No optimum was sought, so no constraint has a price."]
