"""The page of a stress test, from tables small enough to check by eye."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from reports.stress import finding, headline, stress_findings, stress_report
from reports.stress_inputs import StressInputs
from reports.stress_tables import leverage_table, resamples_table, scenarios_table
from tests.reports.page import Page, needs_chromium, pixels_across

DAY = dt.date(2020, 3, 16)


def _scenario(name, kind, loss, outcome="decided", said=""):
    risk = {"volatility": 0.05, "downside_deviation": 0.03, "cvar": -0.01}
    next_ = {"outcome": outcome, "invested": 0.99, "turnover": 0.1, "cost_bp": 0.4, "after": 0.02}
    return {
        "scenario": name,
        "kind": kind,
        "loss": loss,
        **risk,
        **next_,
        "dearest": "",
        "live": "",
        "said": said,
    }


def _crisis(name, reached, lived, held):
    row = {"crisis": name, "first": DAY, "last": DAY, "reached": reached, "lived": lived, "held": held}
    none = dict.fromkeys(("lived_drawdown", "benchmark", "held_drawdown", "turnover", "cost_bp", "refused"))
    return {**none, **row, "benchmark": None if lived is None else -0.3, "dearest": ""}


def _leverage(leverage, what, growth, **changes):
    row = {
        "leverage": leverage,
        "what": what,
        "growth": growth,
        "model": growth,
        "max_drawdown": -0.1 * leverage,
    }
    return {**row, "interest": 0.0, "calls": 0, "first_call": None, "ruined": False, **changes}


@pytest.fixture(scope="module")
def inputs():
    drawn = [{"draw": d, "cagr": d / 100, "volatility": 0.1, "max_drawdown": -d / 50, "turnover": 1.0, "costs_bp": 4.0}
             for d in range(21)]  # fmt: skip
    own = {**drawn[0], "draw": -1, "cagr": 0.05, "max_drawdown": -0.2, "turnover": 1.2, "costs_bp": 5.0}
    return StressInputs(
        summary={"strategy": "risk_parity", "as_of": DAY},
        scenarios=pd.DataFrame(
            [
                _scenario("today", "today", -0.01),
                _scenario("TLT falls 50%", "single asset", -0.175, said="entered the <sleeve>"),
                _scenario("falling", "infeasible", -0.02, "refused", "No weights: turnover_limit"),
            ]
        ),
        limits=pd.DataFrame(),
        weights=pd.DataFrame(
            [{"scenario": "today", "symbol": "TLT", "held": 0.35, "target": 0.35, "traded": 0.35}]
        ),
        crises=pd.DataFrame(
            [_crisis("Lehman", "no", None, None), _crisis("Covid", "both", -0.06, -0.09)]
        ).astype({"lived": float, "held": float, "benchmark": float}),
        resamples=pd.DataFrame([own, *drawn]),
        universes=pd.DataFrame(
            [
                {
                    "universe": "equicorrelation 0.5",
                    "assets": 12,
                    "outcome": "decided",
                    "held": 12,
                    "invested": 0.99,
                    "volatility": 0.11,
                    "least": 0.11,
                    "apart": 1e-14,
                    "limits": 0,
                    "gap": 1e-15,
                    "milliseconds": 0.5,
                    "dearest": "",
                    "said": "",
                },
            ]
        ),
        leverage=pd.DataFrame(
            [
                _leverage(3.0, "grid", None, ruined=True, max_drawdown=-1.0),
                _leverage(1.0, "grid", 0.03),
                _leverage(2.0, "grid", 0.01, calls=4, first_call=DAY),
                _leverage(1.4, "Kelly", 0.035),
                _leverage(2.5, "Kelly at the rate of cash", 0.0),
                _leverage(0.7, "half Kelly", 0.02),
                _leverage(1.3, "best", 0.036),
            ]
        ),
        weeks=pd.DataFrame(),
        benchmark="SPY",
        notes=("Prices: ours.",),
        assumptions={"costs": "2 bp"},
        provenance={"run": "x"},
        command="riskparity stress risk_parity",
    )


def test_the_headline_is_the_worst_and_the_finding_what_became_of_the_limits(inputs):
    assert headline(inputs) == "Worst: TLT falls 50% takes 17.5% of equity"
    assert finding(inputs).startswith("The strategy found weights in 2 of 3 scenarios; in the others")
    calm = replace(inputs, scenarios=inputs.scenarios[inputs.scenarios["outcome"] == "decided"])
    assert finding(calm) == "The strategy found weights in 2 of 2 scenarios."


def test_scenarios_stand_worst_first_with_what_was_said(inputs):
    table = scenarios_table(inputs)
    assert [row[0] for row in table.rows] == ["TLT falls 50%", "falling", "today"]
    assert table.rows[1][2] == "refuses"
    assert table.rows[1][-1] == "No weights: turnover_limit"


def test_quantiles_are_of_the_drawn_histories_and_the_real_one_stands_beside(inputs):
    growth = resamples_table(inputs).rows[0]
    assert growth == ("CAGR", "+1.0%", "+10.0%", "+19.0%", "+5.0%")


def test_leverage_says_who_was_called_and_who_was_ruined(inputs):
    told = {row[0]: row for row in leverage_table(inputs).rows}
    assert told["1.00"][-1] == "never"
    assert told["2.00"][-1] == "4 closes, first 2020-03-16"
    assert told["3.00"][-1] == "ruined"
    assert [row[0] for row in leverage_table(inputs).rows] == [
        "0.70",
        "1.00",
        "1.30",
        "1.40",
        "2.00",
        "2.50",
        "3.00",
    ]


def test_each_figure_is_summed_up_in_a_sentence(inputs):
    losses, crises, drawn, leverage = stress_findings(inputs)
    assert "In 1 of 3 scenarios there were no weights of the strategy's own." in losses
    assert "worst was Covid, -6.0% against -30.0% of SPY. The prices do not reach 1 of 2." in crises
    assert "90% of the growth rates lie between +1.0% and +19.0%" in drawn
    assert (
        "Kelly's formula asks for 1.40 (2.50 if debts cost what cash earns), these very returns for 1.30; 3.0 times ruins it"
        in leverage
    )


def test_the_page_escapes_needs_nothing_else_and_is_the_same_each_time(inputs):
    files = stress_report(inputs)
    html = files["report.html"].decode()
    assert "entered the &lt;sleeve&gt;" in html
    assert r"entered the \<sleeve>" in files["summary.md"].decode()
    assert not [tag for tag, attrs in Page(html).tags if tag == "link" or "src" in attrs]
    assert "weeks" not in Page(html).sections
    assert stress_report(inputs) == files


def test_a_crash_that_was_lived_through_has_its_section_and_what_was_not_drawn_is_said(inputs):
    week = {"week": "2020-W12", "session": DAY, "event": "SPY opens 20% lower", "outcome": "DataError"}
    weeks = pd.DataFrame([{**week, "equity": 91_000.0, "orders": 0, "filled": 0, "said": "cannot be valued"}])
    bare = inputs.resamples[inputs.resamples["draw"] < 0]
    files = stress_report(replace(inputs, weeks=weeks, resamples=bare))
    page = Page(files["report.html"].decode())
    assert "no stretch of sessions with prices of every asset" in page.sections["resamples"]
    said = " ".join(page.sections["weeks"].split())
    assert "2020-03-16 DataError $91,000 none sent SPY opens 20% lower; cannot be valued" in said
    assert "cannot be valued" in files["summary.md"].decode()


@needs_chromium
def test_nothing_scrolls_sideways_on_a_phone(inputs, tmp_path):
    needed, given = pixels_across(stress_report(inputs)["report.html"], 390, tmp_path)
    assert needed <= given
