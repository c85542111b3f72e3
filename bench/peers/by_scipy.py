"""SciPy's SLSQP as one would use it after reading its source: exact gradient, unit scale, tight tolerance.

With the returns as they are, f is about 1e-5 and SLSQP returns its start as a success after one iteration.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from bench.timing import Answer, Solve
from bench.windows import Shape, Window
from portfolio.arrays import FloatArray


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance from equal weights."""
    ones, start = np.ones(shape.N), np.full(shape.N, 1.0 / shape.N)
    budget = {"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": lambda _: ones}
    bounds = [(0.0, shape.cap)] * shape.N

    def solve(window: Window) -> Answer:
        R = window.returns / window.returns.std()

        def value_and_gradient(w: FloatArray) -> tuple[float, FloatArray]:
            d = np.minimum(R @ w, 0.0)
            return float(d @ d) / shape.T, (2.0 / shape.T) * (d @ R)

        found = minimize(
            value_and_gradient,
            start,
            jac=True,
            method="SLSQP",
            bounds=bounds,
            constraints=budget,
            options={"ftol": 1e-12, "maxiter": 1000},
        )
        return Answer(found.x, "success" if found.success else found.message)

    return solve
