"""``riskparity why``: which decision is explained, and what is said when there is none."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest

from flows.why import why
from schemas.errors import ConfigError
from schemas.identity import Run
from warehouse import Warehouse

MONDAY = dt.date(2015, 6, 1)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RISKPARITY_HOME", str(tmp_path))
    return Warehouse(tmp_path)


@pytest.fixture
def decide(store):
    """Writes what a run of week ``k`` leaves behind; TLT's target is (k + 1) tenths, SPY has the rest."""

    def write(k=0, outcome="complete", *, notes=(), fallback=None, attempt=1):
        session = MONDAY + dt.timedelta(weeks=k)
        run = Run(
            strategy="risk_parity",
            session=session,
            attempt=attempt,
            decided_at=dt.datetime.combine(session, dt.time(14), dt.UTC),
            venue="loopback",
            account="loopback-0",
            dry_run=outcome == "planned",
        )
        store.put(run, "openings", [opening(run)])
        store.put(run, "decisions", [decision(run, outcome)])
        if outcome != "refused":
            tlt = (k + 1) / 10
            previous = None if k == 0 else k / 10
            store.put(run, "explanations", [asset("SPY", 0.9 - tlt, 0.5), asset("TLT", tlt, 0.4, previous)])
            store.put(run, "shadow_prices", [] if fallback else [CAP, BUDGET])
            proof = {
                "objective": 1e-6,
                "relative_gap": 1e-15,
                "violation": 0.0,
                "iterations": 2,
                "active": "",
            }
            store.put(run, "certificates", [] if fallback else [{**proof, "multipliers": "{}"}])
            remarks = [("fallback", fallback)] if fallback else []
            remarks += [("note", note) for note in notes]
            store.put(run, "notes", [{"kind": kind, "text": text} for kind, text in remarks])
        store.commit(run, outcome, flow_run_id=None, code_version="0")
        return run.run_id

    return write


def opening(run):
    return {
        "strategy": run.strategy, "iso_week": str(run.week), "session": run.session, "attempt": run.attempt,
        "venue": run.venue, "account": run.account, "decided_at": run.decided_at.replace(tzinfo=None),
        "allowed": True, "checks": "", "flows": Decimal(0), "parameters": "{}", "redo": "", "flow_run_id": None,
        "code_version": "0",
    }  # fmt: skip


def decision(run, outcome):
    return {
        "strategy": run.strategy, "iso_week": str(run.week), "session": run.session,
        "decided_at": run.decided_at.replace(tzinfo=None), "reasons": "", "forced_because": None, "drift": None,
        "decision": "refused" if outcome == "refused" else "rebalance", "turnover": None,
        "data_as_of": run.session - dt.timedelta(days=3), "parameters": "{}", "config_hash": "",
    }  # fmt: skip


def asset(symbol, target, current, previous=None):
    begin = current if previous is None else previous
    return {
        "symbol": symbol, "current_weight": current, "previous_target": previous, "target_weight": target,
        "drift": begin - current, "signal": target - begin, "change": target - current, "mean_return": 1e-4,
        "downside_deviation": 0.01, "risk_contribution": 0.5, "marginal_risk": 0.4,
        "binding": "max_weight TLT" if symbol == "TLT" else "", "shadow_price": 0.15 if symbol == "TLT" else None,
    }  # fmt: skip


CAP = {
    "constraint_name": "max_weight TLT", "kind": "max_weight", "symbol": "TLT", "limit_value": 0.35,
    "multiplier": 3e-6, "cost_bp_per_pp": 0.15, "measure": "downside deviation", "free_at": 0.55,
    "sentence": "the 35% cap on TLT costs 0.15 bp per 1 pp",
}  # fmt: skip
BUDGET = {
    "constraint_name": "budget", "kind": "budget", "symbol": None, "limit_value": 0.99, "multiplier": 1e-6,
    "cost_bp_per_pp": 0.05, "measure": "downside deviation", "free_at": None, "sentence": "1 pp more invested instead of cash adds 0.05 bp",
}  # fmt: skip


def test_the_latest_decision_is_shown_with_what_its_limits_cost(decide, capsys):
    decide(0)
    latest = decide(1, notes=["entered the negative sleeve: XLE"])

    assert why() == 0

    shown = capsys.readouterr()
    assert f"Why {latest}" in shown.out
    assert "0.100% a day, 1.59% a year" in shown.out
    assert "The 35% cap on TLT costs 0.15 bp per 1 pp." in shown.out
    assert "entered the negative sleeve: XLE" in shown.out
    assert "change = drift" in shown.err
    assert "-30.00pp" in shown.out


def test_a_run_that_was_refused_decided_nothing_and_is_passed_over(decide, capsys):
    explained = decide(0)
    decide(1, "refused")

    why()

    assert f"Why {explained}" in capsys.readouterr().out


@pytest.mark.parametrize(("day", "week"), [("2015-06-08", 1), ("2015-06-12", 1), ("2015-06-07", 0)])
def test_as_of_is_the_last_decision_by_that_day(decide, capsys, day, week):
    runs = [decide(k) for k in range(3)]

    why(as_of=dt.date.fromisoformat(day))

    assert f"Why {runs[week]}" in capsys.readouterr().out


def test_before_the_first_decision_the_dates_there_are_are_named(decide):
    for k in range(2):
        decide(k)
    with pytest.raises(ConfigError, match="nothing by 2015-05-31") as caught:
        why(as_of=dt.date(2015, 5, 31))
    assert caught.value.figures["decisions"] == "2015-06-01, 2015-06-08"


def test_a_long_list_of_dates_is_shortened(decide):
    for k in range(9):
        decide(k)
    with pytest.raises(ConfigError) as caught:
        why(as_of=dt.date(2015, 5, 31))
    assert caught.value.figures["decisions"].startswith("2015-06-01, 2015-06-08, 2015-06-15, ..., 2015-07-13")


def test_a_plan_is_explained_only_when_asked_for_or_alone(decide, capsys):
    planned = decide(1, "planned")
    why()
    alone = capsys.readouterr()
    assert f"Why {planned}" in alone.out
    assert "This was a plan: nothing was sent." in alone.err

    sent = decide(0)
    why()
    assert f"Why {sent}" in capsys.readouterr().out
    why(run_id=planned)
    assert f"Why {planned}" in capsys.readouterr().out


def test_one_asset_is_explained_with_what_it_would_take(decide, capsys):
    decide(1)

    why("tlt")

    shown = capsys.readouterr()
    assert "-20.00pp = drift -30.00pp + signal +10.00pp" in shown.out
    assert "TLT is as large as it may be" in shown.out
    assert "plan --set max_weight=VALUE" in shown.err
    assert "SPY" not in shown.out


def test_a_floor_for_one_asset_is_a_group_of_one(decide, store, capsys):
    decide(8)  # SPY's target is 0.9 - 0.9

    why("SPY")

    assert """--set 'groups=[{name="SPY", symbols=["SPY"], min=0.05}]'""" in capsys.readouterr().err


def test_a_fallback_is_said_first(decide, capsys):
    decide(0, "hold", fallback="current weights are kept, as on_infeasible says: no weights")

    why()
    assert "current weights are kept" in capsys.readouterr().out
    why("SPY")
    assert "current weights are kept" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "what", "remedy"),
    [
        ({"symbol": "TLTT"}, "No weight was decided for TLTT", "Did you mean TLT?"),
        ({"run_id": "risk_parity-2015-W23-2"}, "does not exist", "Did you mean 'risk_parity-2015-W23-1'?"),
        ({"run_id": "risk_parity-2015-W24-1"}, "decided nothing", "from runs"),
        ({"run_id": "risk_parity-2015-W23-1", "as_of": MONDAY}, "names one decision", "--as-of"),
        ({"strategy": "equal_weight"}, "has not decided anything", "run equal_weight plan"),
        ({"strategy": "risk_party"}, "no strategy 'risk_party'", "risk_parity"),
    ],
)
def test_what_cannot_be_explained_is_said_with_the_nearest_match(decide, asked, what, remedy):
    decide(0)
    decide(1, "refused")
    with pytest.raises(ConfigError, match=what) as caught:
        why(**asked)
    assert remedy in caught.value.remedy


def test_programs_get_every_figure_unrounded(decide, capsys):
    decide(1)

    why(as_json=True)

    answer = json.loads(capsys.readouterr().out)
    assert answer["run"]["session"] == "2015-06-08"
    assert answer["run"]["flow_run_id"] is None
    assert answer["certificate"]["objective"] == 1e-6
    assert [row["symbol"] for row in answer["assets"]] == ["SPY", "TLT"]
    assert answer["assets"][0]["previous_target"] is None
    assert answer["assets"][1]["drift"] == 0.1 - 0.4
    assert answer["shadow_prices"][1]["symbol"] is None
