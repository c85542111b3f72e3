"""``riskparity check-lookahead``: change everything after each decision, and see that neither it nor the prices before it move."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.waiting import counted
from portfolio.price_history import Sessions
from portfolio.schedule import rebalance_schedule
from reports.format import signed_percent, signed_pp
from schemas.backtest_parameters import BacktestParameters
from schemas.identity import Trial
from strategies.look_ahead import LookAhead, find_look_ahead
from strategies.registry import create, strategy_class
from tasks.backtest_lineup import rules_for, with_hedges
from tasks.backtest_prices import Gathered, gather
from tasks.late_knowledge import LateKnowledge, find_late_knowledge
from warehouse import Warehouse

_SHOWN = 20
_CUT = 52
"""Decisions, spread evenly, at which the bars are cut and cleaned anew: each takes as long as cleaning all of them."""


def check_lookahead(strategy: str, overrides: Iterable[str], *, last: int | None, as_json: bool) -> int:
    """Exits with 1 when a decision moved, or a cleaned price before one."""
    strategy_class(strategy)
    parameters = override(load_settings().backtest(strategy), overrides)
    trial = Trial(strategy=strategy, decided_at=dt.datetime.now(dt.UTC))
    gathered = gather(Warehouse(home()), trial, parameters)
    history = gathered.history.of(gathered.wanted.held)
    judged = create(with_hedges(parameters.strategy, gathered.wanted.hedges))
    schedule = rebalance_schedule(
        history.sessions, rules_for(history, parameters.rules), first=judged.lookback + 1
    )
    decided = schedule.decided[-last:] if last else schedule.decided
    moved: list[LookAhead] = []
    for found in counted(
        find_look_ahead(judged, history, decided, seed=parameters.seed), len(decided), quiet=as_json
    ):
        moved += found
    cut = history.sessions[decided[np.linspace(0, len(decided) - 1, min(_CUT, len(decided))).astype(int)]]
    late = _late(gathered, parameters, cut, quiet=as_json)
    if as_json:
        screens.answer(_as_json(strategy, len(decided), moved, len(cut), late))
    else:
        _show_moved(strategy, moved, len(decided))
        _show_late(late, cut)
    return 1 if moved or not all(one.by_design for one in late) else 0


def _late(
    gathered: Gathered, parameters: BacktestParameters, cut: Sessions, *, quiet: bool
) -> list[LateKnowledge]:
    days = [day.item() for day in cut]
    found = find_late_knowledge(gathered.delivered.frame, gathered.wanted, parameters, days)
    return [one for each in counted(found, len(days), quiet=quiet) for one in each]


def _as_json(
    strategy: str, decisions: int, moved: list[LookAhead], cut: int, late: list[LateKnowledge]
) -> str:
    content = {
        "strategy": strategy,
        "decisions": decisions,
        "moved": [asdict(one) for one in moved],
        "cut": cut,
        "late": [asdict(one) for one in late],
    }
    return json.dumps(content, indent=2, default=str)


def _show_moved(strategy: str, moved: list[LookAhead], decisions: int) -> None:
    if not moved:
        screens.answer(
            f"{strategy}: none of {decisions:,} decisions moved when everything after it was changed."
        )
        return
    cells = [(str(one.decided), one.change, signed_pp(one.moved)) for one in moved[:_SHOWN]]
    screens.rows("Decisions that know what comes after", ["decided", "changed", "moved by"], cells)
    screens.talk(
        f"{strategy} looks ahead: {len({one.decided for one in moved}):,} of {decisions:,} decisions moved."
    )


def _show_late(late: list[LateKnowledge], cut: Sessions) -> None:
    span = f"{len(cut):,} decisions from {cut[0]} to {cut[-1]}, spread evenly"
    known = [one for one in late if one.by_design]
    leaks = [one for one in late if not one.by_design]
    if leaks:
        cells = [
            (
                str(one.decided),
                one.symbol,
                str(one.session),
                signed_percent(one.then),
                signed_percent(one.later),
            )
            for one in leaks[:_SHOWN]
        ]
        columns = ["decided", "symbol", "session", "return then", "with later bars"]
        screens.rows("Cleaned prices that know what comes after", columns, cells)
        screens.talk(f"Cleaning looks ahead: {len(leaks):,} returns differ when bars are cut at {span}.")
    else:
        screens.answer(f"Cleaning: no return moved when the bars after it were cut away, at {span}.")
    screens.talk(
        f"By design the next close judges the newest one (a bad print, a lone other unit, a split): known a day later live, at once "
        f"here. It did at {len(known):,} of these decisions' closes."
    )
