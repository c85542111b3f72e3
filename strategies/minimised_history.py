"""All decisions of the risk parity strategy in one compiled pass, where they do not depend on what is held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from portfolio.arrays import BoolArray, FloatArray, IntArray
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
    bound = members if _sleeve_matters(p) else np.zeros_like(members)
    for rows, constraints in _alike(windows, bound, rules):
        columns = usable[rows[0]]
        weights[np.ix_(rows, columns)] = minimise_over_history(
            windows.returns[:, columns],
            windows.decided[rows] + 1,
            windows.lookback,
            constraints,
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


def _alike(
    windows: DecisionWindows, bound: BoolArray, rules: Rules
) -> Iterator[tuple[IntArray, Constraints | list[Constraints]]]:
    """Decisions on the same assets under as many bands, with their constraints: each kind of them is made once."""
    usable, symbols = windows.usable, np.array(windows.history.symbols)
    both = np.packbits(np.hstack([usable, bound]), axis=1)
    _, first, kind = np.unique(both, axis=0, return_index=True, return_inverse=True)
    known, groups = [], defaultdict(list)
    for number, k in enumerate(first.tolist()):
        columns = usable[k]
        names = tuple(symbols[columns].tolist())
        known.append(absorb(rules(names, bound[k, columns], np.zeros(len(names)))).constraints)
        groups[columns.tobytes(), len(known[-1].bands)].append(number)
    for numbers in groups.values():
        rows = np.flatnonzero(np.isin(kind, numbers))
        one = len(numbers) == 1
        yield rows, known[numbers[0]] if one else [known[number] for number in kind[rows].tolist()]
