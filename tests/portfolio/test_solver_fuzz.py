"""Ugly instances: the answer is certified, or the error says why not; never a quiet wrong number."""

from __future__ import annotations

import numpy as np
import pytest

from portfolio.constraints import Band, Constraints
from portfolio.solver import minimise_downside_variance

SPOILED = {
    "heavy tails": lambda R, rng: R,
    "rounded": lambda R, rng: np.round(R, 2),
    "copied and suspended": lambda R, rng: np.hstack([R, R[:, :1], 0 * R[:, :1]]),
    "near-copies": lambda R, rng: np.hstack([R, R + 1e-9 * rng.standard_normal(R.shape)]),
    "all sizes": lambda R, rng: R * 10 ** rng.uniform(-4, 3, R.shape[1]),
    "hedged away": lambda R, rng: np.hstack([R, -R]),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_ugly_instances_are_certified(spoiled):
    rng = np.random.default_rng(list(spoiled.encode()))
    for instance in range(50):
        T, N = int(rng.integers(3, 121)), int(rng.integers(1, 31))
        R = SPOILED[spoiled](0.01 * rng.standard_t(3, (T, N)), rng)
        b = 0.0 if rng.random() < 0.7 else 0.01 * rng.standard_normal()
        certificate = minimise_downside_variance(R, tight_constraints(R.shape[1], rng), b).certificate
        assert certificate.relative_gap <= 5e-9, instance
        assert certificate.violation <= 1e-12, instance


def tight_constraints(N, rng):
    """Random ones around random weights: some bounds fixed, bands that overlap, some of them fixed."""
    upper = np.minimum(1, rng.uniform(1, 4) / N * rng.uniform(0.5, 1.5, N))
    lower = np.where(rng.random(N) < 0.2, upper * rng.random(N), 0.0)
    lower = np.where(rng.random(N) < 0.05, upper, lower)
    inside = rng.uniform(lower, upper)
    bands = []
    for number in range(rng.integers(0, 4)):
        members = rng.random(N) < 0.4
        total = inside[members].sum()
        low, high = (total, total) if rng.random() < 0.2 else (0.7 * total, 1.2 * total)
        bands.append(Band(f"group {number}", members, low, high))
    symbols = tuple(f"A{i}" for i in range(N))
    return Constraints(symbols, inside.sum(), lower, upper, tuple(bands))
