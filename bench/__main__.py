"""``make bench``, or ``python -m bench --help``."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from bench.backtest import backtests
from bench.compilation import compilation
from bench.document import conditions, write_document, write_json
from bench.growth import growth
from bench.races import Effort, downside_risk_parity, minimum_downside_variance
from bench.results import Section
from bench.scaling import scaling
from bench.sweep import sweep
from bench.tables import section_text
from bench.weekly import weekly_history

Part = Literal["minimum", "parity", "weekly", "growth", "compile", "backtest", "sweep", "scaling"]
PARTS: dict[Part, Callable[[Effort], Section]] = {
    "minimum": minimum_downside_variance,
    "parity": downside_risk_parity,
    "weekly": weekly_history,
    "growth": growth,
    "compile": compilation,
    "backtest": backtests,
    "sweep": sweep,
    "scaling": scaling,
}
app = App(name="python -m bench", version_flags=[], result_action="return_value")
Switch = Annotated[bool, Parameter(negative=())]


@app.default
def bench(
    *parts: Part,
    rounds: Annotated[int, Parameter(validator=Number(gte=1))] = Effort.rounds,
    allowance: float = Effort.allowance,
    patience: float = Effort.patience,
    full: Switch = False,
    json: Path | None = None,
    write_docs: Switch = False,
) -> int:
    """Time this project's optimiser beside its peers, on the same windows by turns, in one process with one thread.

    Times are medians of CPU time. Each solver is warmed up before: imports, compilation and the building of a model
    that is used again are not counted. Weights of all solvers are judged alike, by the certificate of this
    project. What was left out is said with the reason.

    Examples: `python -m bench` (everything) · `python -m bench minimum --rounds 15` · `python -m bench weekly --full` ·
    `python -m bench --write-docs --json bench.json`

    Args:
        parts: minimum, parity, weekly, growth, compile, backtest, sweep, scaling; all when left out.
        rounds: Turns of every solver on each problem.
        allowance: CPU seconds on one problem after which a solver sits out further rounds.
        patience: CPU seconds that one solve may be expected to take; solvers beyond it are left out, with the reason.
        full: Time skfolio on every week of the history, not on every 40th.
        json: Write the raw figures to this file.
        write_docs: Put the tables and the picture into docs/benchmarks.md; not with parts.
    """
    if write_docs and parts:
        print("--write-docs replaces all tables of the document: leave the parts out.", file=sys.stderr)
        return 2
    effort = Effort(rounds, allowance, patience, full)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("bench").setLevel(logging.INFO)
    header = conditions(effort)
    print(header, flush=True)
    sections = [_measured(PARTS[part], effort) for part in parts or PARTS]
    if json is not None:
        write_json(json, header, sections)
    if write_docs:
        write_document(header, sections)
    return 0


def _measured(part: Callable[[Effort], Section], effort: Effort) -> Section:
    begun = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        section = part(effort)
    section.cost = time.monotonic() - begun
    print(f"\n{section_text(section)}\n\n({section.cost:.0f} s)", flush=True)
    return section


if __name__ == "__main__":
    sys.exit(app())
