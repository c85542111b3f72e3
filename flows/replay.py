"""``riskparity replay``: live weeks on the loopback exchange, then simulate them, and explain what differs."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable

from config import load_settings
from config.overrides import override
from config.settings import home
from flows import screens
from flows.session import prefect_session
from flows.waiting import counted
from portfolio.replay import CAUSES, unexplained_bp
from reports.format import bps, money, ratio, signed_percent
from schemas.errors import ConfigError
from schemas.parameters import RebalanceParameters
from strategies.registry import strategy_class
from tasks.replayed import Comparison, compare
from warehouse import Warehouse, files

TOLERANCE_BP = 1.0
"""Of the capital: flow and engine agree when at no close more is left that neither fills nor rounding explain."""


def replay(strategy: str, overrides: Iterable[str], *, weeks: int, as_json: bool) -> int:
    """The weekly flow as it is, so many weeks in a row, in a state folder of its own, beside the engine's account.

    Exits with 1 when the two do not agree.
    """
    strategy_class(strategy)
    parameters = override(load_settings().rebalance(strategy), overrides)
    place = home() / "replay" / f"{strategy}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
    # what is replayed is neither the records nor the account of anybody
    os.environ |= {"RISKPARITY_HOME": str(place), "RISKPARITY__BROKER__VENUE": "loopback"}
    _live(parameters, weeks, quiet=as_json)
    found = compare(Warehouse(place), parameters)
    table = place / "output" / strategy / "replay.csv"
    files.replace(table, found.days.to_csv(index=False, lineterminator="\n").encode())
    if as_json:
        screens.answer(json.dumps(_as_json(found), indent=2, default=str))
    else:
        _show(strategy, found)
        screens.talk(f"Day by day: {table}")
    return 0 if unexplained_bp(found.days) <= TOLERANCE_BP else 1


def _live(parameters: RebalanceParameters, weeks: int, *, quiet: bool) -> None:
    with prefect_session(home(), lambda _: None, screens.talk):
        from flows.loopback import advance_to_next_week, exchange_week  # noqa: PLC0415
        from flows.weekly_rebalance import weekly_rebalance  # noqa: PLC0415

        for week in counted(range(weeks), weeks, quiet=quiet):
            if week:
                advance_to_next_week(quiet=True)
            result = weekly_rebalance(parameters)
            if result.outcome == "refused":
                raise ConfigError(
                    f"Week {exchange_week()} was refused: there are no more prices to live on",
                    figures={check.name: check.detail for check in result.checks if not check.passed},
                    remedy=f"Replay fewer weeks (--weeks {max(week, 1)}), or let the exchange open earlier: "
                    "RISKPARITY__EXCHANGE__START=2010-01-04",
                )


def _show(strategy: str, found: Comparison) -> None:
    days = found.days
    first, last = days.iloc[0], days.iloc[-1]
    capital = float(first["lived"])
    total = float(last["lived"] - last["engine"])
    cells = [
        (cause, money(last[cause]), bps(1e4 * float(last[cause]) / capital), why)
        for cause, why in CAUSES.items()
    ]
    cells.append(("lived less simulated", money(total), bps(1e4 * total / capital), ""))
    screens.rows(
        f"\n{strategy}, {found.weeks} weeks, {first['session']:%Y-%m-%d} to {last['session']:%Y-%m-%d}",
        ["", "USD", "of capital", ""],
        cells,
        right=frozenset({"USD", "of capital"}),
    )
    for name in ("lived", "engine"):
        change = signed_percent(float(last[name]) / capital - 1, 2)
        screens.talk(f"{name:<7}{money(last[name])}, {change}")
    apart = (days["lived"] / days["engine"] - 1).abs().to_numpy(float)
    day = days["session"].iloc[int(apart.argmax())]
    screens.talk(f"Furthest apart: {bps(1e4 * float(apart.max()))} at the close of {day:%Y-%m-%d}")
    left = unexplained_bp(days)
    screens.talk(
        f"{'They agree' if left <= TOLERANCE_BP else 'They DO NOT agree'} to within fills and rounding: targets and unexplained cash "
        f"differ by at most {ratio(left)} bp of capital at any close; the tolerance is {ratio(TOLERANCE_BP)} bp."
    )


def _as_json(found: Comparison) -> dict[str, object]:
    last, left = found.days.iloc[-1], unexplained_bp(found.days)
    return {
        "weeks": found.weeks,
        "session": last["session"].date(),
        "lived": last["lived"],
        "engine": last["engine"],
        "causes": {cause: last[cause] for cause in CAUSES},
        "unexplained_bp": left,
        "tolerance_bp": TOLERANCE_BP,
        "agrees": left <= TOLERANCE_BP,
    }
