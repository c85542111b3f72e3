"""Benchmarks against the solvers that a user would pick instead: ``python -m bench --help``.

Not packaged, and no other room knows of it. One thread each is the rule of the comparison, and numerical
libraries read it when they are first imported; so it is set here, before anything else of this package runs.
"""

from __future__ import annotations

import os

for _threads in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",  # Clarabel's
    "NUMBA_NUM_THREADS",
):
    os.environ[_threads] = "1"
