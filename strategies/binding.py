"""What stopped each weight, and what could not be invested, in the words of an allocation."""

from __future__ import annotations

import numpy as np

from portfolio.certificate import Certificate
from portfolio.constraints import Constraints


def binding_rows(constraints: Constraints, certificate: Certificate) -> tuple[tuple[str, ...], ...]:
    """Active rows by asset, in the order of the symbols; a band's row stands with each of its members."""
    N, active = len(constraints.symbols), set(certificate.active)
    rows = np.vstack([np.eye(N), constraints.membership]).astype(bool)
    return tuple(
        tuple(
            names[row]
            for names in (constraints.low_names, constraints.high_names)
            for row in np.flatnonzero(rows[:, asset])
            if names[row] in active
        )
        for asset in range(N)
    )


def cash_notes(to_cash: float) -> tuple[str, ...]:
    """A note about budget that the upper bounds cannot absorb, fraction of equity; none when they can."""
    if to_cash == 0.0:
        return ()
    return (f"{to_cash:.2%} of equity stays in cash beyond the buffer: the upper bounds cannot take more",)
