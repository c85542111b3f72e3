"""skfolio's estimators with the minimum acceptable return zero.

Its semi-variance divides by T - 1; with minimum risk as the only aim that moves no weight.
"""

from __future__ import annotations

from skfolio import RiskMeasure
from skfolio.optimization import MeanRisk, RiskBudgeting

from bench.timing import Answer, Solve
from bench.windows import Shape, Window


def minimum(shape: Shape) -> Solve:
    """Minimum downside variance."""
    model = MeanRisk(risk_measure=RiskMeasure.SEMI_VARIANCE, min_acceptable_return=0.0, max_weights=shape.cap)
    return lambda window: _fitted(model, window)


def parity(_shape: Shape) -> Solve:
    """Downside risk parity."""
    model = RiskBudgeting(risk_measure=RiskMeasure.SEMI_VARIANCE, min_acceptable_return=0.0)
    return lambda window: _fitted(model, window)


def _fitted(model: MeanRisk | RiskBudgeting, window: Window) -> Answer:
    return Answer(model.fit(window.returns).weights_, "no error")
