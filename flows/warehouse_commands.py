"""``riskparity warehouse``: the commands and their help; what they do is imported when they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

_HELP = """
Look after what runs have written: verify it, make it smaller, copy it, bring it back.

Runs and readers go on meanwhile. Nothing that a traded decision rests on is ever removed, unless you say --decisions.
"""
warehouse = App(name="warehouse", help=_HELP)

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]


@warehouse.command
def check(*, json: Json = False) -> int:
    """Verify every checksum and schema; name what is damaged, altered, missing or orphaned. Changes nothing.

    Every finished run has a list of the files it wrote, with checksums (the view `artifacts`); this compares. Runs that died
    are named too, and are no fault. Exits with 4 when something is wrong.

    Args:
        json: Print JSON instead of a table.
    """
    from flows import housekeeping  # noqa: PLC0415

    return housekeeping.check(as_json=json)


@warehouse.command
def compact(*, dry_run: Flag = False, json: Json = False) -> int:
    """Merge the small files of bars into one a year, every version of every bar kept.

    The small files stay for a day, for queries that have them open, and are removed by the next compaction after it. Worth
    doing once a year; other artifacts need none.

    Args:
        dry_run: Only tell.
        json: Print JSON.
    """
    from flows import housekeeping  # noqa: PLC0415

    return housekeeping.compact(dry_run=dry_run, as_json=json)


@warehouse.command
def prune(
    *,
    older_than: Annotated[int, Parameter(validator=Number(gte=7))] = 365,
    decisions: Flag = False,
    dry_run: Flag = False,
    json: Json = False,
) -> int:
    """Remove what need not be kept: inputs of plans and of runs that died before they sent anything, tables of backtests.

    Openings, claims, runs, decisions, weights, orders, fills, positions, performance and bars are kept for ever, and so is
    the fact that a backtest was run. What goes is noted in pruned.jsonl first.

    Args:
        older_than: Days since it was written, by this machine's clock.
        decisions: Remove the inputs of traded decisions too (window_bars, returns): those can then not be derived again.
        dry_run: Only list what would go.
        json: Print JSON.
    """
    from flows import housekeeping  # noqa: PLC0415

    return housekeeping.prune(older_than=older_than, decisions=decisions, dry_run=dry_run, as_json=json)


@warehouse.command
def backup(folder: Path, *, json: Json = False) -> int:
    """Copy the state folder to a new one, consistently, while it is in use.

    The copy is a state folder itself: `RISKPARITY_HOME=FOLDER riskparity warehouse check` verifies it. It holds plan.key, the
    key that signs plans; it holds no broker keys. The loopback exchange's own keys are left out.

    Args:
        folder: A folder that does not exist yet, outside the state folder.
        json: Print JSON.
    """
    from flows import housekeeping  # noqa: PLC0415

    return housekeeping.backup(folder, as_json=json)


@warehouse.command
def restore(folder: Path, *, json: Json = False) -> int:
    """Bring a backup back into an empty state folder, after verifying every file of it.

    Orders that were sent after the backup was made are found at the broker by their ids; what the account holds is always
    read from the broker.

    Args:
        folder: What `riskparity warehouse backup` made.
        json: Print JSON.
    """
    from flows import housekeeping  # noqa: PLC0415

    return housekeeping.restore(folder, as_json=json)
