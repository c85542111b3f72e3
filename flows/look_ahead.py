"""``riskparity check-lookahead``: change everything after each decision, and see that none of them moves."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import asdict

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.waiting import counted
from portfolio.schedule import rebalance_schedule
from reports.format import signed_pp
from schemas.identity import Trial
from strategies.look_ahead import LookAhead, find_look_ahead
from strategies.registry import create, strategy_class
from tasks.backtest_lineup import rules_for, with_hedges
from tasks.backtest_prices import gather
from warehouse import Warehouse

_SHOWN = 20


def check_lookahead(strategy: str, overrides: Iterable[str], *, last: int | None, as_json: bool) -> int:
    """Exits with 1 when a decision moved."""
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
    _show(strategy, moved, len(decided), as_json=as_json)
    return 1 if moved else 0


def _show(strategy: str, moved: list[LookAhead], decisions: int, *, as_json: bool) -> None:
    if as_json:
        content = {"strategy": strategy, "decisions": decisions, "moved": [asdict(one) for one in moved]}
        screens.answer(json.dumps(content, indent=2, default=str))
        return
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
