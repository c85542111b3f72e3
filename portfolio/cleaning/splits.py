"""Splits, consolidations and spin-offs that the vendor has not taken out of the earlier prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portfolio.cleaning.motion import ALONE, Motion, beyond_markets, crowd_share, motion
from portfolio.cleaning.panel import FIELDS, Edit, Panel, alter
from schemas.parameters import CleaningParameters

LEAST_JUMP = np.log(1.15)
"""Smaller ratios cannot be told from news by prices alone."""
USUAL_RATIOS = np.outer(10.0 ** np.arange(5), [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 7.5, 8]).ravel()[1:]
"""Ratios companies and funds choose: 3:2, 2:1 ... 8:1, and these times powers of ten."""

ORDINARY = 3.0
"""Robust standard deviations that an overnight move on the day of a split may have."""


@dataclass(frozen=True)
class _Jump:
    """A candidate: asset i opens session t at exp(size) times the previous close."""

    t: int
    i: int
    size: float
    sigma: float
    """Robust standard deviation of the move since that close."""
    span: int
    """Sessions since then; 1 is overnight."""


def unadjusted_splits(panel: Panel, params: CleaningParameters) -> list[Edit]:
    """Put prices before a split on the basis after it (volume inversely).

    A split is a jump between a close and the next open after which the price stays, on a day that is
    ordinary in everything else: range, money traded and the days around it. A real collapse overnight
    (a short-volatility fund in February 2018) has none of that calm. A usual ratio is believed on that
    evidence even when other assets jump with it: funds of one family split on the same day. Any other
    ratio (a spin-off or a special dividend, so downwards only) needs more calm and an unmoved crowd, and
    is taken from the open, as if nothing else had happened overnight.

    After missing sessions a price may have moved for days: only a usual ratio is believed then, and as near to it as
    overnight, although days may lie between; a real fall must not be taken for a split because nobody saw it happen.
    """
    moves = motion(panel)
    factor = np.ones_like(panel.close)
    found: dict[int, list[str]] = {}
    for jump in _jumps(panel, moves, params):
        ratio = _ratio(panel, moves, jump, params)
        if ratio:
            factor[: jump.t, jump.i] *= ratio
            found[jump.i] = [*found.get(jump.i, []), f"x {ratio:.6g} at {panel.sessions[jump.t]}"]
    edits = []
    for name in FIELDS:
        scaled = panel.field(name) / factor if name == "volume" else panel.field(name) * factor
        edits += alter(
            panel,
            name,
            factor != 1,
            scaled,
            rule="unadjusted_split",
            detail=lambda _t, i: ", ".join(found[i]),
        )
    return edits


def _jumps(panel: Panel, moves: Motion, params: CleaningParameters) -> list[_Jump]:
    """Large moves that the day's close confirms and the next close does not take back."""
    overnight = np.log(panel.open / moves.previous)
    size = np.where(np.isnan(overnight), moves.log_return, overnight)
    least = np.fmax(np.maximum(LEAST_JUMP, params.spike_threshold * moves.sigma), ALONE * moves.recent)
    large = (np.abs(size) > least) & (moves.log_return * np.sign(size) > params.reversal * np.abs(size))
    taken_back = np.abs(np.log(moves.following / panel.close)) > (1 - params.reversal) * np.abs(size)
    return [
        _Jump(t, i, size[t, i], moves.sigma[t, i], int(moves.span[t, i]))
        for t, i in np.argwhere(large & ~taken_back)
    ]


def _ratio(panel: Panel, moves: Motion, jump: _Jump, params: CleaningParameters) -> float | None:
    """The factor for earlier prices; None when the jump may be a real one."""
    t, i = jump.t, jump.i
    no_market_move = bool(beyond_markets(np.array(jump.size)))
    opened = not np.isnan(panel.open[t, i])
    newest = np.isnan(moves.following[t, i])
    usual = _usual_ratio(jump)
    if usual and (opened or not newest) and (no_market_move or _calm(panel, moves, jump, params, times=4)):
        return usual
    if newest or not opened or jump.span > 1 or crowd_share(moves, t, i) >= params.crowd:
        return None
    if no_market_move or (jump.size < 0 and _calm(panel, moves, jump, params, times=2.5)):
        return float(np.exp(jump.size))
    return None


def _usual_ratio(jump: _Jump) -> float | None:
    """The usual ratio next to the jump, if the rest is no more than an ordinary overnight move."""
    signed = np.concatenate([USUAL_RATIOS, 1 / USUAL_RATIOS])
    away = np.abs(np.log(signed) - jump.size)
    nearest = int(np.argmin(away))
    overnight = jump.sigma / np.sqrt(jump.span)
    return float(signed[nearest]) if away[nearest] <= ORDINARY * overnight else None


def _calm(panel: Panel, moves: Motion, jump: _Jump, params: CleaningParameters, times: float) -> bool:
    """Nothing but the level changed: range, money traded and the moves before and after are ordinary."""
    t, i = jump.t, jump.i
    limit = params.spike_threshold * jump.sigma
    around: NDArray[np.float64] = np.abs(
        [
            moves.recent[t, i],
            np.log(moves.following[t, i] / panel.close[t, i]),
            np.log(panel.close[t, i] / panel.open[t, i]),
        ]
    )
    activity = np.array([moves.bar_range[t, i], moves.turnover[t, i]])
    return not (np.any(around > limit) or np.any(activity > times))
