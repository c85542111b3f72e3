"""Part 5: what the races leave out, the first solve of a new process with and without compiled code at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.races import Effort
from bench.results import Section, Table
from bench.tables import significant

_PROGRAM = """
import json, time
import numpy as np
seconds = [time.process_time()]
from portfolio.constraints import box
from portfolio.risk_budgeting import budget_downside_risk
from portfolio.solver import minimise_downside_variance
seconds.append(time.process_time())
R = np.random.default_rng(1).normal(0.0, 0.01, (252, 20))
constraints = box([str(i) for i in range(20)], upper=0.35)
for solve in minimise_downside_variance, minimise_downside_variance, budget_downside_risk, budget_downside_risk:
    solve(R, constraints)
    seconds.append(time.process_time())
print(json.dumps(np.diff(seconds).tolist()))
"""


def compilation(_effort: Effort) -> Section:
    """Import, first and second solve, in a process without machine code on disk and in one that finds it there."""
    with tempfile.TemporaryDirectory() as cache:
        lines = [
            (name, *(significant(seconds) for seconds in _new_process(cache)))
            for name in ("nothing compiled yet", "machine code on disk")
        ]
    return Section(
        "compile",
        "First solve of a process",
        "CPU seconds, N = 20, T = 252. Machine code is made once on a machine and kept beside the modules; the races above begin "
        "after it is loaded.",
        tables=[
            Table(
                "Start",
                ("new process", "import", "first minimum", "second", "first parity", "second"),
                tuple(lines),
            )
        ],
    )


def _new_process(cache: str) -> list[float]:
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _PROGRAM],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        cwd=Path(__file__).parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds: list[float] = json.loads(ran.stdout)
    return seconds
