"""The commands on the past: simulate it, live it again, and see that nothing knew its future.

Heavy modules are imported where they are used, so that help is quick.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Json = Annotated[bool, Parameter(name="--json", negative=())]


def backtest(
    strategy: str = "risk_parity",
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    universe: str | None = None,
    prices: str | None = None,
    benchmark: str | None = None,
    cost_bps: Annotated[float | None, Parameter(validator=Number(gte=0))] = None,
    seed: int | None = None,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    json: Json = False,
) -> int:
    """Simulate a strategy through the years: `riskparity backtest risk_parity --start 2010-01-01`.

    Beside it, on the same dates and costs: the benchmark, equal weight, classical and downside risk parity, and 60/40. Prices are
    the bundled closes (2008 to 2016, without dividends) unless there are Alpaca keys, or a file is named. The report, its
    figures and tables go to output/STRATEGY/backtest/; the same rows are in the warehouse.

    Args:
        strategy: A registered strategy.
        start: First trade at the earliest, as YYYY-MM-DD.
        end: Last session, as YYYY-MM-DD.
        universe: A name in config/universes.toml, or tickers separated by commas.
        prices: bundled, broker, or a Parquet or CSV file of daily bars: symbol, date, close; open, high, low, volume, adj_close.
        benchmark: Ticker to compare with.
        cost_bps: Cost of a trade, basis points of its value.
        seed: Of the confidence intervals.
        overrides: Any other parameter, as key=value. Example: --set lookback=126 --set rules.execution=next_close
        json: Print JSON instead of tables.
    """
    from flows import backtesting  # noqa: PLC0415

    flags: dict[str, object] = {
        "start": start,
        "end": end,
        "universe": universe,
        "prices": prices,
        "benchmark": benchmark,
        "seed": seed,
    }
    flags |= {} if cost_bps is None else {"costs.slippage_bps": cost_bps, "costs.commission_bps": 0}
    given = [f"{key}={value}" for key, value in flags.items() if value is not None]
    return backtesting.backtest(strategy, (*given, *overrides), as_json=json)


def replay(
    strategy: str = "risk_parity",
    *,
    weeks: Annotated[int, Parameter(validator=Number(gte=1))] = 52,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    json: Json = False,
) -> int:
    """Live so many weeks on the loopback exchange, simulate the same weeks, and explain the difference cause by cause.

    The weekly rebalance as it is, on an exchange, an account and a state folder of its own. Five to ten seconds a week on two cores. Exit
    code 1 when at some close targets, or cash that no fill accounts for, differ by more than 1 bp of the capital: all else is prices
    of the hour, costs and rounding, and told line by line.

    Args:
        strategy: A registered strategy.
        weeks: Weeks in a row on the exchange's virtual clock.
        overrides: A parameter of the rebalance, as key=value.
        json: Print JSON instead of a table.
    """
    from flows import replay as replaying  # noqa: PLC0415

    return replaying.replay(strategy, overrides, weeks=weeks, as_json=json)


def check_lookahead(
    strategy: str = "risk_parity",
    *,
    last: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    universe: str | None = None,
    prices: str | None = None,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    json: Json = False,
) -> int:
    """Change everything after each decision of a backtest, and see that none of them moves: exit code 1 when one does.

    After each decision every price crashes, and half of the assets vanish; weights must agree to the last bit. At 52 of the decisions,
    spread evenly, the bars as delivered are cut as well and cleaned anew; the returns up to then must be the same. One thing may differ
    and is counted: what the next close tells of the newest one, such as a bad print, which a live run knows a day later.

    Args:
        strategy: A registered strategy, yours too.
        last: Only so many decisions, the latest.
        universe: As for `riskparity backtest`, like the flags below.
        prices: bundled, broker, or a file.
        overrides: Any other parameter, as key=value.
        json: Print JSON instead of a sentence.
    """
    from flows import look_ahead  # noqa: PLC0415

    flags = {"universe": universe, "prices": prices}
    given = [f"{key}={value}" for key, value in flags.items() if value is not None]
    return look_ahead.check_lookahead(strategy, (*given, *overrides), last=last, as_json=json)
