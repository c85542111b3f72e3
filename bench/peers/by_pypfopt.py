"""PyPortfolioOpt's EfficientSemivariance with benchmark zero and its default solver."""

from __future__ import annotations

import numpy as np
from pypfopt import EfficientSemivariance

from bench.timing import Answer, Solve
from bench.windows import Shape, Window


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance; the object can be used once, so each window makes its own."""

    def solve(window: Window) -> Answer:
        model = EfficientSemivariance(None, window.frame, benchmark=0.0, weight_bounds=(0.0, shape.cap))
        weights = model.min_semivariance()
        status = model._opt.status  # noqa: SLF001 - what it said is nowhere else
        return Answer(np.array(list(weights.values())), status)

    return solve
