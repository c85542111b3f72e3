"""All decisions of the risk parity strategy in one compiled pass, where they do not depend on what is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.constraints import Constraints
from portfolio.feasibility import absorb
from portfolio.history import minimise_over_history
from schemas.errors import DataError
from schemas.risk_parity_parameters import RiskParityParameters
from strategies.history import DecisionWindows, TargetHistory

Rules = Callable[[tuple[str, ...], BoolArray, FloatArray], Constraints]
"""Constraints from the symbols of a window, the members of the sleeve among them, and what is held."""


def minimised_history(windows: DecisionWindows, p: RiskParityParameters, rules: Rules) -> TargetHistory:
    """Certified weights of every decision.

    Raises:
        DataError: A window has no assets, or one that does not move.
        InfeasibleError: The constraints of a decision contradict each other.
        SolverError: Weights could not be certified.
    """
    usable = windows.usable
    if not (usable.any(axis=1).all() and (windows.moments.moves | ~usable).all()):
        raise DataError("A window has no assets, or one that stands still", remedy="Decide one by one.")
    members = sleeve_history(windows, p)
    weights = np.zeros(usable.shape)
    known: dict[bytes, Constraints] = {}
    alike: dict[tuple[bytes, int], list[tuple[int, Constraints]]] = defaultdict(list)
    bound = members if _sleeve_matters(p) else np.zeros_like(members)
    for k, (columns, counted) in enumerate(zip(usable, bound, strict=True)):
        assets = columns.tobytes()
        key = assets + counted.tobytes()
        if key not in known:
            symbols = tuple(np.array(windows.history.symbols)[columns].tolist())
            known[key] = absorb(rules(symbols, counted[columns], np.zeros(len(symbols)))).constraints
        alike[assets, len(known[key].bands)].append((k, known[key]))
    for decisions in alike.values():
        rows, constraints = map(list, zip(*decisions, strict=True))
        columns = usable[rows[0]]
        one = len(set(map(id, constraints))) == 1
        weights[np.ix_(rows, columns)] = minimise_over_history(
            windows.returns[:, columns],
            windows.decided[rows] + 1,
            windows.lookback,
            constraints[0] if one else constraints,
            p.minimum_acceptable_return,
        ).weights
    return TargetHistory(np.clip(weights, 0.0, 1.0), members, ("",) * len(weights))


def sleeve_history(windows: DecisionWindows, p: RiskParityParameters) -> BoolArray:
    """(W, N) members of the negative-return sleeve at each decision; see ``falling_assets``.

    A member stays until it leaves, so what counts is which of the two happened last.
    """
    if p.negative_sleeve is not None:
        return windows.usable & np.isin(windows.history.symbols, p.negative_sleeve)
    mean, deviation, _ = windows.moments
    margin = p.sleeve_hysteresis * deviation / np.sqrt(windows.lookback)
    enters = windows.usable & (mean < -margin)
    leaves = ~windows.usable | (mean > margin)
    order = np.arange(1, len(mean) + 1)[:, None]
    entered, left = (np.maximum.accumulate(np.where(event, order, 0), axis=0) for event in (enters, leaves))
    return np.asarray(entered > left)


def _sleeve_matters(p: RiskParityParameters) -> bool:
    return p.sleeve_min > 0.0 or p.sleeve_max < 1.0 - p.cash_buffer or p.sleeve_max_weight < p.max_weight
