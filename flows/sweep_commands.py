"""The command that tries many parameters. Heavy modules are imported where they are used, so that help is quick."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
Positive = Annotated[int | None, Parameter(validator=Number(gte=1))]


def sweep(
    strategy: str = "risk_parity",
    *,
    overrides: Annotated[tuple[str, ...], Parameter(name="--set")] = (),
    leave_one_out: Flag = False,
    subsets: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    subset_size: Positive = None,
    random: Positive = None,
    seed: int = 0,
    start: dt.date | None = None,
    end: dt.date | None = None,
    universe: str | None = None,
    prices: str | None = None,
    runner: str = "in_process",
    workers: Positive = None,
    chunk: Positive = None,
    json: Json = False,
) -> int:
    """Backtest many parameters and universes: `riskparity sweep --set lookback=126,189,252 --set drift_threshold=0,0.02`.

    Several values of a parameter are an axis, and every combination is a point; --random draws some of them. Axes: strategy,
    spike_threshold (outlier rule), lookback, minimum_acceptable_return, max_weight, sleeve_min, sleeve_max, sleeve_max_weight,
    weekday, drift_threshold, cost_bps. One value holds for all points, as in `riskparity backtest`. first:last:step is a range.

    All points trade from the same day on. A point that fails is recorded with its error. A sweep that was killed goes on
    where it stopped when the same command is given again; one that is finished is not computed again. Every point is a row of
    sweep_points, with its weekly returns in sweep_returns and its weights in sweep_weights: see `riskparity sql`.

    Examples: `riskparity sweep --set lookback=63:504:21 --leave-one-out` ·
    `riskparity sweep --set lookback=63:504:21 --set max_weight=0.2:0.5:0.05 --random 200 --seed 1 --runner process_pool` ·
    `riskparity sweep --set strategy=risk_parity,equal_weight --set cost_bps=0,2,5,10 --runner tcp://10.0.0.5:8786`

    Args:
        strategy: A registered strategy.
        overrides: key=value, or key=value,value,... for an axis; may be given again.
        leave_one_out: Also try each universe that lacks one asset.
        subsets: Also try so many random universes.
        subset_size: Assets of a random universe; 8 when left out.
        random: Only so many of all combinations, drawn without repetition.
        seed: Of what is random.
        start: First trade at the earliest, as YYYY-MM-DD.
        end: Last session, as YYYY-MM-DD.
        universe: A name in config/universes.toml, or tickers separated by commas.
        prices: bundled, broker, or a Parquet or CSV file of daily bars.
        runner: in_process, process_pool, dask (a local cluster), or the address of a running Dask scheduler.
        workers: Processes of the pool or the local cluster; one a processor when left out.
        chunk: Points that are evaluated and kept together; 16 when left out.
        json: Print JSON instead of tables.
    """
    from flows import sweeping  # noqa: PLC0415

    flags = {"start": start, "end": end, "universe": universe, "prices": prices}
    given = [f"{key}={value}" for key, value in flags.items() if value is not None]
    sizes = {"subset_size": subset_size, "chunk": chunk, "random": random, "workers": workers}
    design: dict[str, object] = {name: value for name, value in sizes.items() if value is not None}
    design |= {"leave_one_out": leave_one_out, "subsets": subsets, "seed": seed, "runner": runner}
    return sweeping.sweep(strategy, (*given, *overrides), design, as_json=json)
