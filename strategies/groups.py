"""Asset classes as bands on the assets of a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from portfolio.constraints import Band
from schemas.errors import InfeasibleError
from schemas.risk_parity_parameters import Group


def group_bands(groups: Sequence[Group], symbols: Sequence[str]) -> tuple[Band, ...]:
    """A band for each group that has members among the symbols.

    Raises:
        InfeasibleError: A group without members must hold something.
    """
    bands = []
    for group in groups:
        members = np.isin(symbols, group.symbols)
        if members.any():
            bands.append(Band(group.name, members, group.min, group.max))
        elif group.min > 0:
            raise InfeasibleError(
                f"Group '{group.name}' must hold at least {group.min:.4g}, but none of its symbols is among the assets",
                figures={"its symbols": ", ".join(group.symbols), "assets": ", ".join(symbols)},
                remedy="Add one of its symbols to the universe, or lower the group's min to 0. An asset may also be "
                "missing because cleaning left it out: `riskparity sql \"from cleaning_log where action = 'excluded'\"`.",
            )
    return tuple(bands)


def group_notes(groups: Sequence[Group], symbols: Sequence[str]) -> tuple[str, ...]:
    """A note for each group of which symbols are missing among the assets."""
    notes = []
    for group in groups:
        missing = [symbol for symbol in group.symbols if symbol not in symbols]
        if len(missing) == len(group.symbols):
            notes.append(f"group {group.name} has no member among the assets: its band does not apply")
        elif missing:
            notes.append(f"group {group.name} goes without {', '.join(missing)}: not among the assets")
    return tuple(notes)
