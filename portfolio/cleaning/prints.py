"""Bad prints: a close nobody could trade at, gone the next day; and the newest close, not yet judged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portfolio.cleaning.motion import ALONE, Motion, beyond_markets, crowd_share, motion
from portfolio.cleaning.panel import PRICES, Edit, Floats, Panel, alter
from schemas.parameters import CleaningParameters


def bad_prints(panel: Panel, params: CleaningParameters) -> list[Edit]:
    """Remove bars whose close leaps out of calm, alone among the assets, and is taken back at once.

    A real crash fails at least one of these: it moves others too, it does not come back, it is heralded
    by other large moves, the next open still believes it, or others traded beyond it on the same day.
    Without opens the evidence is thinner and nearly all of the move must come back. On the newest session
    a close beyond what markets do, which its own open does not share, goes at once.
    """
    moves = motion(panel)
    size = np.abs(moves.log_return)
    back = -np.sign(moves.log_return) * np.log(moves.following / panel.close)
    at_open = -np.sign(moves.log_return) * np.log(moves.following_open / panel.close)
    needed = np.where(np.isnan(at_open), (1 + params.reversal) / 2, params.reversal)
    leaps = size >= np.maximum(
        params.spike_threshold * moves.sigma, ALONE * np.nan_to_num(moves.recent, nan=np.inf)
    )
    taken_back = _undoes(back, size, needed) & (np.isnan(at_open) | _undoes(at_open, size, needed))
    opened_off = np.sign(moves.log_return) * np.log(panel.open / moves.previous) >= params.reversal * size
    cells = leaps & taken_back & (opened_off | _outermost(panel, moves, params))
    for t, i in np.argwhere(cells):
        cells[t, i] = crowd_share(moves, t, i) < params.crowd
    cells |= beyond_markets(moves.log_return) & np.isnan(moves.following) & ~opened_off
    edits = []
    for name in PRICES:
        edits += alter(
            panel, name, cells, np.nan, rule="bad_print", detail=lambda t, i: _evidence(moves, back, t, i)
        )
    return edits


def unconfirmed_moves(panel: Panel, params: CleaningParameters) -> list[Edit]:
    """Flag, and keep, an extreme move of one asset alone on its newest session: tomorrow will judge it."""
    moves = motion(panel)
    newest = ~np.isnan(panel.close) & np.isnan(moves.following)
    edits = []
    for t, i in np.argwhere(newest & (np.abs(moves.z) >= params.spike_threshold)):
        if crowd_share(moves, t, i) < params.crowd:
            close = float(panel.close[t, i])
            detail = f"{_move(moves, t, i)}; the newest close, which no later one confirms or takes back yet"
            day = panel.sessions[t].item()
            edits.append(
                Edit(panel.symbols[i], day, "unconfirmed_move", "flagged", "close", close, close, detail)
            )
    return edits


def _outermost(panel: Panel, moves: Motion, params: CleaningParameters) -> NDArray[np.bool_]:
    """Nobody traded far beyond the close that day; true where the range is not known."""
    up = moves.log_return > 0
    beyond = np.where(up, np.log(panel.high / panel.close), np.log(panel.close / panel.low))
    return ~(beyond > (1 - params.reversal) * params.spike_threshold * moves.sigma)


def _undoes(back: Floats, size: Floats, least: Floats) -> NDArray[np.bool_]:
    return (back >= least * size) & (back <= size / least)


def _evidence(moves: Motion, back: Floats, t: int, i: int) -> str:
    undone, crowd = back[t, i] / abs(moves.log_return[t, i]), crowd_share(moves, t, i)
    if np.isnan(undone):
        return f"{_move(moves, t, i)}: no fund does that"
    return f"{_move(moves, t, i)}, {undone:.0%} of it taken back at once; {crowd:.0%} of the others moved"


def _move(moves: Motion, t: int, i: int) -> str:
    return (
        f"moved {np.expm1(moves.log_return[t, i]):+.1%}, {abs(moves.z[t, i]):.0f} robust standard deviations"
    )
