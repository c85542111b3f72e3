"""Tax on realised gains, year by year."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portfolio.arrays import BoolArray, FloatArray
from portfolio.trade_record import Realised
from schemas.simulation_parameters import Costs


class Losses(NamedTuple):
    """Carried forward into the next year, USD, never positive."""

    short_term: float = 0.0
    long_term: float = 0.0


def tax_of_year(
    realised: Realised, year: np.datetime64, costs: Costs, carried: Losses
) -> tuple[float, Losses]:
    """Tax on what was realised in a year, USD, and the losses that are carried into the next."""
    of_year = realised.sessions.astype("datetime64[Y]") == year.astype("datetime64[Y]")
    return tax_due(realised.gains[of_year], realised.long_term[of_year], costs, carried)


def tax_due(gains: FloatArray, long_term: BoolArray, costs: Costs, carried: Losses) -> tuple[float, Losses]:
    """Tax on net gains, USD; losses set off gains of their own kind first, then of the other.

    >>> costs = Costs(short_term_tax=0.3, long_term_tax=0.2)
    >>> tax_due(np.array([100.0, -40.0]), np.array([True, False]), costs, Losses())
    (12.0, Losses(short_term=0.0, long_term=0.0))
    """
    short = float(gains[~long_term].sum()) + carried.short_term
    long = float(gains[long_term].sum()) + carried.long_term
    if short * long < 0.0:
        net = short + long
        short, long = (net, 0.0) if short * net > 0.0 else (0.0, net)
    tax = costs.short_term_tax * max(short, 0.0) + costs.long_term_tax * max(long, 0.0)
    return tax, Losses(min(short, 0.0), min(long, 0.0))
