"""``riskparity runs``: the commands and their help; what they do is imported when they are used."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from schemas.stages import FirstStage

_HELP = """
Runs of the weekly rebalance: which there were, how far each one came, and doing part of one again.

A run that failed is finished with *Retry* in the Prefect UI, or by the same command: what had completed is not done again. To do
something again that had completed, resume: a new attempt begins with the stage you name and takes over what the stages before it
have stored. The earlier run stays as it was, and the view lineage tells what came from where.
"""
runs = App(name="runs", help=_HELP)

Json = Annotated[bool, Parameter(name="--json", negative=())]


@runs.command(name="list")
def list_(
    *,
    strategy: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1))] = 20,
    json: Json = False,
) -> int:
    """List the latest runs, finished or not, the oldest first: how each ended, how far it came, what it took over.

    Args:
        strategy: Only this strategy's.
        limit: At most so many.
        json: Print JSON instead of a table.
    """
    from flows import runs_shown  # noqa: PLC0415

    return runs_shown.listed(strategy, limit, as_json=json)


@runs.command
def show(run: str, *, json: Json = False) -> int:
    """Show a run stage by stage: done, taken over, damaged or not done; its orders; and what can be done next.

    Args:
        run: Its id, as `riskparity runs list` has it: risk_parity-2015-W23-1.
        json: Print JSON instead of tables.
    """
    from flows import runs_shown  # noqa: PLC0415

    return runs_shown.shown(run, as_json=json)


@runs.command
def resume(run: str, *, first: Annotated[FirstStage, Parameter(name="--from")], json: Json = False) -> int:
    """Do a stage of a run of today again, and everything after it: `riskparity runs resume RUN --from "take stock"`.

    With the parameters of that run, as a new attempt at its week; the guard judges anew. What the stages before have stored is
    taken over. Refused with exit code 3 once orders of the run went out: a run that stopped between its orders is finished by
    `riskparity run STRATEGY rebalance`. The report can be written again at any time, for the last finished run.

    Args:
        run: Its id.
        first: What is done again first.
        json: Print JSON instead of tables.
    """
    from flows import actions  # noqa: PLC0415

    return actions.resume(run, first, as_json=json)
