"""Which assets have been falling, without flickering around zero."""

from __future__ import annotations

import numpy as np

from portfolio.arrays import BoolArray
from schemas.risk_parity_parameters import SLEEVE
from strategies.window import Window


def falling_assets(window: Window, hysteresis: float) -> BoolArray:
    """Members (N,) of the sleeve by the sign of the mean return, with a dead zone.

    An asset enters when its mean lies more than ``hysteresis`` standard errors below zero and leaves when it
    lies more than that above; in between it stays where it was. A mean hovering around zero would otherwise
    change membership, and with it the caps, week after week.
    """
    mean = window.returns.mean(axis=0)
    deviation = window.returns.std(axis=0, ddof=1) if len(window.returns) > 1 else np.zeros_like(mean)
    margin = hysteresis * deviation / np.sqrt(len(window.returns))
    was_member = np.isin(window.symbols, list(window.previous_sleeve))
    return np.asarray(np.where(was_member, mean <= margin, mean < -margin))


def sleeve_notes(window: Window, members: BoolArray) -> tuple[str, ...]:
    """Who entered and who left the sleeve since the last decision, and whether anyone is in it."""
    now = {s for s, member in zip(window.symbols, members, strict=True) if member}
    notes = []
    if not now:
        notes.append(f"{SLEEVE} is empty: its band does not apply")
    if entered := sorted(now - window.previous_sleeve):
        notes.append(f"entered the {SLEEVE}: {', '.join(entered)}")
    if left := sorted(window.previous_sleeve - now):
        notes.append(f"left the {SLEEVE}: {', '.join(left)}")
    return tuple(notes)
