"""The command that looks for what breaks a strategy. Heavy modules are imported where they are used, so that help is quick."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from cyclopts import Parameter


def stress(
    strategy: str = "risk_parity",
    *,
    live_like: str = "",
    end: dt.date | None = None,
    universe: str | None = None,
    prices: str | None = None,
    seed: int | None = None,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """What breaks it: `riskparity stress risk_parity`, `riskparity stress risk_parity --live-like 2011-08-08`.

    The portfolio of the last close meets correlations of one, volatility twice and three times as high, each holding at half
    its price, higher rates, a halted and a stale symbol, and a market in which everything has been falling. For each: what is lost,
    what the strategy does next, what that costs, which limit binds and at what shadow price, or which limits contradict
    each other. Then named crises, a few hundred histories drawn by a block bootstrap, the same account with leverage beside Kelly's
    formula, and assets with a known answer. Half a minute; report in output/STRATEGY/stress/, rows in the tables stress_*.

    Args:
        strategy: A registered strategy.
        live_like: A month, as 2020-03, or the week of a day, as 2020-03-16, lived through by the weekly flow itself on a loopback
            exchange of its own, with a halted symbol and a gap besides; a week before to buy in and one after. About ten seconds
            a week.
        end: The portfolio of this day instead, as YYYY-MM-DD.
        universe: As for `riskparity backtest`, like the next.
        prices: bundled, broker, or a file.
        seed: Of everything that is drawn.
        overrides: Any other parameter, as key=value. Example: --set single_fall=0.3 --set durations.TLT=15.9
        json: Print JSON instead of tables.
    """
    from flows import stressing  # noqa: PLC0415

    flags = {"end": end, "universe": universe, "prices": prices, "seed": seed}
    given = [f"{key}={value}" for key, value in flags.items() if value is not None]
    return stressing.stress(strategy, (*given, *overrides), live_like=live_like, as_json=json)
